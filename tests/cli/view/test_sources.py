"""The pictures of a run from its journal: whether the server says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.common.run_files import RunNote
from taskfarm_cli.view import journals as journals_module
from taskfarm_cli.view import sources as module
from taskfarm_cli.view.journals import Journals
from taskfarm_cli.view.records import RunRecord
from taskfarm_cli.view.results import ResultsFolder
from taskfarm_cli.view.sources import Sources
from taskfarm_sdk._items.chunks import Chunks
from tests.support import journals
from tests.support.command_folders import RUN, new_folder
from tests.support.scripted_farm import status

UUID = "a" * 32
SAYS = "By the journal 5 tasks are done or failed, and by the server 0: "


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """Those of a run of which five tasks were completed, by the journal."""
    monkeypatch.setattr(module, "_LEAST_REST_S", 0.0)
    monkeypatch.setattr(module, "_REST_PER_LOOK", 0)
    lines = [journals.facts(task, run=UUID, outcome="completed") for task in range(5)]
    return Sources(Journals(journals.write(tmp_path / "journal", *lines)), None)


def remark(sources: Sources, record: RunRecord) -> str:
    sources.look(record)
    (picture,) = record.pictures
    return picture.remark


def test_the_remark_says_where_the_server_disagrees(sources: Sources) -> None:
    record = RunRecord(UUID)
    record.add(status(10, done=5), 0.0, turn_s=2.0)
    assert "by the server" not in remark(sources, record)
    record.add(status(10, done=0), 2.0, turn_s=2.0)
    assert remark(sources, record).startswith(SAYS)
    record.add(status(10, done=6), 4.0, turn_s=2.0)
    assert "5 tasks are done or failed, and by the server 6" in remark(sources, record)


def test_what_was_completed_since_the_server_was_asked_is_no_difference(sources: Sources) -> None:
    record = RunRecord(UUID)
    record.add(status(10, done=3), 0.0, turn_s=2.0)
    assert "by the server" not in remark(sources, record)
    assert "by the server" not in remark(sources, record)


def note(run: str, *, items: int, tasks: int) -> None:
    chunk = -(-items // tasks)
    run_files.write_note(
        RunNote(run=run, url="http://x/", num_tasks=tasks, items=items, chunk=chunk)
    )


def test_the_note_of_a_run_tells_its_items(sources: Sources) -> None:
    assert sources.chunks(UUID, 10) is None
    note(UUID, items=95, tasks=10)
    assert sources.chunks(UUID, 10) == Chunks(95, 10)
    # Of another number of tasks it is another run's.
    assert sources.chunks(UUID, 11) is None
    note("b" * 32, items=10, tasks=10)
    assert sources.chunks("b" * 32, 10) is None


def test_a_results_folder_tells_the_items_of_its_run(tmp_path: Path) -> None:
    folder = ResultsFolder(new_folder(tmp_path / "kept", 95))
    sources = Sources(None, folder)
    # The note of `manageTF --create` knows no inputs.
    note(RUN, items=10, tasks=10)
    assert sources.chunks(RUN, 10) == Chunks(95, 10)
    assert sources.chunks(RUN, 96) is None
    assert sources.chunks(UUID, 10) is None
    note(UUID, items=40, tasks=10)
    assert sources.chunks(UUID, 10) == Chunks(40, 10)


def test_a_journal_that_cannot_be_read_is_not_taken_for_a_short_one(
    sources: Sources, tmp_path: Path
) -> None:
    record = RunRecord(UUID)
    record.add(status(10, done=5), 0.0, turn_s=2.0)
    assert remark(sources, record).startswith("The journal has outcomes of 5 of 10 tasks")
    (tmp_path / "journal" / "other-1.jsonl").symlink_to(tmp_path / "gone")
    assert remark(sources, record).startswith("1 file of the journal cannot be read. The journal")
    (tmp_path / "journal").rename(tmp_path / "away")
    assert remark(sources, record).startswith("The folder of the journal cannot be read at present")
    assert not record.pictures[0].is_whole
    (tmp_path / "away" / "other-1.jsonl").unlink()
    (tmp_path / "away").rename(tmp_path / "journal")
    assert remark(sources, record).startswith("The journal has outcomes of 5 of 10 tasks")


def test_a_run_that_the_journal_has_no_room_for_is_said_to_be_left_out(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals_module, "MOST_RUNS", 1)
    other = "b" * 32
    journals.write(tmp_path / "journal", journals.facts(0, run=other), name="z-1.jsonl")
    record = RunRecord(other)
    record.add(status(10, done=5), 0.0, turn_s=2.0)
    assert remark(sources, record).startswith("The journal has more runs or tasks than viewTF")
    assert not record.pictures[0].is_whole
