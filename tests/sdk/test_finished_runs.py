"""Runs that were seen finished: what is kept about them, for whom, and what is forgotten."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from taskfarm_sdk import _finished_runs, _secrets

URL, OTHER = "http://farm.invalid/api/", "http://other.invalid/api/"
A, B, C = ("a" * 32, "b" * 32, "c" * 32)


def noted(url: str = URL, **at: int) -> None:
    """Note runs as finished, of which the server has these alone."""
    finished = {name.lower() * 32: when for name, when in at.items()}
    _finished_runs.update(url, finished, (), finished)


def files() -> list[Path]:
    return list(_finished_runs._folder().glob("*.json"))


def test_what_is_noted_is_for_one_server_and_its_user_alone() -> None:
    assert _finished_runs.seen(URL) == {}
    noted(a=1, b=2)
    assert _finished_runs.seen(URL) == {A: 1, B: 2}
    assert _finished_runs.seen(OTHER) == {}
    (path,) = files()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o600, 0o700]


def test_what_is_noted_of_a_localhost_is_for_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    local = "http://localhost:5000/api/"
    monkeypatch.setattr("socket.gethostname", lambda: "host-a")
    noted(local, a=1)
    noted(URL, c=3)
    monkeypatch.setattr("socket.gethostname", lambda: "host-b")
    assert _finished_runs.seen(local) == {}
    assert _finished_runs.seen(URL) == {C: 3}
    noted(local, b=2)
    # A run has one UUID, wherever it is reset.
    _finished_runs.forget(A)
    assert _finished_runs.seen(local) == {B: 2}
    monkeypatch.setattr("socket.gethostname", lambda: "host-a")
    assert _finished_runs.seen(local) == {}


def test_a_run_that_is_not_finished_any_more_or_gone_is_forgotten() -> None:
    noted(a=1, b=2, c=3)
    _finished_runs.update(URL, {A: 9}, {B}, {A, B})
    assert _finished_runs.seen(URL) == {A: 9}


def test_what_another_process_noted_meanwhile_is_kept() -> None:
    noted(a=1)
    _finished_runs.update(URL, {B: 2}, (), {A, B, C})
    _finished_runs.update(URL, {C: 3}, (), {A, B, C})
    assert _finished_runs.seen(URL) == {A: 1, B: 2, C: 3}


def test_a_run_that_was_reset_is_forgotten_whichever_server_has_it() -> None:
    noted(a=1, b=2)
    noted(OTHER, c=3)
    _finished_runs.forget(C)
    _finished_runs.forget(B)
    _finished_runs.forget("0" * 32)
    assert (_finished_runs.seen(URL), _finished_runs.seen(OTHER)) == ({A: 1}, {})


def test_what_was_read_before_a_reset_is_not_noted_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = int(time.time())
    _finished_runs.forget(A)
    noted(a=began, b=began)
    assert _finished_runs.seen(URL) == {B: began}
    later = began + 3600
    noted(a=later)
    assert _finished_runs.seen(URL) == {A: later}
    monkeypatch.setattr(time, "time", lambda: began + 48 * 3600.0)
    _finished_runs.forget(C)
    assert list(_finished_runs._forgotten()) == [C]


def test_writers_wait_for_each_other() -> None:
    noted(a=1)
    with _finished_runs._locked():
        other = threading.Thread(target=_finished_runs.forget, args=(A,))
        other.start()
        other.join(0.2)
        assert _finished_runs.seen(URL) == {A: 1}
    other.join()
    assert _finished_runs.seen(URL) == {}


def test_what_was_read_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_finished_runs, "MOST_RUNS", 2)
    noted(a=1, b=3, c=2)
    assert _finished_runs.seen(URL) == {B: 3, C: 2}


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"\xff", b"[]", b"3", b"[" * 100_000, b"{}"),
        json.dumps({"url": URL, "finished": [A]}).encode(),
        json.dumps({"url": OTHER, "finished": {A: 1}}).encode(),
        json.dumps({"url": URL, "finished": {A: "1", B: None, C: True}}).encode(),
    ],
)
def test_a_file_that_says_something_else_says_nothing(text: bytes) -> None:
    noted(a=1)
    files()[0].write_bytes(text)
    assert _finished_runs.seen(URL) == {}
    _finished_runs.forget(A)
    noted(b=2)
    assert _finished_runs.seen(URL) == {B: 2}


def test_where_nothing_can_be_written_nothing_is_noted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    left = _finished_runs.update(URL, {A: 1}, (), {A})
    assert left == f"{tmp_path}/file/taskfarm/finished (Not a directory)"
    assert _finished_runs.forget(A) is None
    assert _finished_runs.seen(URL) == {}


def test_on_a_full_disk_a_reset_run_is_forgotten_with_all_of_its_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    noted(a=1, b=2)
    noted(OTHER, c=3)
    monkeypatch.setattr(_secrets, "write", fail)
    left = _finished_runs.update(URL, {C: 3}, (), {A, B, C})
    assert left == f"{_finished_runs._folder()} (No space left on device)"
    assert _finished_runs.forget(A) is None
    assert (_finished_runs.seen(URL), _finished_runs.seen(OTHER)) == ({}, {C: 3})


def test_a_finish_that_cannot_be_forgotten_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    noted(a=1)
    monkeypatch.setattr(_secrets, "write", fail)
    monkeypatch.setattr(Path, "unlink", fail)
    assert "Read-only file system" in (_finished_runs.forget(A) or "")
    assert _finished_runs.forget(B) is None
