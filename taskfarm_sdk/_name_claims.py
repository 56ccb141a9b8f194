"""The claim on a name while its run is created: of two creations at one instant, one succeeds.

Whoever creates a run with a name holds a lock in the user's state folder until the name is noted. A
lock ends with its process. Where a file system keeps locks for each machine alone, or has none, a
file that only one process can create tells the others: what a killed process of this machine left
does not count, and that of another machine no more when it is old.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from taskfarm_sdk import _secrets
from taskfarm_sdk._machines import machine_of, server_digest
from taskfarm_sdk._processes.forks import close_in_children
from taskfarm_sdk._processes.naming import name_first
from taskfarm_sdk.errors import ConfigurationError

# To create a run takes a second, or as long as a server is waited for that does not answer.
WAIT_S = 30.0
LOOK_EVERY_S = 0.1
# Longer than anybody waits for a server, so that the process was killed.
STALE_AFTER_S = 3600.0


@contextmanager
def claimed(
    name: str,
    url: str,
    *,
    wait_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Generator[None]:
    """Keep a name for one process inside the `with` block, for a server.

    Args:
        name: the name.
        url: the API's URL.
        wait_s: how long to wait for a process that has it; None for `WAIT_S`.
        clock: seconds that only grow.
        sleep: waits for so many seconds.

    Raises:
        ConfigurationError: another process still has it then.
        OSError: nothing can be written to the state folder.
    """
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}@{server_digest(url, machine_of(url))}"
    deadline = clock() + (WAIT_S if wait_s is None else wait_s)

    def wait(by: str) -> None:
        if clock() >= deadline:
            raise ConfigurationError(
                f"another process creates a run with the name {name!r} at this moment{by}: wait "
                "for it, or choose another name; nothing was created"
            )
        sleep(LOOK_EVERY_S)

    lock = _Lock(path.with_name(f"{path.name}.lock"))
    try:
        while not lock.take():
            wait("")
        own = _taken(path, is_alone=lock.holds, wait=wait)
        try:
            yield
        finally:
            _remove(path, own)
    finally:
        lock.release()


class _Lock:
    """A lock file; it is removed at the end.

    Args:
        path: the file.

    Attributes:
        holds: whether no other process of this machine has the lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self.holds = False
        # A forked child would keep the lock.
        close_in_children(self)

    def take(self) -> bool:
        """Lock the file, and return whether no other process has it, as far as one can know.

        Raises:
            OSError: it cannot be created.
        """
        while True:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self._descriptor = os.open(self._path, flags, 0o600)
            try:
                self.holds = _secrets.try_lock(self._descriptor)
            except OSError:  # some file systems have no locks
                return True
            # Whoever had it last may have removed the file in the meantime.
            if self.holds and _secrets.is_at(self._path, self._descriptor):
                return True
            was_locked = not self.holds
            self.close()
            if was_locked:
                return False

    def release(self) -> None:
        """Remove the file, and release the lock."""
        if self.holds:
            with suppress(OSError):
                self._path.unlink()
        self.close()

    def close(self) -> None:
        """Release the lock."""
        descriptor, self._descriptor = self._descriptor, -1
        self.holds = False
        if descriptor >= 0:
            os.close(descriptor)


@attrs.frozen
class _Claim:
    """What a claim's file tells.

    Attributes:
        host: the machine; None if the file is damaged.
        pid: the process.
        content: all of the file.
    """

    host: str | None
    pid: int
    content: bytes


def _taken(path: Path, *, is_alone: bool, wait: Callable[[str], None]) -> bytes:
    """Create the file of a claim, and return its content.

    Args:
        path: the file.
        is_alone: whether no other process of this machine has the claim.
        wait: called while another process has it, with a text that says which.

    Raises:
        OSError: it cannot be written.
    """
    # The random part tells claims of one process apart.
    content = json.dumps(
        {"host": socket.gethostname(), "pid": os.getpid(), "random": os.urandom(8).hex()}
    ).encode()
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        _write(temporary, content)
        while not name_first(str(temporary), str(path)):
            found = _read(path)
            if found is None:
                continue
            if _is_left_over(found, path, temporary, is_alone=is_alone):
                _remove(path, found.content)
            else:
                wait(f" (process {found.pid} on {found.host}; if it does not, remove {path})")
    finally:
        with suppress(OSError):
            temporary.unlink()
    return content


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _read(path: Path) -> _Claim | None:
    """Return the claim in a file; None if there is none any more."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = json.loads(content)
        return _Claim(str(found["host"]), int(found["pid"]), content)
    except (ValueError, KeyError, TypeError, RecursionError):
        return _Claim(None, 0, content)


def _is_left_over(claim: _Claim, path: Path, temporary: Path, *, is_alone: bool) -> bool:
    """Return whether the process of a claim was killed."""
    if claim.host == socket.gethostname():
        return is_alone or not _is_running(claim.pid)
    with suppress(FileNotFoundError):
        # Both times are by the clock of the file system.
        return temporary.stat().st_mtime - path.stat().st_mtime > STALE_AFTER_S
    return False


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # there, a signal of 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _remove(path: Path, content: bytes) -> None:
    """Remove the file of a claim, if it is still this one."""
    aside = path.with_name(f".{os.urandom(8).hex()}.old")
    with suppress(OSError):
        # Of two processes that do so, one gets it.
        path.rename(aside)
        try:
            if aside.read_bytes() != content:
                name_first(str(aside), str(path))
        finally:
            aside.unlink()


def _folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("taskfarm", appauthor=False)) / "names"
