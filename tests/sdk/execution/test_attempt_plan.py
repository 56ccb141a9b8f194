"""The order of an attempt at a chunk, its early end, and the reason of its failure."""

from __future__ import annotations

import random

import pytest

from taskfarm_sdk.execution.attempt_plan import (
    NAMED_MOST,
    in_order,
    is_hopeless,
    reason,
    recorded_attempts,
)

MAX_ATTEMPTS = 3


def test_a_first_attempt_computes_the_open_items_in_order() -> None:
    assert in_order([3, 5, 9], attempts=0) == [3, 5, 9]


def test_items_that_failed_before_come_after_those_never_tried() -> None:
    assert in_order([1, 2, 3, 4], attempts=0, failed={2, 3}) == [1, 4, 2, 3]


def test_after_lost_attempts_the_first_open_items_come_last() -> None:
    assert in_order([4, 5, 6, 7], attempts=1) == [5, 6, 7, 4]
    assert in_order([4, 5, 6, 7], attempts=2, failed={6}) == [7, 6, 4, 5]


def test_more_attempts_than_open_items_leave_none_out() -> None:
    assert in_order([4, 5], attempts=9) == [4, 5]


def test_items_that_ended_their_process_in_this_attempt_are_left_out() -> None:
    assert in_order([4, 5, 6], attempts=0, skipped=[5]) == [4, 6]


@pytest.mark.parametrize("seed", range(50))
def test_two_items_that_end_their_process_cost_no_other_item(seed: int) -> None:
    items = list(range(20))
    killers = set(random.Random(seed).sample(items, MAX_ATTEMPTS - 1))
    done: set[int] = set()
    for attempt in range(MAX_ATTEMPTS):
        left = [item for item in items if item not in done]
        for item in in_order(left, attempts=attempt):
            if item in killers:
                break
            done.add(item)
    assert done == set(items) - killers


def test_an_attempt_ends_early_only_if_nothing_but_failures_came() -> None:
    assert is_hopeless(10, advanced=False, halt_after=10)
    assert not is_hopeless(9, advanced=False, halt_after=10)
    assert not is_hopeless(99, advanced=True, halt_after=10)


def test_an_item_that_ends_its_process_each_time_has_a_record_of_all_but_the_first() -> None:
    assert [recorded_attempts(most) for most in (1, 2, 3, 98)] == [1, 1, 2, 97]


def test_a_reason_names_the_items() -> None:
    assert reason([40, 17, 41], 100) == "3 of 100 items failed: 17, 40, 41"
    assert reason([0], 1) == "1 of 1 item failed: 0"


def test_a_reason_names_the_first_of_many_items_and_what_was_left_out() -> None:
    said = reason(range(NAMED_MOST + 5), 100, untried=75)
    assert said.endswith("18, 19 and 5 more; 75 more were not tried, because none succeeded")
