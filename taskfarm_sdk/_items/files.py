"""Files that are written once, from beginning to end, and read by several threads."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from typing import BinaryIO

from taskfarm_sdk.errors import TaskfarmError

BUFFERED_BYTES = 2**18


class Writer:
    """A buffer before a file, which may write less than it was given.

    Args:
        file: the file, at its beginning.

    Attributes:
        offset: how many bytes were written to it, and to the buffer.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = bytearray()
        self.offset = 0

    def write(self, content: bytes | bytearray) -> None:
        """Write bytes.

        Raises:
            TaskfarmError: they cannot be written.
        """
        self._buffer += content
        self.offset += len(content)
        if len(self._buffer) >= BUFFERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Give all bytes to the operating system.

        Raises:
            TaskfarmError: they cannot be written.
        """
        content, self._buffer = memoryview(self._buffer), bytearray()
        try:
            while content:
                content = content[self._file.write(content) :]
            self._file.flush()
        except OSError as error:
            raise TaskfarmError(
                f"the items cannot be stored: {error.strerror}", detail=error.strerror
            ) from error


class Reader:
    """A file of which threads read parts at the same time.

    Args:
        file: the file.
        damaged: makes the error for a file that is not as it was written.

    Attributes:
        size: the number of its bytes.
    """

    def __init__(self, file: BinaryIO, damaged: Callable[[str], TaskfarmError]) -> None:
        self._file = file
        self._damaged = damaged
        self._descriptor = _descriptor(file)
        self._lock = threading.Lock()
        self.size = self._size_now()

    def read(self, offset: int, length: int) -> bytes:
        """Return some bytes.

        Raises:
            TaskfarmError: the file has no such bytes, was changed since, or cannot be read.
        """
        if self._size_now() != self.size:
            raise self._damaged("it was changed while it was used")
        # Damaged numbers must not allocate memory.
        if offset + length > self.size:
            raise self._damaged("a part of it lies beyond its end")
        content = bytearray()
        try:
            while len(content) < length:
                piece = self._read_at(offset + len(content), length - len(content))
                if not piece:
                    raise self._damaged("it was cut while it was used")
                content += piece
        except OSError as error:
            raise self._damaged(f"it cannot be read ({error.strerror})") from error
        return bytes(content)

    def _read_at(self, offset: int, length: int) -> bytes:
        if self._descriptor is not None:
            return os.pread(self._descriptor, length, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(length)

    def _size_now(self) -> int:
        if self._descriptor is not None:
            return os.fstat(self._descriptor).st_size
        with self._lock:
            return self._file.seek(0, io.SEEK_END)


def _descriptor(file: BinaryIO) -> int | None:
    """Return the number of a file that the operating system reads at any place; else None."""
    if not hasattr(os, "pread"):
        return None
    try:
        return file.fileno()
    except OSError:
        return None
