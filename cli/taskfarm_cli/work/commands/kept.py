"""Files that keep a command's stdout and stderr, in place of passing them on."""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import command
from taskfarm_cli.work.command_line.arguments import PROGRAM
from taskfarm_cli.work.commands.kept_items import (
    EXIT,
    INDEX,
    LOG,
    STDERR,
    STDOUT,
    index_line,
    log_name,
    shown_status,
)
from taskfarm_cli.work.commands.output import SlotSpools, Streams
from taskfarm_cli.work.commands.spool import Spool

if TYPE_CHECKING:
    from taskfarm_cli.work.template import Job


class ResultFile:
    """A file that keeps one stream of one attempt.

    Args:
        path: where it is. An earlier attempt's file loses its name: that attempt may still write,
            on another machine.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.place: str = str(path.parent)
        self._path = path
        self._file = _new_file(path)
        self._fault: OSError | None = None

    def write(self, content: bytes) -> int:
        """Write the beginning of this, and return how many bytes that is."""
        return os.write(self._file, content)

    def close(self) -> None:
        """Close it; a network file system may report a failed write only now.

        Raises:
            OSError: a write failed, or another attempt took its name; raised again at each call.
        """
        file, self._file = self._file, -1
        try:
            if file >= 0:
                self._close(file)
        except OSError as error:
            error.filename = self.place
            self._fault = error
        if self._fault is not None:
            raise self._fault

    def _close(self, file: int) -> None:
        is_replaced = False
        with suppress(OSError):  # the folder may be away for a moment
            is_replaced = not os.path.samestat(os.fstat(file), self._path.stat())
        os.close(file)
        if is_replaced:
            raise OSError(errno.ESTALE, "another attempt at it has begun, whose output is kept")


def _new_file(path: Path) -> int:
    while True:
        with suppress(FileExistsError):
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        if path.is_symlink() or not path.is_file():
            # The user's own, or in the way.
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        path.unlink(missing_ok=True)


class Results:
    """Keeps a folder for each item, with the files `stdout`, `stderr` and `exit`.

    Args:
        folder: where they are.

    Raises:
        OSError: it cannot be written to.
    """

    persists = True

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[int, tuple[ResultFile, ResultFile]] = {}

    def begin(self, job: Job, attempt: int) -> Streams:
        """Return the streams of an attempt; its files take the place of an earlier one's."""
        folder = self._folder / str(job.item)
        folder.mkdir(exist_ok=True)
        (folder / EXIT).unlink(missing_ok=True)
        out = ResultFile(folder / STDOUT)
        try:
            err = ResultFile(folder / STDERR)
        except OSError:
            out.close()
            raise
        # An attempt elsewhere that ended just now has left one of files that are gone.
        (folder / EXIT).unlink(missing_ok=True)
        self._files[job.slot] = (out, err)
        return Streams(job.task, job.item, attempt, out, err)

    def owns(self, item: int, file: str) -> bool:
        """Return whether a file is inside the item's folder."""
        return Path(file).parent == self._folder / str(item)

    def place(self, item: int) -> str:
        """Return the names of the item's files."""
        return f"{self._folder / str(item)}/stdout and stderr"

    def look(self, streams: Streams, slot: int) -> None:
        """Do nothing: the files hold what was written."""

    def end(self, streams: Streams, slot: int, status: int) -> None:
        """Close the files, and write the exit status as a shell reports it."""
        for file in self._files[slot]:
            file.close()
        (self._folder / str(streams.item) / EXIT).write_text(f"{shown_status(status)}\n")

    def sync(self) -> None:
        """Do nothing: three files of each item would take longer than most commands."""

    def close(self) -> None:
        """Do nothing: each attempt's files are closed at its end."""


class Log:
    """Keeps the output of all commands in one file for this workTF, with an index beside it.

    `HOST-PID-RANDOM.log` holds what they wrote, one attempt after another, stdout before stderr;
    `kept_items` describes the index.

    Args:
        folder: where they are.

    Raises:
        OSError: it cannot be written to.
    """

    persists = True

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        name = log_name()
        self._log = _Appended(self._folder / f"{name}{LOG}")
        self._index = _Appended(self._folder / f"{name}{INDEX}")
        self._spools = SlotSpools()
        self._lock = threading.Lock()
        # How much of the index is surely on the disk, and why no more can be.
        self._safe_bytes = 0
        self._unsafe: OSError | None = None

    def begin(self, job: Job, attempt: int) -> Streams:
        """Return the streams of an attempt at a job that begins."""
        return self._spools.begin(job, attempt)

    def owns(self, item: int, file: str) -> bool:  # noqa: ARG002 - as Sink has it
        """Return that no item has files of its own."""
        return False

    def place(self, item: int) -> str:
        """Return the command that prints it, out of all logs of the folder."""
        return command(PROGRAM, "--show", str(self._folder), "--item", str(item))

    def look(self, streams: Streams, slot: int) -> None:
        """Do nothing: it is kept at the end."""

    def end(self, streams: Streams, slot: int, status: int) -> None:
        """Add what the command wrote."""
        with self._lock:
            if self._unsafe is not None:
                raise self._unsafe
            log_bytes, index_bytes = self._log.size, self._index.size
            try:
                places = [self._add(spool) for spool in self._spools.of(slot)]
                numbers = (streams.task, streams.item, streams.attempt)
                self._index.add(index_line(*numbers, status, places, ended_at=time.time()))
            except OSError:
                self._log.cut(log_bytes)
                self._index.cut(index_bytes)
                raise

    def sync(self) -> None:
        """Have log and index on the disk: what the log holds before what speaks of it.

        If that fails once, it fails from then on: a system tells one caller alone that data of all
        may be lost. The index then speaks of what is surely there.
        """
        with self._lock:
            if self._unsafe is None:
                self._sync()
            if self._unsafe is not None:
                raise self._unsafe

    def close(self) -> None:
        """Close all files."""
        self._log.close()
        self._index.close()
        self._spools.close()

    def _sync(self) -> None:
        try:
            self._log.sync()
            self._index.sync()
            self._safe_bytes = self._index.size
        except OSError as error:
            self._unsafe = error
            self._index.cut(self._safe_bytes)

    def _add(self, spool: Spool) -> tuple[int, int]:
        begin = self._log.size
        spool.rewind()
        while content := spool.take(whole_lines=False):
            self._log.add(content)
        return begin, self._log.size - begin


class _Appended:
    """A new file that only this workTF appends to; a half-written part can be cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self.size: int = 0

    def add(self, content: bytes) -> None:
        """Write all of this at its end."""
        try:
            while content:
                written = os.pwrite(self._file, content, self.size)
                self.size += written
                content = content[written:]
        except OSError as error:
            error.filename = str(self.path)
            raise

    def sync(self) -> None:
        """Have its content on the disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            error.filename = str(self.path)
            raise

    def cut(self, size: int) -> None:
        """Drop what follows after `size` bytes; if it cannot be cut off, it is overwritten."""
        self.size = size
        try:
            os.ftruncate(self._file, size)
        except OSError:
            return

    def close(self) -> None:
        """Close it."""
        os.close(self._file)
