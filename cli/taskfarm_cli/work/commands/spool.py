"""Spool of one stream: in memory, and beyond a limit in an unnamed file."""

from __future__ import annotations

import os
import tempfile
from typing import IO

CHUNK = 1 << 20
# Most commands write less, and a file costs each of them three system calls.
IN_MEMORY_BYTES = 64 << 10


class Spool:
    """The content of one stream of a command; the commands of a slot use it one after another.

    Attributes:
        place: the folder of the file.
    """

    def __init__(self) -> None:
        self.place: str = tempfile.gettempdir()
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self._rest = bytearray()
        self._taken = 0

    def write(self, content: bytes) -> int:
        """Add the beginning of this, and return how many bytes that is.

        Raises:
            OSError: the file cannot grow; nothing of this was added.
        """
        room = 0 if self._in_file else IN_MEMORY_BYTES - len(self._rest)
        if room > 0:
            self._rest += content[:room]
            return min(room, len(content))
        while self._rest:
            del self._rest[: self._append(bytes(self._rest))]
        return self._append(content)

    def take(self, *, whole_lines: bool) -> bytes:
        """Return what came since the last call, `CHUNK` bytes at most.

        Args:
            whole_lines: leave a line that has no end yet, unless it fills a chunk alone.
        """
        content = self._from_file() if self._taken < self._in_file else self._from_memory()
        if whole_lines and len(content) < CHUNK:
            content = content[: content.rfind(b"\n") + 1]
        self._taken += len(content)
        return content

    def rewind(self) -> None:
        """Have `take` begin at the start again."""
        self._taken = 0

    def empty(self) -> None:
        """Remove all content."""
        if self._in_file and self._file is not None:
            os.ftruncate(self._file.fileno(), 0)
        self._in_file = self._taken = 0
        self._rest.clear()

    def close(self) -> None:
        """Close the file, which deletes it."""
        if self._file is not None:
            self._file.close()

    def _append(self, content: bytes) -> int:
        if self._file is None:
            self._file = tempfile.TemporaryFile(  # noqa: SIM115 - it serves later commands too
                prefix="taskfarm-", buffering=0, dir=self.place
            )
        written = os.pwrite(self._file.fileno(), content, self._in_file)
        self._in_file += written
        return written

    def _from_file(self) -> bytes:
        assert self._file is not None
        # Content that did not fit into a full file follows in memory.
        there = min(self._in_file - self._taken, CHUNK)
        return os.pread(self._file.fileno(), there, self._taken)

    def _from_memory(self) -> bytes:
        return bytes(self._rest[self._taken - self._in_file :])
