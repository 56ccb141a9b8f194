"""The claim on a name: one process at a time has it, whatever the file system can do."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskfarm_sdk import _name_claims, _secrets
from taskfarm_sdk._machines import server_digest
from taskfarm_sdk._name_claims import STALE_AFTER_S, claimed
from taskfarm_sdk.errors import ConfigurationError
from tests.support.processes import NET_S

URL, OTHER, LOCAL = "http://farm.invalid/api/", "http://other.invalid/", "http://localhost:5000/"
_HOLDER = """
import sys, time
from taskfarm_sdk._name_claims import claimed
with claimed("sweep", sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def files() -> list[str]:
    folder = _name_claims._folder()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def leave_a_claim(host: str, pid: int, age_s: float = 0.0) -> Path:
    """Leave the file of a claim as a process that was killed does."""
    path = _name_claims._folder() / f"sweep@{server_digest(URL, None)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"host": host, "pid": pid}))
    time_s = path.stat().st_mtime - age_s
    os.utime(path, (time_s, time_s))
    return path


def refuse(code: int) -> Callable[..., None]:
    def act(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return act


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file system without locks."""
    monkeypatch.setattr(_secrets, "try_lock", refuse(errno.ENOLCK))


@pytest.fixture(params=["locks", "no locks", "no locks and no links"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the file system of the state folder can do."""
    kind: str = request.param
    if "no locks" in kind:
        request.getfixturevalue("without_locks")
    if "no links" in kind:
        monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    return kind


def test_of_many_at_once_one_after_the_other_has_it(file_system: str) -> None:
    holders: list[int] = []
    most = 0
    start = threading.Barrier(8)

    def take(number: int) -> None:
        nonlocal most
        start.wait(NET_S)
        with claimed("sweep", URL, wait_s=NET_S):
            holders.append(number)
            most = max(most, len(holders))
            holders.remove(number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(take, range(8)))
    assert most == 1
    left = [name for name in files() if not name.endswith(".lock")]
    assert left == []
    assert file_system != "locks" or files() == []


def test_who_waits_too_long_is_told_and_creates_nothing(file_system: str) -> None:
    with claimed("sweep", URL):
        with (
            pytest.raises(ConfigurationError, match="creates a run with the name 'sweep' at this"),
            claimed("sweep", URL, wait_s=0),
        ):
            raise AssertionError(file_system)
        with claimed("sweep", OTHER, wait_s=0), claimed("other", URL, wait_s=0):
            pass
    with claimed("sweep", URL, wait_s=0):
        pass


def test_a_name_at_localhost_is_one_for_each_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with claimed("sweep", LOCAL), claimed("sweep", URL):
        monkeypatch.setattr(socket, "gethostname", lambda: "another-machine")
        with claimed("sweep", LOCAL, wait_s=0):
            pass
        with pytest.raises(ConfigurationError), claimed("sweep", URL, wait_s=0):
            pass


def test_an_error_inside_gives_the_name_back() -> None:
    with pytest.raises(ZeroDivisionError), claimed("sweep", URL):
        raise ZeroDivisionError
    with claimed("sweep", URL, wait_s=0):
        pass
    assert files() == []


@pytest.mark.skipif(os.name != "posix", reason="needs Unix's signals")
def test_what_a_killed_process_left_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, URL], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(ConfigurationError), claimed("sweep", URL, wait_s=0):
                pass
            with monkeypatch.context() as patch:
                patch.setattr(_secrets, "try_lock", refuse(errno.ENOLCK))
                with (
                    pytest.raises(ConfigurationError, match=f"process {holder.pid} on "),
                    claimed("sweep", URL, wait_s=0),
                ):
                    pass
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait()
    assert len(files()) == 2
    with claimed("sweep", URL, wait_s=0):
        pass
    assert files() == []


@pytest.mark.usefixtures("without_locks")
def test_without_locks_a_process_that_is_gone_is_known_by_its_number() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    leave_a_claim(socket.gethostname(), gone.pid)
    with claimed("sweep", URL, wait_s=0):
        pass


def test_a_claim_of_another_machine_counts_until_it_is_old() -> None:
    path = leave_a_claim("far-away", 7)
    with (
        pytest.raises(ConfigurationError, match="process 7 on far-away") as told,
        claimed("sweep", URL, wait_s=0),
    ):
        pass
    assert f"remove {path}" in str(told.value)
    leave_a_claim("far-away", 7, STALE_AFTER_S + 60)
    with claimed("sweep", URL, wait_s=0):
        pass
    assert files() == []


def test_a_claim_of_another_machine_is_waited_for() -> None:
    path = leave_a_claim("far-away", 7)
    waits: list[float] = []

    def end_it(seconds: float) -> None:
        waits.append(seconds)
        path.unlink()

    with claimed("sweep", URL, sleep=end_it):
        assert len(waits) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}", b"[" * 100_000])
def test_a_damaged_claim_counts_until_it_is_old(content: bytes) -> None:
    path = leave_a_claim("far-away", 7)
    path.write_bytes(content)
    with pytest.raises(ConfigurationError), claimed("sweep", URL, wait_s=0):
        pass
    os.utime(path, (1.0, 1.0))
    with claimed("sweep", URL, wait_s=0):
        pass


def test_a_claim_that_another_machine_took_over_is_left_to_it() -> None:
    with claimed("sweep", URL):
        path = leave_only(files())
        path.write_text('{"host": "far-away", "pid": 7}')
    assert path.read_text() == '{"host": "far-away", "pid": 7}'


def leave_only(names: list[str]) -> Path:
    (name,) = [name for name in names if not name.endswith(".lock")]
    return _name_claims._folder() / name


def test_where_nothing_can_be_written_that_is_an_error_of_the_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_name_claims, "_write", refuse(errno.ENOSPC))
        with pytest.raises(OSError, match="No space left"), claimed("sweep", URL):
            pass
    assert files() == []
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match="Not a directory"), claimed("sweep", URL):
        pass
