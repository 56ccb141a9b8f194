"""The number of items with results, from the counts of their tasks: never a wrong one."""

from __future__ import annotations

import math

import pytest

from taskfarm_sdk import RunStatus
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._items.counts import ItemCount, items_done
from taskfarm_sdk._protocol.lease import Lease, encode

# 4 tasks of 10 items, and one of 6.
CHUNKS = Chunks(46, 5)


def status(
    percents: list[float], *, done: int, computing: int = 0, failed: int | None = None
) -> RunStatus:
    """Return the status of a run whose tasks have these percentages."""
    return RunStatus(
        num_tasks=len(percents),
        waiting=len(percents) - done - computing,
        computing=computing,
        done=done,
        failed=failed,
        percent_done=sum(percents) / len(percents),
    )


FAILED = encode(Lease(0.0, 3, 0, 7, failed=True))


@pytest.mark.parametrize(
    ("percents", "counts", "count"),
    [
        ([0, 0, 0, 0, 0], {"done": 0}, ItemCount(0, 46, "exactly")),
        ([100] * 5, {"done": 5, "failed": 0}, ItemCount(46, 46, "exactly")),
        ([100, 100, 0, 0, 0], {"done": 2}, ItemCount(20, 46, "about")),
        ([100, 50, 0, 0, 0], {"done": 1, "computing": 1}, ItemCount(15, 46, "about")),
        ([100, 100, 100, 100, 80], {"done": 4, "computing": 1}, ItemCount(46, 46, "about")),
        ([100, FAILED, 0, 0, 0], {"done": 2}, ItemCount(10, 46, "about")),
    ],
)
def test_while_a_run_goes_on_the_percentages_tell_about_how_many(
    percents: list[float], counts: dict[str, int], count: ItemCount
) -> None:
    assert items_done(CHUNKS, status(percents, **counts)) == count


@pytest.mark.parametrize(("failed", "least"), [(1, 36), (2, 26), (4, 6), (5, 0)])
def test_of_failed_tasks_no_item_is_claimed_to_be_done(failed: int, least: int) -> None:
    percents = [FAILED] * failed + [100.0] * (5 - failed)
    finished = status(percents, done=5, failed=failed)
    # Whichever tasks failed, also where the shortest succeeded.
    sizes = sorted(len(CHUNKS.of(task)) for task in range(5))
    assert sum(sizes[: 5 - failed]) == least
    assert items_done(CHUNKS, finished) == ItemCount(least, 46, "at least")


@pytest.mark.parametrize("odd", [math.nan, math.inf, -3.0, 1700.0])
def test_where_another_client_spoiled_the_percentage_done_tasks_are_counted(odd: float) -> None:
    assert items_done(CHUNKS, status([odd, 0, 0, 0, 0], done=4)) == ItemCount(36, 46, "about")


@pytest.mark.parametrize("chunks", [None, Chunks(5, 5), Chunks(40, 4)])
def test_where_chunks_are_unknown_or_of_one_item_nothing_is_counted(chunks: Chunks | None) -> None:
    assert items_done(chunks, status([100] * 5, done=5, failed=0)) is None


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (ItemCount(42, 42, "exactly"), "42 of 42 items done"),
        (ItemCount(1234, 1_000_000, "about"), "about 1,234 of 1,000,000 items done"),
        (ItemCount(0, 42, "at least"), "at least 0 of 42 items done"),
    ],
)
def test_a_count_says_how_certain_it_is(count: ItemCount, text: str) -> None:
    assert str(count) == text
