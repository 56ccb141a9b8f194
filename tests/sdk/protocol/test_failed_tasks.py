"""The number of failed tasks, worked out from the one mean percentage that the server gives."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfarm_sdk._protocol.lease import MAX_ATTEMPTS, Lease, encode, failed_tasks

SUCCESS = 100.0


def mean(values: Iterable[float], num_tasks: int) -> float:
    """Return the mean as a database adds it up: float by float."""
    total = 0.0
    for value in values:
        total += value
    return total / num_tasks


def failures(count: int, attempts: int | None = None, seed: int = 1) -> list[float]:
    """Return what failed tasks hold: after so many attempts, or after any number of them."""
    dice = random.Random(seed)
    return [
        encode(
            Lease(0.0, attempts or dice.randint(1, MAX_ATTEMPTS), 0, dice.randrange(10_000), True)
        )
        for _ in range(count)
    ]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, MAX_ATTEMPTS), st.integers(0, 9999)), max_size=60),
    st.integers(0, 200),
    st.randoms(use_true_random=False),
)
def test_any_mixture_of_successes_and_failures_is_counted(
    failed: list[tuple[int, int]], succeeded: int, order: random.Random
) -> None:
    num_tasks = len(failed) + succeeded
    if num_tasks == 0:
        return
    values = [encode(Lease(0.0, a, 0, holder, failed=True)) for a, holder in failed]
    values += [SUCCESS] * succeeded
    order.shuffle(values)
    assert failed_tasks(num_tasks, mean(values, num_tasks)) == len(failed)


@pytest.mark.parametrize("attempts", [1, 3, 50, 98, None])
@pytest.mark.parametrize(
    ("num_tasks", "failed"),
    [
        (1, 0),
        (1, 1),
        (3, 1),
        (1000, 999),
        (100_000, 0),
        (100_000, 1),
        (100_000, 33_333),
        (100_000, 100_000),
    ],
)
def test_runs_of_many_sizes_are_counted(num_tasks: int, failed: int, attempts: int | None) -> None:
    values = failures(failed, attempts) + [SUCCESS] * (num_tasks - failed)
    random.Random(2).shuffle(values)
    assert failed_tasks(num_tasks, mean(values, num_tasks)) == failed


@pytest.mark.parametrize("failed", [0, 1, 2, 500_000, 999_999, 1_000_000])
def test_a_million_tasks_are_counted(failed: int) -> None:
    thousand = failures(1000, attempts=3)
    values = (thousand[n % 1000] if n < failed else SUCCESS for n in range(1_000_000))
    assert failed_tasks(1_000_000, mean(values, 1_000_000)) == failed


def test_more_failures_than_the_number_can_tell_apart_are_not_guessed_at() -> None:
    # Each failed task holds one of 98 values, so the uncertainty grows with their number.
    one = encode(Lease(0.0, 50, 0, 1, failed=True))
    assert failed_tasks(4_000_000, one / 2 + SUCCESS / 2) is None


def test_no_more_than_all_tasks_failed() -> None:
    one = encode(Lease(0.0, 1, 0, 1, failed=True))
    assert failed_tasks(3_000_000, one) == 3_000_000


@pytest.mark.parametrize("num_tasks", [1, 10, 1000, 5000])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(50.0, id="half"),
        pytest.param(0.0, id="nothing"),
        pytest.param(99.9, id="nearly"),
        pytest.param(101.0, id="more-than-all"),
        pytest.param(250.0, id="far-more-than-all"),
        pytest.param(encode(Lease(37.5, 0, 3, 7)), id="a-late-report"),
        pytest.param(encode(Lease(0.0, 0, 1, 7)), id="a-late-first-report"),
    ],
)
def test_one_done_task_at_another_percentage_makes_the_number_unknown(
    value: float, num_tasks: int
) -> None:
    # Few, for the uncertainty of many hides a task at nothing.
    some_failed = failures(min(10, num_tasks // 3))
    values = [value, *some_failed, *[SUCCESS] * (num_tasks - 1 - len(some_failed))]
    assert failed_tasks(num_tasks, mean(values, num_tasks)) is None


@pytest.mark.parametrize("value", [50.0, 37.5, 99.0])
def test_one_done_task_in_the_middle_shows_among_thousands_of_failures(value: float) -> None:
    values = [value, *failures(5000), *[SUCCESS] * 5000]
    assert failed_tasks(len(values), mean(values, len(values))) is None


@pytest.mark.parametrize("num_tasks", [1, 10, 100_000])
def test_what_other_clients_arithmetic_makes_of_100_counts_as_success(num_tasks: int) -> None:
    assert failed_tasks(num_tasks, mean([100 - 9e-7] * num_tasks, num_tasks)) == 0


@pytest.mark.parametrize("percent_done", [math.nan, math.inf, -math.inf, -100.0, 1e300])
def test_an_odd_mean_makes_the_number_unknown(percent_done: float) -> None:
    assert failed_tasks(10, percent_done) is None


def test_a_run_without_tasks_has_none_that_failed() -> None:
    assert failed_tasks(0, 0.0) == 0
