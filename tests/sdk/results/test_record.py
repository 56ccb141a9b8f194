"""Records: whatever happens to a file, whole records are read and none is invented."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_sdk._results.record import (
    HEAD_SIZE,
    MAGIC,
    MOST_ATTEMPT,
    MOST_ITEM,
    Codec,
    Found,
    Outcome,
    decode,
    decode_head,
    encode_head,
    scan,
)


def record(offset: int, item: int, payload: bytes = b"value", attempt: int = 1) -> bytes:
    head = encode_head(offset, item, attempt, Outcome.SUCCESS, Codec.PICKLE, 0.5, payload)
    return head + payload


def file_of(*payloads: bytes, first: int = 0) -> bytes:
    """Return a file with a record for each payload."""
    data = b""
    for item, payload in enumerate(payloads, start=first):
        data += record(len(data), item, payload)
    return data


def items(found: list[Found]) -> list[int]:
    return [item for _, item, _, _ in found]


def found_in(data: bytes) -> list[int]:
    return items(scan(data, 0).found)


def starts_of(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each record of an undamaged file."""
    position = 0
    while position < len(data):
        head = decode_head(data[position : position + HEAD_SIZE], position)
        assert head is not None
        yield position, position + HEAD_SIZE + head.length
        position += HEAD_SIZE + head.length


@given(
    offset=st.integers(0, 2**50),
    item=st.integers(0, MOST_ITEM),
    attempt=st.integers(1, MOST_ATTEMPT),
    outcome=st.sampled_from(Outcome),
    codec=st.sampled_from(Codec),
    took_s=st.floats(0, 1e9),
    payload=st.binary(max_size=200),
)
def test_a_record_is_read_as_it_was_written(
    offset: int,
    item: int,
    attempt: int,
    outcome: Outcome,
    codec: Codec,
    took_s: float,
    payload: bytes,
) -> None:
    head = encode_head(offset, item, attempt, outcome, codec, took_s, payload)
    read = decode_head(head, offset)
    assert read is not None
    assert (read.item, read.attempt, read.outcome) == (item, attempt, outcome)
    assert (read.codec, read.took_s, read.length) == (codec, took_s, len(payload))
    assert decode(b"x" + head + payload, 1, offset) == (item, attempt, outcome, took_s, payload)
    assert scan(head + payload, offset).found == [(offset, item, attempt, outcome)]


def test_the_bytes_of_a_record_are_those_that_the_reference_describes() -> None:
    data = record(7, item=5, payload=b"abc", attempt=2)
    magic, outcome, codec, attempt, item, took_s, length = struct.unpack_from("<4sBBxxIQdQ", data)
    assert (magic, outcome, codec) == (MAGIC, 1, 1)
    assert (attempt, item, took_s, length) == (2, 5, 0.5, 3)
    assert HEAD_SIZE == 44
    assert data[44:] == b"abc"


@pytest.mark.parametrize("cut", range(len(file_of(b"one", b"", b"three"))))
def test_of_a_file_cut_at_any_byte_the_whole_records_are_read(cut: int) -> None:
    data = file_of(b"one", b"", b"three")
    ends = [end for _, end in starts_of(data)]
    part = scan(data[:cut], 0)
    assert items(part.found) == [item for item, end in enumerate(ends) if end <= cut]
    assert part.damaged == []
    # Read on from there, the file is complete.
    rest = scan(data[part.end :], part.end)
    assert items(part.found) + items(rest.found) == [0, 1, 2]


@pytest.mark.parametrize("place", range(len(file_of(b"one", b"", b"three"))))
def test_a_flipped_byte_costs_its_record_and_no_other(place: int) -> None:
    data = bytearray(file_of(b"one", b"", b"three"))
    spoilt = next(
        item for item, (start, end) in enumerate(starts_of(bytes(data))) if start <= place < end
    )
    for bit in range(8):
        data[place] ^= 1 << bit
        assert found_in(bytes(data)) == [item for item in range(3) if item != spoilt]
        data[place] ^= 1 << bit


@pytest.mark.parametrize("size", [1, 43, 44, 45, 4096])
@pytest.mark.parametrize("filler", [b"\0", MAGIC, b"\xab"], ids=["zeros", "magic", "half_a_magic"])
def test_records_after_foreign_bytes_are_found(filler: bytes, size: int) -> None:
    before = (filler * size)[:size]
    data = before + record(size, 3) + record(size + len(record(size, 3)), 4)
    part = scan(data, 0)
    assert items(part.found) == [3, 4]
    assert part.damaged == [(0, size)]


def test_a_copy_of_records_in_a_payload_is_no_record() -> None:
    inner = file_of(b"one", b"two", first=7)
    data = file_of(inner, b"after")
    assert found_in(data) == [0, 1]
    spoilt = b"\0" + data[1:]
    assert found_in(spoilt) == [1]


@given(st.binary(max_size=400))
def test_arbitrary_bytes_hold_no_record(data: bytes) -> None:
    part = scan(data, 0)
    assert part.found == []
    assert part.end <= len(data)


@given(data=st.data())
def test_whatever_is_overwritten_the_other_records_are_read(data: st.DataObject) -> None:
    payloads = data.draw(st.lists(st.binary(max_size=60), min_size=1, max_size=6))
    content = file_of(*payloads)
    start = data.draw(st.integers(0, len(content) - 1))
    spoilt = data.draw(st.binary(min_size=1, max_size=len(content) - start))
    changed = content[:start] + spoilt + content[start + len(spoilt) :]
    whole = [
        item
        for item, (begin, end) in enumerate(starts_of(content))
        if changed[begin:end] == content[begin:end]
    ]
    assert found_in(changed) == whole


def test_a_head_whose_payload_goes_on_is_told() -> None:
    data = record(0, 1, b"x" * 1000)
    part = scan(data[:500], 0)
    assert part.found == []
    assert part.end == 0
    assert part.head is not None
    assert part.head.length == 1000


@pytest.mark.parametrize("cut", [0, 1, HEAD_SIZE - 1, HEAD_SIZE, HEAD_SIZE + 4])
def test_a_cut_record_is_not_decoded(cut: int) -> None:
    assert decode(record(0, 1)[:cut], 0, 0) is None
