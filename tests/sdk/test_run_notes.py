"""Notes about runs: what a file holds, who may read it, and which are removed."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import attrs
import pytest

from taskfarm_sdk import _run_notes
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._run_notes import RunNote

UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"


def note(run: str = UUID, *, finished: bool = False) -> RunNote:
    """Return a note about a run of 10 items in chunks of 4."""
    return RunNote(
        run=run,
        url="http://farm.invalid/api/",
        num_tasks=3,
        items=10,
        chunk=4,
        command=("echo", "{input}"),
        time="2026-01-31T12:00:00+00:00",
        finished=finished,
    )


def note_at(run: str, seconds: float, *, finished: bool = False) -> None:
    _run_notes.write(note(run, finished=finished))
    os.utime(_run_notes.note_path(run), (seconds, seconds))


def test_a_note_is_found_as_it_was_written() -> None:
    _run_notes.write(note())
    assert _run_notes.find(UUID) == note()
    assert note().chunks == Chunks(10, 3)
    assert _run_notes.find("0" * 32) is None


def test_a_note_is_for_its_owner_alone() -> None:
    umask = os.umask(0)
    try:
        _run_notes.write(note())
    finally:
        os.umask(umask)
    path = _run_notes.note_path(UUID)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o600, 0o700]


@pytest.mark.parametrize("url", ["https://me:secret@farm.invalid/api/", "https://me@farm.invalid/"])
def test_a_note_holds_no_user_and_no_password_of_a_url(url: str) -> None:
    _run_notes.write(attrs.evolve(note(), url=url))
    assert "@" not in _run_notes.note_path(UUID).read_text()
    assert "secret" not in _run_notes.note_path(UUID).read_text()


def test_in_a_note_of_an_earlier_version_each_task_is_an_item() -> None:
    facts = {"run": UUID, "url": "u", "command": ["a", "b"], "shell": True, "num_tasks": 3}
    facts |= {"inputs_sha256": None, "folder": "f", "time": "t"}
    found = RunNote.from_json(json.dumps(facts))
    assert found is not None
    assert (found.items, found.chunk, found.command, found.shell) == (3, 1, ("a", "b"), True)


@pytest.mark.parametrize(
    "change",
    [
        {"items": "10"},
        {"items": 0},
        {"items": True},
        {"num_tasks": None},
        {"chunk": -1},
        {"command": "echo"},
        {"folder": 3},
        {"run": None},
        {"shell": "yes"},
        {"url": "http://["},
    ],
)
def test_a_note_with_an_odd_value_is_none(change: dict[str, object]) -> None:
    assert RunNote.from_json(json.dumps({**attrs.asdict(note()), **change})) is None


@pytest.mark.parametrize("text", [b"", b"[]", b"3", b"{}", b"\xff", b"[" * 100_000, b'{"run": 1}'])
def test_a_file_that_holds_no_note_is_passed_over(text: bytes) -> None:
    _run_notes.write(note("other"))
    _run_notes.note_path(UUID).write_bytes(text)
    assert _run_notes.find(UUID) is None
    assert [found.run for found in _run_notes.all_notes()] == ["other"]


def test_what_a_newer_version_adds_is_passed_over() -> None:
    assert RunNote.from_json(json.dumps({**attrs.asdict(note()), "new": 1})) == note()


def test_a_note_under_the_name_of_another_run_tells_nothing() -> None:
    _run_notes.write(note("other"))
    _run_notes.note_path("other").rename(_run_notes.note_path(UUID))
    assert _run_notes.find(UUID) is None
    assert list(_run_notes.all_notes()) == []


def test_of_numbers_that_do_not_fit_together_no_chunks_are_told() -> None:
    assert attrs.evolve(note(), num_tasks=7).chunks is None


def test_finished_runs_make_room_first_and_then_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run_notes, "MOST_NOTES", 4)
    monkeypatch.setattr(_run_notes, "KEPT_OF_TOO_MANY", 3)
    for number in range(4):
        note_at(f"{number}", number, finished=number in {2, 3})
    assert len(list(_run_notes.all_notes())) == 4
    _run_notes.write(note("4"))
    assert [found.run for found in _run_notes.all_notes()] == ["0", "1", "4"]
    for number in range(5, 7):
        _run_notes.write(note(f"{number}"))
    assert [found.run for found in _run_notes.all_notes()] == ["4", "5", "6"]


def test_that_a_run_is_finished_is_noted_only_where_it_has_a_note() -> None:
    _run_notes.note_finished(UUID)
    assert list(_run_notes.all_notes()) == []
    _run_notes.write(note())
    _run_notes.note_finished(UUID)
    assert _run_notes.find(UUID) == note(finished=True)


def test_a_note_that_cannot_be_written_is_said_once_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, "taskfarm_sdk"):
        for _ in range(3):
            _run_notes.write(note())
            _run_notes.forget(UUID)
    (record,) = caplog.records
    assert str(tmp_path / "file") in record.getMessage()
    assert _run_notes.find(UUID) is None
    assert list(_run_notes.all_notes()) == []


def test_a_folder_that_is_gone_under_the_process_stops_no_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert note().folder == ""
