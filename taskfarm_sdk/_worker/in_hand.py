"""A file of a worker's open tasks, for the next worker of this host after a kill.

The owner of a file holds `flock` on it. The kernel releases it when the process and all processes
that it forked have ended, for whatever reason. So a free lock shows, without process ids or start
times, that its tasks are no longer computed. The name of the file contains the boot, host, server
and run.

Records are written by `pwrite`, not through a mapping: it is as safe from SIGKILL, and a full disk
gives an error where a write to a mapped page of a copy-on-write file system gives SIGBUS.
"""

from __future__ import annotations

import hashlib
import math
import os
import secrets
import socket
import struct
import threading
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path

import attrs

from taskfarm_sdk import _secrets
from taskfarm_sdk._flows.killed import KilledHold
from taskfarm_sdk._logging import log

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SUFFIX = ".tasks1"
RECORDS = 1024
# Only the first two fields of a record change before its task is settled.
_RECORD = struct.Struct("<iiqd")
_MARK = struct.Struct("<ii")
_EMPTY, _HELD, _LEAVING = 0, 1, 2
_NO_HOLDER = -1
_TRIES = 5


@attrs.frozen
class Place:
    """Where the workers of one run and server note their tasks on this host.

    Attributes:
        folder: the folder of all such files of the user.
        host: a digest of the host's name.
        boot: the id of this boot.
        work: a digest of the server's URL, and the run's uuid.
    """

    folder: Path
    host: str
    boot: str
    work: str

    def new_file(self) -> Path:
        """Return a unique file name."""
        name = "-".join((self.host, self.boot, self.work, secrets.token_hex(4)))
        return self.folder / (name + SUFFIX)

    def is_earlier_boots(self, name: str) -> bool:
        """Return whether a file is of this host, and of an earlier boot."""
        host, boot, *_ = name.split("-")
        return host == self.host and boot != self.boot

    def is_for_us(self, name: str) -> bool:
        """Return whether a file is of the same boot, server and run, under any host name.

        A container's name changes with each start, and the kernel's boot does not.
        """
        return "-".join(name.split("-")[1:-1]) == f"{self.boot}-{self.work}"

    def is_this_boots(self, name: str) -> bool:
        """Return whether a file is of this boot."""
        return name.split("-")[1] == self.boot


def place(url: str, run: str) -> Place | None:
    """Return where to note the tasks of a run; None if this system cannot show a kill."""
    boot = _boot_id()
    if boot is None or fcntl is None:
        _say_not_noted("this system has no boot id", is_usual=True)
        return None
    import platformdirs

    folder = Path(platformdirs.user_state_dir("taskfarm", appauthor=False)) / "in-hand"
    return Place(folder, _digest(socket.gethostname(), 8), boot, f"{_digest(url, 16)}-{run}")


class InHand:
    """Records a worker's open tasks; safe among threads.

    The file is created for the first task. `close`, or the end of the worker, removes it, unless
    a task is still open: then it stays locked for as long as the process lives.

    Args:
        place: where; None notes nothing.
    """

    def __init__(self, place: Place | None) -> None:
        self._place = place
        self._opening = threading.Lock()
        self._file: _OwnFile | None = None

    def note(self, number: int, value: float | None) -> int | None:
        """Note a task that was handed out.

        Args:
            number: the task's.
            value: the task's number on the server then.

        Returns:
            The record for later calls, or None if it could not be written.
        """
        file = self._file or self._open()
        if file is None or not file.free:
            return None
        record = file.free.pop()
        noted = math.nan if value is None else value
        self._write(record, _RECORD.pack(_HELD, _NO_HOLDER, number, noted))
        return record

    def note_holder(self, record: int | None, holder: int, *, leaving: bool) -> None:
        """Note the content of the task's lease, before the server has it.

        Args:
            record: the task's.
            holder: the lease's.
            leaving: whether the lease ends the hold: the next worker that claims the task shows
                the same holder until its first beat.
        """
        if record is not None:
            self._write(record, _MARK.pack(_LEAVING if leaving else _HELD, holder))

    def clear(self, record: int | None) -> None:
        """Forget a task that is settled."""
        file = self._file
        if record is None or file is None:
            return
        self._write(record, _MARK.pack(_EMPTY, 0))
        file.free.append(record)

    def close(self) -> None:
        """Remove the file if no task is open; the next task gets a new one."""
        with self._opening:
            if self._file is not None and self._file.is_empty:
                self._file.end()
                self._file = None

    def _open(self) -> _OwnFile | None:
        with self._opening:
            if self._file is None and self._place is not None:
                try:
                    self._file = _OwnFile.make(self._place)
                except OSError as error:
                    self._cannot(error)
                else:
                    weakref.finalize(self, self._file.end)
            return self._file

    def _write(self, record: int, data: bytes) -> None:
        file = self._file
        if file is None:
            return
        try:
            os.pwrite(file.descriptor, data, record * _RECORD.size)
        except OSError as error:
            self._cannot(error)

    def _cannot(self, error: OSError) -> None:
        folder = "" if self._place is None else str(self._place.folder)
        self._place = None
        _say_not_noted(f"{folder} cannot be written ({error.strerror})", is_usual=False)


