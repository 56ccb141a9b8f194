"""The position in a chunk: kept for the next report, never past an item that needs work."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_sdk import Task
from taskfarm_sdk._items.chunks import MOST_ITEMS, position
from taskfarm_sdk._protocol.lease import Lease, decode, encode
from taskfarm_sdk.execution.parts import ChunkPosition
from tests.support.handles import NotingHandle

SIZE = 100
ITEMS = range(300, 400)


def kept(handle: NotingHandle, size: int = SIZE) -> int:
    """Return the position that the next holder finds in the lease of a handle's task."""
    lease = decode(encode(Lease(handle.percent, 0, 0, 0)))
    assert lease is not None
    return position(lease.percent, size)


def test_an_attempt_begins_where_the_last_one_ended() -> None:
    first = NotingHandle()
    before = ChunkPosition(Task(first), ITEMS, SIZE)
    for item in range(300, 317):
        before.done(item)
    second = NotingHandle(percent=first.percent)
    assert ChunkPosition(Task(second), ITEMS, SIZE).open_items == list(range(317, 400))


@given(st.integers(1, MOST_ITEMS).flatmap(lambda c: st.tuples(st.just(c), st.integers(0, c))))
def test_the_position_is_exact_in_chunks_of_any_size(given: tuple[int, int]) -> None:
    size, done = given
    handle = NotingHandle()
    ChunkPosition(Task(handle), range(size), size, range(done, size))
    assert kept(handle, size) == done


def test_it_stays_before_an_item_that_failed_and_moves_on_once_that_is_done() -> None:
    handle = NotingHandle()
    at = ChunkPosition(Task(handle), ITEMS, SIZE)
    for item in (300, 302, 303):
        at.done(item)
    assert (kept(handle), at.num_done) == (1, 3)
    at.done(301)
    assert (kept(handle), at.num_done) == (4, 4)


def test_in_any_order_it_never_passes_an_item_that_needs_work() -> None:
    handle, chance = NotingHandle(), random.Random(7)
    at = ChunkPosition(Task(handle), ITEMS, SIZE)
    left = list(ITEMS)
    chance.shuffle(left)
    while left:
        at.done(left.pop())
        assert kept(handle) == min(left, default=400) - 300


def test_what_a_folder_says_is_open_counts_and_not_the_percentage() -> None:
    handle = NotingHandle(percent=99.0)
    at = ChunkPosition(Task(handle), ITEMS, SIZE, [399, 310])
    assert (at.open_items, at.num_done, kept(handle)) == ([310, 399], 98, 10)


def test_a_shorter_last_chunk_counts_in_the_runs_chunks() -> None:
    first = NotingHandle()
    at = ChunkPosition(Task(first), range(400, 430), SIZE)
    for item in range(400, 420):
        at.done(item)
    assert first.percent == 20.0
    again = ChunkPosition(Task(NotingHandle(percent=20.0)), range(400, 430), SIZE)
    assert again.open_items == list(range(420, 430))


@pytest.mark.parametrize("percent", [0.0, 50.0])
def test_it_asks_for_no_report(percent: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def report(_: NotingHandle, percent: float) -> None:
        raise AssertionError(f"a report of {percent} was asked for")

    monkeypatch.setattr(NotingHandle, "report", report)
    at = ChunkPosition(Task(NotingHandle(percent=percent)), ITEMS, SIZE)
    at.done(399)
