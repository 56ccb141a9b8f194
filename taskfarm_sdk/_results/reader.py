"""Read records by their places, quickly where these follow one another."""

from __future__ import annotations

import os
from collections import OrderedDict
from zlib import crc32

import attrs

from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.record import HEAD_SIZE, Head, decode_head

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

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            os.close(file.descriptor)
        self._files.clear()

    def read(self, name: str, offset: int, item: int) -> tuple[Head, bytes]:
        """Return a record and its payload.

        Args:
            name: the file's.
            offset: where the record is in it.
            item: which item it is of.

        Raises:
            Damaged: it is not there any more.
            ConfigurationError: the file may not be trusted.
        """
        file = self._files.get(name)
        if file is None:
            file = self._open(name)
        elif len(self._files) > 1:
            self._files.move_to_end(name)
        head = decode_head(file.read(offset, HEAD_SIZE), offset)
        if head is None or head.item != item:
            raise Damaged
        payload = file.read(offset + HEAD_SIZE, head.length)
        if crc32(payload) != head.checksum:
            raise Damaged
        return head, payload

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

    def read(self, offset: int, length: int) -> bytes:
        begin = offset - self.start
        if 0 <= begin and begin + length <= len(self.block):
            return self.block[begin : begin + length]
        # Only places that follow one another are worth reading more than is asked for.
        follows = 0 <= begin <= len(self.block)
        self.ahead = min(2 * self.ahead, MOST_AHEAD) if follows else LEAST_AHEAD
        self.block = os.pread(self.descriptor, max(length, self.ahead), offset)
        self.start = offset
        return self.block[:length]