@attrs.define
class _OwnFile:
    """A worker's own file, and its free records."""

    path: Path
    descriptor: int
    pid: int
    free: list[int] = attrs.field(factory=lambda: list(range(RECORDS - 1, -1, -1)))

    @classmethod
    def make(cls, place: Place) -> _OwnFile:
        """Make a file and lock it.

        Raises:
            OSError: the file cannot be created or locked.
        """
        place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _ in range(_TRIES):
            path = place.new_file()
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                # Meanwhile another process may have looked through the folder, and taken it for one
                # that a dead process left.
                _lock(descriptor)
                os.pwrite(descriptor, bytes(RECORDS * _RECORD.size), 0)
                if _secrets.is_at(path, descriptor):
                    return cls(path, descriptor, os.getpid())
            except BaseException:
                with suppress(OSError):
                    path.unlink()
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise FileNotFoundError(2, "other processes remove the files made there")

    @property
    def is_empty(self) -> bool:
        """Whether no task is open."""
        return len(self.free) == RECORDS

    def end(self) -> None:
        """Remove the file, if no task is open and this process created it.

        In a forked child the lock stays for as long as the child lives.
        """
        if self.descriptor < 0 or self.pid != os.getpid() or not self.is_empty:
            return
        descriptor, self.descriptor = self.descriptor, -1
        with suppress(OSError):
            self.path.unlink()
        with suppress(OSError):
            os.close(descriptor)


class DeadFile:
    """A file that a dead process of this boot left, locked while its tasks are taken back."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path: Path = path
        self._descriptor = descriptor
        self.holds: dict[int, KilledHold] = _holds(descriptor)

    @classmethod
    def open(cls, path: Path) -> DeadFile | None:
        """Open a file; None if its owner lives, or another process takes its tasks back.

        Raises:
            OSError: it cannot be opened.
        """
        descriptor = os.open(path, os.O_RDWR)
        try:
            _lock(descriptor, wait=False)
            if _secrets.is_at(path, descriptor):
                return cls(path, descriptor)
        except BlockingIOError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def settle(self, record: int) -> None:
        """Forget a task of it; without any the file is removed."""
        self.holds.pop(record, None)
        with suppress(OSError):
            os.pwrite(self._descriptor, _MARK.pack(_EMPTY, 0), record * _RECORD.size)

    def remove(self) -> None:
        """Remove it."""
        with suppress(OSError):
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Unlock the file, and leave its tasks to others."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def live_tasks(path: Path) -> set[int]:
    """Return the tasks that a file names, locked or not."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return set()
    try:
        return {hold.number for hold in _holds(descriptor).values()}
    finally:
        os.close(descriptor)


def names(place: Place) -> list[str]:
    """Return the names of the files of the folder; none where there is no such folder."""
    # By names, not by paths: a killed worker's file may stay for months, and each start looks.
    try:
        found = os.listdir(place.folder)  # noqa: PTH208 - see above
    except OSError:
        return []
    return sorted(name for name in found if name.endswith(SUFFIX) and name.count("-") == 4)


def _holds(descriptor: int) -> dict[int, KilledHold]:
    data = os.pread(descriptor, RECORDS * _RECORD.size, 0)
    whole = len(data) - len(data) % _RECORD.size
    holds: dict[int, KilledHold] = {}
    # The first byte of each record tells whether it holds a task; nearly none does.
    for record, state in enumerate(data[: whole : _RECORD.size]):
        if state in (_HELD, _LEAVING):
            _, holder, number, value = _RECORD.unpack_from(data, record * _RECORD.size)
            known = None if holder == _NO_HOLDER else holder
            holds[record] = KilledHold(number, value, known, leaving=state == _LEAVING)
    return holds


def _lock(descriptor: int, *, wait: bool = True) -> None:
    """Lock a file until its descriptor and all copies of it are closed.

    Raises:
        BlockingIOError: another process has locked it, and the call does not wait.
        OSError: the file system has no such locks.
    """
    assert fcntl is not None
    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _boot_id() -> str | None:
    try:
        text = BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")
    except (OSError, ValueError):
        return None
    return text if text.isalnum() else None


def _digest(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:digits]


@cache
def _say_not_noted(why: str, *, is_usual: bool) -> None:
    (log.info if is_usual else log.warning)(
        "%s, so the tasks of a worker that is killed here are taken over only after minutes, not "
        "at once",
        why,
    )
