"""The record of one attempt at an item: its bytes, and how they are found in a file again.

A record is a head of 44 bytes and a payload. The head's checksum also covers the record's offset in
the file, so that a copy of a record in another record's payload is never taken for one.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from zlib import crc32

import attrs

MAGIC = b"\xabTF1"
# Magic, outcome, codec, attempt, item, seconds, length and checksum of the payload.
_BODY = struct.Struct("<4sBBxxIQdQI")
_CHECK = struct.Struct("<I")
_HEAD = struct.Struct("<4sBBxxIQdQII")
HEAD_SIZE = _HEAD.size
_CHECKED = _BODY.size
_OFFSETS = 0xFFFF_FFFF
# Looked up once: a million small items spend their time here.
_pack_body = _BODY.pack
_pack_check = _CHECK.pack
# A head without what only the reader of a value needs: outcome, attempt, item, length, checksums.
_unpack_found = struct.Struct("<4xBxxxIQ8xQII").unpack_from
MOST_ITEM = 2**64 - 1
MOST_ATTEMPT = 2**32 - 1

# Where a record is, its item, attempt and outcome. A bare tuple: a million are read in a second.
Found = tuple[int, int, int, int]
# Item, attempt, outcome, seconds and payload; bare for the same reason.
Record = tuple[int, int, int, float, bytes]


class Outcome(IntEnum):
    """How an attempt at an item ended."""

    SUCCESS = 1
    FAILURE = 2
    FINAL_FAILURE = 3


class Codec(IntEnum):
    """How a payload is encoded."""

    PICKLE = 1


@attrs.frozen
class Head:
    """A record without its payload.

    Attributes:
        item: the item's number.
        attempt: which attempt it was, 1 for the first.
        outcome: how it ended.
        codec: how the payload is encoded.
        took_s: how long the attempt took.
        length: how many bytes the payload has.
        checksum: the payload's.
    """

    item: int
    attempt: int
    outcome: int
    codec: int
    took_s: float
    length: int
    checksum: int


@attrs.frozen
class Scan:
    """What a scan found.

    Attributes:
        found: the whole records.
        damaged: where bytes are no records, as pairs of start and end.
        end: up to where the bytes are understood; those after it are, so far, a part of a record.
        head: the head of a record at `end` whose payload goes on behind the bytes; else None.
    """

    found: list[Found]
    damaged: list[tuple[int, int]]
    end: int
    head: Head | None = None


def encode_head(
    offset: int,
    item: int,
    attempt: int,
    outcome: int,
    codec: int,
    took_s: float,
    payload: bytes,
) -> bytes:
    """Return the head of a record that stands at an offset of its file.

    Plain integers for outcome and codec are packed in half the time.
    """
    body = _pack_body(MAGIC, outcome, codec, attempt, item, took_s, len(payload), crc32(payload))
    return body + _pack_check(crc32(body, offset & _OFFSETS))


def decode_head(data: bytes, offset: int) -> Head | None:
    """Return the head that stands at an offset of its file; None if it is damaged or cut."""
    if len(data) < HEAD_SIZE:
        return None
    magic, outcome, codec, attempt, item, took_s, length, checksum, check = _HEAD.unpack_from(data)
    if magic != MAGIC or crc32(data[:_CHECKED], offset & _OFFSETS) != check:
        return None
    return Head(item, attempt, outcome, codec, took_s, length, checksum)


def decode(data: bytes, position: int, offset: int) -> Record | None:
    """Return the record at a position of bytes; None if it is damaged or goes on behind them.

    Args:
        data: bytes of a file.
        position: where in them the record begins.
        offset: where in the file it begins.
    """
    begin = position + HEAD_SIZE
    if len(data) < begin:
        return None
    magic, outcome, _, attempt, item, took_s, length, checksum, check = _HEAD.unpack_from(
        data, position
    )
    head = data[position : position + _CHECKED]
    if magic != MAGIC or crc32(head, offset & _OFFSETS) != check:
        return None
    payload = data[begin : begin + length]
    if len(payload) != length or crc32(payload) != checksum:
        return None
    return item, attempt, outcome, took_s, payload


def scan(data: bytes, start: int) -> Scan:
    """Return the records in bytes of a file, beyond any that are damaged.

    Args:
        data: the bytes; a record begins with them, or they were not understood before.
        start: their offset in the file.
    """
    found: list[Found] = []
    damaged: list[tuple[int, int]] = []
    # Looked up once: a million small records spend their time here.
    unpack, is_magic, check_of = _unpack_found, data.startswith, crc32
    position, last = 0, len(data) - HEAD_SIZE
    while position <= last:
        outcome, attempt, item, length, checksum, check = unpack(data, position)
        offset = start + position
        head = data[position : position + _CHECKED]
        if check_of(head, offset & _OFFSETS) != check or not is_magic(MAGIC, position):
            position = _next_magic(data, position + 1)
            note(damaged, offset, start + position)
            continue
        begin = position + HEAD_SIZE
        end = begin + length
        if end > len(data):
            return Scan(found, damaged, offset, decode_head(data[position:begin], offset))
        if check_of(data[begin:end]) == checksum:
            found.append((offset, item, attempt, outcome))
        else:
            note(damaged, offset, start + end)
        position = end
    return Scan(found, damaged, start + position)


def _next_magic(data: bytes, position: int) -> int:
    """Return where the next record may begin: the last bytes can be a part of a magic."""
    place = data.find(MAGIC, position)
    return place if place >= 0 else max(position, len(data) - len(MAGIC) + 1)


def note(damaged: list[tuple[int, int]], start: int, end: int) -> None:
    """Add a damaged stretch, joined with the last if they touch."""
    if damaged and damaged[-1][1] == start:
        damaged[-1] = (damaged[-1][0], end)
    else:
        damaged.append((start, end))
