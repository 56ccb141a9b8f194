"""Chunks: each item is in one of them, and a percentage keeps the position in one exactly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk._items.chunks import MOST_ITEMS, Chunks, hundredths, position
from taskfarm_sdk._protocol.lease import Lease, decode, encode

SIZES = range(1, MOST_ITEMS + 1)
# Those at which the same formula in floats passes over an item, the ends, and some odd ones.
ALL_POSITIONS_OF = (*range(1, 130), 500, 997, 1_000, 3_333, 5_000, 6_666, 9_973, 9_998, 9_999)
sizes = st.integers(1, MOST_ITEMS)


def position_kept(done: int, size: int) -> int:
    """Return the position that is read from the percentage of another."""
    return position(hundredths(done, size) / 100, size)


@pytest.mark.parametrize("items", range(1, 60))
def test_each_item_is_in_one_chunk_and_the_chunks_are_in_order(items: int) -> None:
    for size in range(1, items + 3):
        chunks = Chunks.cut(items, size)
        numbers = [number for task in range(chunks.tasks) for number in chunks.of(task)]
        assert numbers == list(range(items))
        assert [chunks.task_of(number) for number in numbers] == [
            task for task in range(chunks.tasks) for _ in chunks.of(task)
        ]


@settings(deadline=None)
@given(st.integers(1, 2**31 - 1), sizes)
def test_what_is_asked_for_decides_the_tasks_and_they_decide_the_size(
    items: int, asked: int
) -> None:
    chunks = Chunks.cut(items, asked)
    assert chunks.tasks == -(-items // asked)
    assert chunks.size == -(-items // chunks.tasks) <= asked
    assert Chunks(items, chunks.tasks) == chunks
    assert len(chunks.of(chunks.tasks - 1)) >= 1
    assert chunks.of(chunks.tasks - 1).stop == items


@settings(deadline=None)
@given(st.data())
def test_an_items_task_has_it(data: st.DataObject) -> None:
    chunks = Chunks.cut(data.draw(st.integers(1, 10**9)), data.draw(sizes))
    item = data.draw(st.integers(0, chunks.items - 1))
    assert item in chunks.of(chunks.task_of(item))


@pytest.mark.parametrize("size", ALL_POSITIONS_OF)
def test_a_position_is_kept_exactly(size: int) -> None:
    kept = [position_kept(done, size) for done in range(size + 1)]
    assert kept == list(range(size + 1))


def test_in_a_chunk_of_any_size_no_item_is_passed_over_or_repeated() -> None:
    for size in SIZES:
        for done in {0, 1, size // 3, size // 2, size - 1, size, *range(0, size, size // 7 + 1)}:
            assert position_kept(done, size) == done


@settings(deadline=None)
@given(st.data())
def test_a_position_in_a_lease_is_kept(data: st.DataObject) -> None:
    size = data.draw(sizes)
    done = data.draw(st.integers(0, size))
    kept = decode(encode(Lease(hundredths(done, size) / 100, 2, 3, 4)))
    assert kept is not None
    assert position(kept.percent, size) == done


def test_an_unfinished_chunk_never_looks_finished() -> None:
    assert all(hundredths(size - 1, size) < 10_000 for size in SIZES)
    assert all(position(99.99, size) == size for size in SIZES)


@pytest.mark.parametrize(
    ("items", "size", "said"),
    [
        pytest.param(0, 1, "at least 1", id="no items"),
        pytest.param(True, 1, "at least 1", id="a truth value"),
        pytest.param(5, 0, "chunk must be an integer of at least 1", id="size 0"),
        pytest.param(10**6, 10_000, r"9,999.*which are 101 tasks or more", id="size 10,000"),
        pytest.param(10**12, 100, r"10,000,000,000 tasks.*up to 9,999", id="too many tasks"),
        pytest.param(10**14, 9_999, "among several runs", id="too many items"),
    ],
)
def test_what_cannot_be_cut_is_refused(items: int, size: int, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Chunks.cut(items, size)


@pytest.mark.parametrize(
    ("items", "tasks", "said"),
    [
        pytest.param(10, 7, "chunks of 2 are 5 tasks", id="empty chunks"),
        pytest.param(10, 11, "chunks of 1 are 10 tasks", id="more tasks than items"),
        pytest.param(10**6, 2, "at most 9,999 items, not 500,000", id="large chunks"),
        pytest.param(10, 0, "number of tasks", id="no tasks"),
    ],
)
def test_a_run_of_other_items_is_refused(items: int, tasks: int, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Chunks(items, tasks)


def test_numbers_that_are_not_there_are_refused() -> None:
    chunks = Chunks.cut(10, 4)
    for task in (-1, 3):
        with pytest.raises(ConfigurationError, match="from 0 to 2"):
            chunks.of(task)
    for item in (-1, 10):
        with pytest.raises(ConfigurationError, match="from 0 to 9"):
            chunks.task_of(item)


@pytest.mark.parametrize("percent", [-1.0, 101.0, float("nan")])
def test_what_is_no_percentage_is_no_position(percent: float) -> None:
    with pytest.raises(ConfigurationError, match="from 0 to 100"):
        position(percent, 10)
