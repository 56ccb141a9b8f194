"""Notes about runs: what a file holds, who may read it, and which are removed."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import attrs
import pytest

from taskfarm_sdk import _run_names, _run_notes
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._run_notes import RunNote
from taskfarm_sdk.errors import ConfigurationError

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


def test_a_note_of_an_earlier_version_is_of_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://localhost:5000/api/"
    facts = attrs.asdict(attrs.evolve(note(), url=url, host="host-a"))
    found = RunNote.from_json(json.dumps(facts))
    assert found is not None
    assert not found.is_of(url)
    monkeypatch.setattr("socket.gethostname", lambda: "host-a")
    assert found.is_of(url)
    del facts["host"]
    found = RunNote.from_json(json.dumps(facts))
    assert found is not None
    monkeypatch.setattr("socket.gethostname", lambda: "host-b")
    assert found.is_of(url)


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
        {"name": 3},
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


def test_names_are_kept_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run_notes, "MOST_NOTES", 3)
    monkeypatch.setattr(_run_notes, "KEPT_OF_TOO_MANY", 2)
    _run_notes.write(attrs.evolve(note("0", finished=True), name="sweep"))
    os.utime(_run_notes.note_path("0", "sweep"), (0, 0))
    for number in range(1, 4):
        note_at(f"{number}", number)
    assert [found.run for found in _run_notes.all_notes()] == ["0", "3"]


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


@pytest.mark.parametrize(
    "name",
    [
        "g",
        "sweep",
        "Sweep-2",
        "a.b_c-d",
        "x" * 64,
        "decade-x",
        "face_1",
        "e.",
        "run-1",
        "beef.json",
    ],
)
def test_a_name_is_a_word_that_no_shell_runs_and_no_uuid_begins_with(name: str) -> None:
    assert _run_names.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "1st",
            "-x",
            "_x",
            ".x",
            "x" * 65,
            "a b",
            "a/b",
            "a@b",
            "$(x)",
            "x\n",
            "é",
            "x\u00e9",
        ),
        *("a\x00", "x;y", "x*", "~x", "x=1", "x:y", "x\u0301"),
    ],
)
def test_what_a_shell_could_run_or_expand_is_no_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="a name is a letter and at most 63 more"):
        _run_names.check_name(name)


@pytest.mark.parametrize("name", ["a", "face", "DEAD", "dead-beef", "e0", "abcdef" * 5])
def test_what_a_uuid_could_begin_with_is_no_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="a UUID could begin so"):
        _run_names.check_name(name)


def test_the_note_of_a_run_with_a_name_is_found_by_both() -> None:
    named = attrs.evolve(note(), name="sweep")
    assert _run_notes.write(named)
    _run_notes.write(note("other"))
    assert _run_notes.find(UUID) == named
    assert _run_notes.named("sweep") == _run_notes.named("sw") == [named]
    assert _run_notes.named("sweep2") == _run_notes.named("other") == []
    assert [found.run for found in _run_notes.all_notes()] == [UUID, "other"]


def test_a_name_is_in_the_name_of_the_only_file_of_its_note() -> None:
    _run_notes.write(attrs.evolve(note(), name="sweep"))
    _run_notes.note_finished(UUID)
    _run_notes.note_unfinished(UUID)
    folder = _run_notes.notes_folder()
    assert [path.name for path in folder.iterdir()] == [f"sweep@{UUID}.json"]
    assert _run_notes.find(UUID) == attrs.evolve(note(), name="sweep")
    _run_notes.forget(UUID)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("file", [f"other@{UUID}.json", f"{UUID}.json", f"sweep@{'0' * 32}.json"])
def test_a_note_under_another_name_or_none_tells_nothing(file: str) -> None:
    _run_notes.write(attrs.evolve(note(), name="sweep"))
    folder = _run_notes.notes_folder()
    (folder / f"sweep@{UUID}.json").rename(folder / file)
    assert _run_notes.named("") == []
    assert list(_run_notes.all_notes()) == []
    assert _run_notes.find(UUID) is None


@pytest.mark.parametrize("name", ["$(x)", "face", "", "x/../y"])
def test_a_note_does_not_bring_a_name_that_is_none(name: str) -> None:
    found = RunNote.from_json(json.dumps({**attrs.asdict(note()), "name": name}))
    assert found == note()


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2026-01-31T12:00:00+00:00", 1769860800.0),
        ("2026-01-31T13:00:00+01:00", 1769860800.0),
        ("2026-01-31T12:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("yesterday", None),
    ],
)
def test_when_a_run_was_created_is_a_moment_or_unknown(time: str, seconds: float | None) -> None:
    assert attrs.evolve(note(), time=time).created_s == seconds


def test_whether_notes_can_be_written_is_known_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert _run_notes.may_write()
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert not _run_notes.may_write()
    assert not _run_notes.write(note())
