"""`--joblog`: a line for each attempt at an item, in GNU parallel's columns."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from typing import NamedTuple

from taskfarm_cli.common.text import shell_words

COLUMNS = (
    *("Seq", "Host", "Starttime", "JobRuntime"),
    *("Send", "Receive", "Exitval", "Signal", "Command"),
)


class Entry(NamedTuple):
    """The result of one attempt at an item.

    Attributes:
        item: the item's number, from 0; in chunks of 1 it is the task's.
        command: what was run.
        started_at: when, in seconds since 1970.
        took_s: how long it took.
        status: its exit status, or the negative number of the signal that ended it.
    """

    item: int
    command: Sequence[str]
    started_at: float
    took_s: float
    status: int


class JobLog:
    """Adds to a file; several workTF on one machine may share it.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_torn = False
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self._host = socket.gethostname()
        if os.fstat(self._file).st_size == 0:
            self._write(COLUMNS)

    def add(self, entry: Entry) -> None:
        """Write the line of an attempt.

        Raises:
            OSError: it cannot be written.
        """
        exit_value, signal = max(entry.status, 0), max(-entry.status, 0)
        # Send and Receive are 0: no files are transferred.
        facts = (f"{entry.started_at:.3f}", f"{entry.took_s:10.3f}", 0, 0, exit_value, signal)
        self._write((entry.item + 1, self._host, *facts, shell_words(entry.command)))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, cells: Sequence[object]) -> None:
        line = "\t".join(str(cell) for cell in cells)
        # A full disk may have cut the last line, which must not corrupt the next.
        content = os.fsencode(("\n" if self._is_torn else "") + line + "\n")
        written = os.write(self._file, content)
        self._is_torn = written < len(content)
        if self._is_torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._path)
