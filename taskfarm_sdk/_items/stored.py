"""Items stored in a file, chunk by chunk: whoever computes a chunk reads only that.

The file has, in this order: a magic number; the chunks, each a pickled list; a table with the
offset, length and checksum of each; a header in JSON; and an end of fixed length, which says where
table and header are. A grid or a range has one part in place of the chunks: its definition. The
file is written from its beginning to its end, so a file that was not finished has no end.
"""

from __future__ import annotations

import json
import pickle
import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, cast, overload

from taskfarm_sdk import _caught
from taskfarm_sdk._items import columns
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.digests import Digest
from taskfarm_sdk._items.files import Reader, Writer
from taskfarm_sdk._items.grids import Axis, Grid
from taskfarm_sdk._items.items import Items, source_of
from taskfarm_sdk._items.sources import Given, Source
from taskfarm_sdk._pickles import pack_value
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError

MAGIC = b"TFitems1"
_ENTRY = struct.Struct("<QQI")  # of the table: offset, length, checksum
_END = struct.Struct("<QQII8s")  # see _End


class _End(NamedTuple):
    """Where the table and the header begin. The header is all between its beginning and this."""

    table: int
    header: int
    header_checksum: int
    checksum: int
    magic: bytes


class _Summary(NamedTuple):
    """What is known of items once all were read."""

    columns: tuple[str, ...] | None
    digest: str | None
    kind: str


def write_items(file: BinaryIO, items: Sequence[object], chunks: Chunks) -> None:
    """Write items so that `StoredItems` reads them; the caller syncs and closes the file.

    Args:
        file: a new, empty file.
        items: the items, which are read once, in order.
        chunks: how they are cut.

    Raises:
        ConfigurationError: an item cannot be pickled, or there are not as many as `chunks` says.
        TaskfarmError: the file cannot be written.
    """
    known = Items.of(items)
    _check_number(len(known), chunks)
    out = Writer(file)
    out.write(MAGIC)
    source = source_of(known)
    table = bytearray()
    if (definition := _definition_of(source)) is None:
        summary = _write_chunks(out, table, source, chunks)
    else:
        kind, content = definition
        _write_part(out, table, _packed_definition(content))
        summary = _Summary(source.columns, source.digest(), kind)
    _write_end(out, table, summary, chunks)


def _write_chunks(
    out: Writer, table: bytearray, source: Source[object], chunks: Chunks
) -> _Summary:
    remaining = iter(source)
    digest, shared, done = Digest(), columns.Shared(), 0
    while chunk := list(islice(remaining, chunks.size)):
        _write_part(out, table, _packed(chunk, done))
        digest.add(chunk)
        shared.add(chunk)
        done += len(chunk)
    _check_number(done, chunks)
    return _Summary(shared.value(), digest.value(), "values")


def _write_part(out: Writer, table: bytearray, content: bytes) -> None:
    table += _ENTRY.pack(out.offset, len(content), zlib.crc32(content))
    out.write(content)


def _write_end(out: Writer, table: bytearray, summary: _Summary, chunks: Chunks) -> None:
    header = json.dumps({**summary._asdict(), "items": chunks.items, "tasks": chunks.tasks})
    content = header.encode()
    end = _End(
        table=out.offset,
        header=out.offset + len(table),
        header_checksum=zlib.crc32(content),
        checksum=0,
        magic=MAGIC,
    )
    out.write(table)
    out.write(content)
    out.write(_END.pack(*end._replace(checksum=_checksum(end))))
    out.flush()


def _checksum(end: _End) -> int:
    return zlib.crc32(_END.pack(*end._replace(checksum=0)))


def _check_number(number: int, chunks: Chunks) -> None:
    if number != chunks.items:
        raise ConfigurationError(
            f"there are {number:,} items, but the run is for {chunks.items:,}: the items must not "
            "change while they are read"
        )


def _packed(chunk: list[object], first: int) -> bytes:
    try:
        return pack_value(chunk)
    except Exception as error:
        for number, item in enumerate(chunk, start=first):
            _check_item(number, item)
        raise ConfigurationError(
            f"items {first} to {first + len(chunk) - 1} cannot be sent to another process "
            f"({_caught.describe(error)})"
        ) from error


def _check_item(number: int, item: object) -> None:
    try:
        pack_value(item)
    except Exception as error:
        raise ConfigurationError(
            f"item {number}, of type {type(item).__name__}, cannot be sent to another process "
            f"({_caught.describe(error)}): give what it is made from, and make it in the function"
        ) from error


def _packed_definition(content: object) -> bytes:
    try:
        return pack_value(content)
    except Exception as error:
        raise ConfigurationError(
            f"the grid has a value that cannot be sent to another process "
            f"({_caught.describe(error)}): give what it is made from, and make it in the function"
        ) from error


