"""The size of chunks that is chosen from how long the first items took."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk._items.chunks import MOST_ITEMS
from taskfarm_sdk._items.sizes import auto_size

MANY = 10**6


@pytest.mark.parametrize(
    ("typical_s", "items", "workers", "size"),
    [
        pytest.param(5.01, MANY, 2, 1, id="longer than 5 s, however many"),
        pytest.param(5.0, 5_000, 2, 1, id="5 s"),
        pytest.param(2.0, 5_000, 2, 1, id="2 s alone are enough"),
        pytest.param(1.9, 5_000, 2, 2, id="a bit less are not"),
        pytest.param(1.0, 5_000, 2, 3, id="1 s"),
        pytest.param(0.1, 50_000, 2, 35, id="0.1 s"),
        pytest.param(1e-4, 50_000_000, 2, 9_999, id="35,000 would fit"),
        pytest.param(0.0, MANY, 2, 9_999, id="no time at all"),
        pytest.param(1e-4, 100_000, 2, 6_250, id="8 chunks for each worker"),
        pytest.param(1e-4, 100, 64, 1, id="fewer items than 8 for each worker"),
        pytest.param(1.0, MANY, 2, 60, id="100 s would be 10,000 tasks, and 60 s are allowed"),
        pytest.param(0.1, MANY, 2, 100, id="10 s are 10,000 tasks"),
        pytest.param(0.1, MANY, 5_000, 25, id="8 chunks for each of many workers are more tasks"),
    ],
)
def test_the_size_follows_the_rule(typical_s: float, items: int, workers: int, size: int) -> None:
    assert auto_size([typical_s], items, workers) == size


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1e4), min_size=1, max_size=20),
    st.integers(1, 10**12),
    st.integers(1, 10**5),
)
def test_a_size_is_always_one_that_a_run_can_have(
    durations_s: list[float], items: int, workers: int
) -> None:
    size = auto_size(durations_s, items, workers)
    assert 1 <= size <= MOST_ITEMS
    assert size == 1 or size * workers * 8 <= items


@settings(deadline=None)
@given(st.floats(1e-3, 5.0))
def test_with_enough_items_a_chunk_takes_2_to_5_s(typical_s: float) -> None:
    size = auto_size([typical_s], 80_000, 1)
    many = -(-80_000 // 10_000)
    assert 2 <= size * typical_s <= 5 or size == many


def test_the_first_items_imports_do_not_count() -> None:
    assert auto_size([60.0, 0.1, 0.1], 50_000, 2) == auto_size([0.1], 50_000, 2)


def test_of_two_items_both_count() -> None:
    assert auto_size([1.5, 0.5], 5_000, 2) == auto_size([1.0], 5_000, 2)
