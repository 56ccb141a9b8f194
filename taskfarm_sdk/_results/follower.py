"""Follow the results files of a folder: read what was appended, each byte once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from zlib import crc32

import attrs

from taskfarm_sdk._results import names
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.record import HEAD_SIZE, Found, Head, Scan, note, scan

BLOCK = 1 << 20

Take = Callable[[int, list[Found]], None]


@attrs.define
class _Followed:
    """How far a file was read.

    Attributes:
        number: its number in the order in which files were found.
        position: up to where it was understood.
        size: how large it was then.
        damaged: where bytes before the position are no records, as pairs of start and end.
    """

    number: int
    position: int = 0
    size: int = 0
    damaged: list[tuple[int, int]] = attrs.field(factory=list[tuple[int, int]])

    @property
    def is_doubtful(self) -> bool:
        """Whether bytes of it may be late: some are damaged, or not understood so far."""
        return bool(self.damaged) or self.position < self.size

    def reopen_end(self) -> None:
        """Understand anew what is damaged at the end: a record there can reach beyond it."""
        if self.damaged and self.damaged[-1][1] == self.position:
            self.position = self.damaged.pop()[0]


class Follower:
    """The results files of a folder, and how far each was read; can be pickled.

    Args:
        folder: the results folder.

    Attributes:
        folder: the results folder.
        files: the names of the files, in the order in which they were found.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.files: list[str] = []
        self._followed: dict[str, _Followed] = {}

    @property
    def damaged_bytes(self) -> int:
        """How many bytes before the positions are no records."""
        return sum(end - start for one in self._followed.values() for start, end in one.damaged)

    def restart_if_cut(self) -> bool:
        """Forget everything if a file was cut or removed; return whether that was so.

        A writer cuts its file after an error, and what it cut away may have been read.
        """
        for name, followed in self._followed.items():
            if (self.folder.size(name) or 0) < followed.position:
                self.files = []
                self._followed = {}
                return True
        return False

    def read_on(self, take: Take, *, again: bool = False) -> None:
        """Read what is new.

        Args:
            take: called with the number of a file in `files` and whole records of it; records of
                which it raised an error, and those that were damaged, can come again.
            again: whether damaged stretches are read again. On a network file system they always
                are: another machine can see a file's new size before its new bytes.

        Raises:
            ConfigurationError: a file may not be trusted.
        """
        doubtful = any(one.is_doubtful for one in self._followed.values())
        again = doubtful and (again or self.folder.is_network)
        for name in self.folder.names():
            if not names.is_results_file(name):
                continue
            size = self.folder.size(name)
            followed = self._followed.get(name)
            if size is None:
                continue
            if followed and size == followed.size and not (again and followed.is_doubtful):
                continue
            if followed is None:
                followed = self._followed[name] = _Followed(len(self.files))
                self.files.append(name)
            self._read_file(name, followed, take, again=again)

    def _read_file(self, name: str, followed: _Followed, take: Take, *, again: bool) -> None:
        try:
            # Opened anew each time: a network file system looks for new bytes then.
            descriptor = self.folder.open_file(name)
        except FileNotFoundError:
            return
        try:
            size = os.fstat(descriptor).st_size
            if again:
                followed.reopen_end()
                followed.damaged = _read_damaged(descriptor, followed, take)
            for part in _parts(descriptor, followed.position, size):
                take(followed.number, part.found)
                followed.position = part.end
                for start, end in part.damaged:
                    note(followed.damaged, start, end)
            followed.size = size
        finally:
            os.close(descriptor)


def _read_damaged(descriptor: int, followed: _Followed, take: Take) -> list[tuple[int, int]]:
    """Read the damaged stretches of a file again, and return those that still are."""
    still: list[tuple[int, int]] = []
    for start, stop in followed.damaged:
        position = start
        for part in _parts(descriptor, start, stop):
            take(followed.number, part.found)
            position = part.end
            for from_, to in part.damaged:
                note(still, from_, to)
        if position < stop:
            note(still, position, stop)
    return still


def _parts(descriptor: int, start: int, stop: int) -> Iterator[Scan]:
    """Yield what is understood of a stretch of a file, part by part."""
    position = start
    while position < stop:
        data = os.pread(descriptor, min(BLOCK, stop - position), position)
        part = scan(data, position)
        if part.end == position:
            if part.head is None or position + HEAD_SIZE + part.head.length > stop:
                return  # the record is not whole, so far
            part = _large(descriptor, position, part.head)
        yield part
        position = part.end


def _large(descriptor: int, offset: int, head: Head) -> Scan:
    """Return a record whose payload is larger than a block."""
    begin = offset + HEAD_SIZE
    end = begin + head.length
    checksum = 0
    for position in range(begin, end, BLOCK):
        checksum = crc32(os.pread(descriptor, min(BLOCK, end - position), position), checksum)
    if checksum != head.checksum:
        return Scan([], [(offset, end)], end)
    return Scan([(offset, head.item, head.attempt, head.outcome)], [], end)