def _definition_of(source: Source[object]) -> tuple[str, object] | None:
    """Return what is stored in place of the items, with its kind; None to store the items."""
    if isinstance(source, Grid):
        return "grid", [(axis.name, axis.values) for axis in source.axes]
    if isinstance(source, Given):
        values = source.values
        return ("range", values) if isinstance(values, range) else None
    return None


def _defined(kind: str, content: object) -> Source[object]:
    if kind == "grid":
        axes = cast("list[tuple[str, Sequence[Any]]]", content)
        return Grid(Axis(name, values) for name, values in axes)
    return Given(cast("range", content))


class StoredItems(Sequence[object]):
    """The items in a file that `write_items` wrote.

    Unpickling runs code: the caller has checked whose file it is.

    Args:
        file: the file, which stays open while this is used.
        where: its folder, for messages.

    Attributes:
        chunks: how the items are cut.
        columns: the keys that all items have; None if they are no dicts with the same keys.
        digest: the digest of the items; None if an item has none.

    Raises:
        TaskfarmError: the file is damaged, not finished, or no file of items.
    """

    def __init__(self, file: BinaryIO, where: str | None = None) -> None:
        self._damaged = partial(_damaged, where)
        self._file = Reader(file, self._damaged)
        self._table, header = self._opened()
        known = header["columns"]
        self.chunks: Chunks = Chunks(header["items"], header["tasks"])
        self.columns: tuple[str, ...] | None = None if known is None else tuple(known)
        self.digest: str | None = header["digest"]
        self._source: Source[object] | None = None
        if header["kind"] != "values":
            self._source = _defined(header["kind"], self._part(0, "the definition of the items"))

    def chunk(self, task: int) -> list[object]:
        """Return the items of a task, and read nothing else. Threads may call it at the same time.

        Raises:
            ConfigurationError: the run has no task with this number.
            TaskfarmError: the file is damaged or was changed, or an item cannot be unpickled here.
        """
        numbers = self.chunks.of(task)
        if self._source is not None:
            return [self._source.at(number) for number in numbers]
        items = self._part(task, f"items {numbers.start} to {numbers.stop - 1}")
        if not isinstance(items, list) or len(cast("list[object]", items)) != len(numbers):
            raise self._damaged(f"the part of task {task} has other items")
        return cast("list[object]", items)

    def __len__(self) -> int:
        return self.chunks.items

    @overload
    def __getitem__(self, index: int) -> object: ...

    @overload
    def __getitem__(self, index: slice) -> list[object]: ...

    def __getitem__(self, index: int | slice) -> object | list[object]:
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return list(self._of(numbers))
        return next(self._of(range(numbers, numbers + 1)))

    def __iter__(self) -> Iterator[object]:
        return self._of(range(len(self)))

    def _of(self, numbers: range) -> Iterator[object]:
        """Yield items, and hold one chunk of them at a time."""
        if self._source is not None:
            yield from map(self._source.at, numbers)
            return
        size, held, chunk = self.chunks.size, -1, list[object]()
        for number in numbers:
            task, place = divmod(number, size)
            if task != held:
                held, chunk = task, self.chunk(task)
            yield chunk[place]

    def _opened(self) -> tuple[int, dict[str, Any]]:
        """Return where the table is, and the header, once the file is known to be whole."""
        size = self._file.size
        if size < len(MAGIC) + _END.size or self._file.read(0, len(MAGIC)) != MAGIC:
            raise self._damaged("it is no file of items, or another version wrote it")
        end = _End(*_END.unpack(self._file.read(size - _END.size, _END.size)))
        if end.magic != MAGIC or end.checksum != _checksum(end):
            raise self._damaged("it was not written to its end, or was changed later")
        # Of a file that grew, this is too much.
        header = self._file.read(end.header, size - _END.size - end.header)
        if zlib.crc32(header) != end.header_checksum:
            raise self._damaged("its header is damaged")
        return end.table, json.loads(header)

    def _part(self, number: int, what: str) -> object:
        entry = self._file.read(self._table + number * _ENTRY.size, _ENTRY.size)
        offset, length, checksum = _ENTRY.unpack(entry)
        content = self._file.read(offset, length)
        if zlib.crc32(content) != checksum:
            raise self._damaged(f"{what} are damaged")
        try:
            return pickle.loads(content)  # noqa: S301 - the caller has checked whose file it is
        except Exception as error:
            raise TaskfarmError(
                f"{what} cannot be unpickled here ({_caught.describe(error)}): use the Python and "
                "the packages that the run was created with"
            ) from error


def _damaged(where: str | None, fault: str) -> TaskfarmError:
    place = "" if where is None else f" in '{where}'"
    return TaskfarmError(
        f"the file of the items{place} cannot be used: {fault}. Restore it from a copy, or "
        "start again with another folder"
    )
