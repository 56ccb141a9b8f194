"""Read the journals of a folder: line by line, in bounded memory, and on from where it ended."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from taskfarm_cli.outcomes.attempt import Attempt, attempt_of, facts_of

# No line of a journal is longer; a longer one is damaged, and is not kept in memory.
LONGEST_BYTES = 1 << 20
# The server refuses larger runs; a line with a higher number is not a worker's.
MOST_TASKS = 10_000_000
_BUFFER_BYTES = 1 << 16


class JournalReader:
    """Reads the attempts in the journals of a folder.

    Lines that are damaged or torn, and lines of other runs, are passed over and counted.

    Args:
        folder: the folder.
        run_uuid: the run whose attempts are wanted; None for those of all runs.
        num_tasks: the number of its tasks: a line of another task is damaged.

    Attributes:
        read: how many attempts were read.
        damaged: how many lines are no attempt.
        of_other_runs: how many lines are of other runs.
        is_complete: whether the last `read_on` read all that there was.
        is_folder_readable: whether it could list the folder.
    """

    def __init__(
        self, folder: Path, run_uuid: str | None = None, num_tasks: int = MOST_TASKS
    ) -> None:
        self._folder = folder
        self._run = run_uuid
        self._num_tasks = num_tasks
        self._files: dict[str, _File] = {}
        self._unreadable: set[str] = set()
        self.read = 0
        self.damaged = 0
        self.of_other_runs = 0
        self.is_complete = False
        self.is_folder_readable = True

    @property
    def unreadable_files(self) -> int:
        """How many files could not be read when they were looked at last."""
        return len(self._unreadable)

    def attempts(self) -> Iterator[Attempt]:
        """Yield all attempts, file by file, those of last lines without an end too.

        Raises:
            OSError: the folder cannot be read.
        """
        for name in self._names():
            yield from self._of_file(name, None, at_end=True)

    def read_on(self, most_bytes: int) -> Iterator[Attempt]:
        """Yield the attempts in the whole lines that were appended since the last time.

        What cannot be read is left out, and read later if it can be by then.

        Args:
            most_bytes: after how many bytes it ends, at the end of a line; the next call goes on
                there. `is_complete` tells whether all was read.
        """
        try:
            names, self.is_folder_readable = self._names(), True
        except OSError:
            names, self.is_folder_readable = [], False
        self._unreadable &= set(names)
        self.is_complete = False
        for name in names:
            before = self._at(name)
            yield from self._of_file(name, most_bytes, at_end=False)
            most_bytes -= self._at(name) - before
            if most_bytes <= 0:
                return
        self.is_complete = True

    def _names(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir() if path.suffix == ".jsonl")

    def _at(self, name: str) -> int:
        return self._files[name].at if name in self._files else 0

    def _of_file(self, name: str, most_bytes: int | None, *, at_end: bool) -> Iterator[Attempt]:
        file = self._files.setdefault(name, _File(self._folder / name))
        try:
            for line in file.lines(most_bytes, at_end=at_end):
                if line is None:
                    self.damaged += 1
                elif (found := self._attempt(line)) is not None:
                    yield found
        except OSError:
            self._unreadable.add(name)
        else:
            self._unreadable.discard(name)

    def _attempt(self, line: bytes) -> Attempt | None:
        if line.isspace():
            return None
        try:
            facts = facts_of(line)
            run = facts["run"]
            if self._run is not None and run != self._run:
                # A line that holds no run's name was damaged.
                self.of_other_runs += isinstance(run, str)
                self.damaged += not isinstance(run, str)
                return None
            found = attempt_of(facts)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            self.damaged += 1
            return None
        if found.task >= self._num_tasks:
            self.damaged += 1
            return None
        self.read += 1
        return found


class _File:
    """One file of a journal, and how far it was read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.at = 0
        self._is_in_long_line = False

    def lines(self, most_bytes: int | None, *, at_end: bool) -> Iterator[bytes | None]:
        """Yield the lines that follow; None for the begin of one that is too long to be kept.

        Args:
            most_bytes: after how many bytes it ends; None for all.
            at_end: whether a last line without an end is yielded too; else it is read once it has
                one.

        Raises:
            OSError: the file cannot be read.
        """
        with _opened(self._path, self.at) as file:
            if file is None:
                return
            begin = self.at
            while line := file.readline(LONGEST_BYTES):
                is_whole = line.endswith(b"\n")
                if not is_whole and len(line) < LONGEST_BYTES and not at_end:
                    return
                self.at += len(line)
                if self._is_in_long_line:
                    self._is_in_long_line = not is_whole
                elif is_whole or len(line) < LONGEST_BYTES:
                    yield line
                else:
                    self._is_in_long_line = True
                    yield None
                if most_bytes is not None and self.at - begin >= most_bytes:
                    return


@contextmanager
def _opened(path: Path, at: int) -> Generator[BinaryIO | None]:
    """Open a regular file that has more than was read; None for any other."""
    # Not blocking: a pipe of that name would make its reader wait for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size <= at:
            yield None
            return
        with os.fdopen(descriptor, "rb", buffering=_BUFFER_BYTES, closefd=False) as file:
            file.seek(at)
            yield file
    finally:
        os.close(descriptor)
