"""Read records by their places, quickly where these follow one another."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Self

import attrs

from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.record import HEAD_SIZE, Record, decode, decode_head

# Of one reader at once: systems allow 256 open files and more.
MOST_FILES = 32
# What is read beside a record that follows the last one grows to this.
MOST_AHEAD = 131_072
LEAST_AHEAD = 4_096


class Damaged(Exception):
    """A record is not what it was when its place was found."""


class RecordReader:
    """Reads records of a folder's files; for one thread.

    Args:
        folder: the results folder.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._files: OrderedDict[str, _File] = OrderedDict()
        self._last_name = ""
        self._last: _File | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            os.close(file.descriptor)
        self._files.clear()
        self._last = None

    def read(self, name: str, offset: int, item: int) -> Record:
        """Return a record.

        Args:
            name: the file's.
            offset: where the record is in it.
            item: which item it is of.

        Raises:
            Damaged: it is not there any more.
            ConfigurationError: the file may not be trusted.
        """
        file = self._last
        if file is None or name != self._last_name:
            file = self._use(name)
        begin = offset - file.start
        record = decode(file.block, begin, offset) if begin >= 0 else None
        if record is None:
            record = file.fetch(offset)
        if record is None or record[0] != item:
            raise Damaged
        return record

    def _use(self, name: str) -> _File:
        """Return an open file, which is now the one that was used last."""
        file = self._files.get(name) or self._open(name)
        self._files.move_to_end(name)
        self._last_name, self._last = name, file
        return file

    def _open(self, name: str) -> _File:
        if len(self._files) >= MOST_FILES:
            _, oldest = self._files.popitem(last=False)
            os.close(oldest.descriptor)
        try:
            file = self._files[name] = _File(self._folder.open_file(name))
        except FileNotFoundError:
            raise Damaged from None
        return file


@attrs.define
class _File:
    """An open file and the bytes read of it last."""

    descriptor: int
    block: bytes = b""
    start: int = 0
    ahead: int = LEAST_AHEAD

    def fetch(self, offset: int) -> Record | None:
        """Return the record at an offset, and keep what follows it; None if it is damaged."""
        # Only places that follow one another are worth reading more than is asked for.
        follows = self.start <= offset <= self.start + len(self.block)
        self.ahead = min(2 * self.ahead, MOST_AHEAD) if follows else LEAST_AHEAD
        self.block = os.pread(self.descriptor, self.ahead, offset)
        self.start = offset
        head = decode_head(self.block[:HEAD_SIZE], offset)
        if head is None:
            return None
        size = HEAD_SIZE + head.length
        if size <= len(self.block):
            return decode(self.block, 0, offset)
        return decode(_read_all(self.descriptor, offset, size), 0, offset)


def _read_all(descriptor: int, offset: int, length: int) -> bytes:
    # One call reads 2 GiB at most.
    first = os.pread(descriptor, length, offset)
    if len(first) == length:
        return first
    parts = [first]
    while parts[-1] and (left := length - sum(map(len, parts))):
        parts.append(os.pread(descriptor, left, offset + length - left))
    return b"".join(parts)
