"""The moment from which a worker claims no more, before its time is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_sdk._worker.deadline import REMEMBERED, Deadline, slower_tenth


def at(now: float, *durations: float, ends_at: float = 100.0) -> Deadline:
    deadline = Deadline(ends_at, lambda: now)
    for duration in durations:
        deadline.took(duration)
    return deadline


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        pytest.param([], 0.0, id="nothing is known"),
        pytest.param([7.0], 7.0, id="one"),
        pytest.param([float(n) for n in range(1, 11)], 9.0, id="the slowest of ten is passed over"),
        pytest.param([1.0] * 89 + [50.0] * 11, 50.0, id="eleven of a hundred are not"),
        pytest.param([1.0] * 90 + [50.0] * 10, 1.0, id="ten of a hundred are"),
    ],
)
def test_the_slower_tenth(durations: list[float], expected: float) -> None:
    assert slower_tenth(durations) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_nine_tenths_stay_within_it_and_no_smaller_one_will_do(durations: list[float]) -> None:
    found = slower_tenth(durations)
    assert found in durations
    assert sum(d <= found for d in durations) >= 0.9 * len(durations)
    assert sum(d < found for d in durations) < 0.9 * len(durations)


def test_without_a_finished_task_it_claims_until_the_time_is_over() -> None:
    assert at(99.9).may_claim
    assert not at(100.0).may_claim
    assert not at(200.0).may_claim


def test_it_claims_only_what_is_likely_to_be_done_in_time() -> None:
    assert at(70.0, 30.0).may_claim
    assert not at(70.1, 30.0).may_claim


def test_a_single_slow_task_among_many_does_not_end_it_early() -> None:
    assert at(95.0, 60.0, *[1.0] * 20).may_claim


def test_what_was_long_ago_is_forgotten() -> None:
    deadline = at(95.0, *[50.0] * REMEMBERED)
    assert not deadline.may_claim
    for _ in range(REMEMBERED):
        deadline.took(1.0)
    assert deadline.may_claim


def test_without_an_end_it_claims_for_ever() -> None:
    assert at(1e12, 1e9, ends_at=float("inf")).may_claim


def test_it_is_over_when_its_moment_has_come() -> None:
    assert not at(99.9).is_over
    assert at(100.0).is_over


def test_threads_may_note_and_ask_at_once() -> None:
    deadline = Deadline(float("inf"))

    def note_and_ask() -> bool:
        for number in range(3000):
            deadline.took(number)
            if not deadline.may_claim:
                return False
        return True

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(note_and_ask) for _ in range(4)]
        assert [each.result() for each in asked] == [True] * 4


def test_where_a_task_can_end_between_its_parts_a_claim_needs_the_time_of_one() -> None:
    deadline = Deadline(100.0, lambda: 95.0, in_parts=True)
    deadline.took(50.0)
    assert deadline.may_claim
    deadline.took_part(4.0)
    assert deadline.may_claim
    for _ in range(9):
        deadline.took_part(6.0)
    assert not deadline.may_claim
