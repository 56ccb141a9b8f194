"""manageTF on a run whose tasks are chunks, as its note or the file beside the work says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_cli.common import run_files
from taskfarm_sdk import Run, _run_notes
from taskfarm_sdk._run_notes import RunNote
from tests.support.constants import command_with
from tests.support.manage_tf import Manage
from tests.support.pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.live
Describe = Callable[[Run], None]
QUICK_WATCH = command_with(
    "taskfarm_cli.manage.main",
    {"taskfarm_cli.manage.watch.POLL_S": 0.1, "taskfarm_cli.common.forecast.LEAST_S": 0.1},
)


def note_of(run: Run, items: int = 4321) -> RunNote:
    """Return the note of a run of 5 tasks, made for a command."""
    return RunNote(
        run=run.uuid,
        url="http://farm.invalid/api/",
        num_tasks=5,
        items=items,
        chunk=-(-items // 5),
        command=("true",),
        results="/data/out",
    )


def noted(run: Run) -> None:
    _run_notes.write(note_of(run))


def described_beside(run: Run) -> None:
    run_files.beside(run.uuid).write_text(note_of(run).to_json())


def complete(run: Run, count: int) -> None:
    """Complete so many tasks."""
    with run.worker() as worker:
        for _ in range(count):
            task = worker.claim()
            assert task is not None
            task.complete()


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("describe", [noted, described_beside])
def test_json_counts_the_items_of_a_run(
    live_manage: Manage, live_run: Run, describe: Describe
) -> None:
    describe(live_run)
    complete(live_run, 2)
    done = live_manage("--json", "-i", live_run.uuid)
    items = json.loads(done.out)["items"]
    assert items == {"total": 4321, "chunk": 865, "done": 1730, "exact": False}
    complete(live_run, 3)
    for mode in ("-i", "--wait", "--watch"):
        done = live_manage("--json", mode, live_run.uuid)
        items = json.loads(done.out.splitlines()[-1])["items"]
        assert items == {"total": 4321, "chunk": 865, "done": 4321, "exact": True}


@pytest.mark.parametrize("words", [["--reset-all"], ["--reset-task", "0-4"]])
def test_who_resets_completed_tasks_is_told_that_the_folder_decides(
    live_manage: Manage, live_run: Run, words: list[str]
) -> None:
    unknown = live_manage(*words, live_run.uuid)
    noted(live_run)
    done = live_manage(*words, live_run.uuid)
    assert (unknown.status, unknown.err) == (0, "")
    assert (done.status, done.out) == (0, unknown.out)
    assert done.err.startswith("manageTF: the items of this run that are in /data/out are not ")


def test_a_run_of_tasks_without_items_is_reset_without_a_word(
    live_manage: Manage, live_run: Run
) -> None:
    _run_notes.write(note_of(live_run, items=5))
    assert live_manage("--reset-all", live_run.uuid).err == ""


@pytest.mark.parametrize("words", [["-i"], ["--wait"], ["--watch"]])
def test_the_lines_for_pipes_stay_as_they_are(
    live_manage: Manage, live_run: Run, words: list[str]
) -> None:
    noted(live_run)
    complete(live_run, 5)
    done = live_manage(*words, live_run.uuid)
    assert done.out == f"{live_run.id} {live_run.uuid} 5 (0,0,5) 100.0\n"


@pytest.mark.parametrize("items", [5, 6])
def test_a_note_of_another_number_of_tasks_and_one_of_single_items_count_nothing(
    live_manage: Manage, live_run: Run, items: int
) -> None:
    _run_notes.write(note_of(live_run, items))
    done = live_manage("--json", "-i", live_run.uuid)
    assert "items" not in json.loads(done.out)


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are Unix's")
def test_a_terminal_shows_items(live_login: dict[str, str], live_run: Run) -> None:
    noted(live_run)
    words = ["-w", live_run.uuid]
    with PseudoTerminal(words, live_login, program=QUICK_WATCH) as terminal:
        terminal.expect("0 of 5 tasks done\\s+0 of 4,321 items done")
        complete(live_run, 3)
        terminal.expect("3 of 5 tasks done\\s+about 2,595 of 4,321 items done")
        complete(live_run, 2)
        terminal.expect("5 of 5 tasks done   finished\\s+4,321 of 4,321 items done")
        assert terminal.end() == 0


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are Unix's")
def test_a_terminal_says_what_failed_in_tasks_and_how_to_see_the_items(
    live_login: dict[str, str], live_run: Run
) -> None:
    noted(live_run)
    with live_run.worker(max_attempts=1) as worker:
        for task in worker:
            if task.number == 3:
                task.fail("no luck")
            else:
                task.complete()
    with PseudoTerminal(["-i", live_run.uuid], live_login, columns=120) as terminal:
        assert terminal.end() == 0
        assert "5 of 5 tasks done   1 task failed\nat least 3,456 of 4,321" in terminal.text
        assert "`workTF --show /data/out --failed` lists the items" in terminal.text
