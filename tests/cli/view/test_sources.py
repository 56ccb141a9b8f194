"""The pictures of a run from its journal: whether the server says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.view import sources as module
from taskfarm_cli.view.journals import Journals
from taskfarm_cli.view.records import RunRecord
from taskfarm_cli.view.sources import Sources
from tests.support import journals
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
