"""The pace of a run: how fast it goes, and when it will be finished."""

from __future__ import annotations

import math

import pytest

from taskfarm_cli.common.pace import Pace, duration, progress, rate, speed
from taskfarm_sdk import RunStatus
from taskfarm_sdk._items.chunks import Chunks


def status(done: int, percent: float, num_tasks: int = 100) -> RunStatus:
    return RunStatus(
        num_tasks=num_tasks,
        waiting=num_tasks - done,
        computing=0,
        done=done,
        failed=None,
        percent_done=percent,
    )


@pytest.mark.parametrize(
    ("done", "percent", "expected"),
    [
        pytest.param(10, 12.5, 12.5, id="parts of tasks count"),
        pytest.param(10, 7.0, 10.0, id="failed tasks count as done"),
        pytest.param(10, math.nan, 10.0, id="not a number"),
        pytest.param(10, math.inf, 10.0, id="infinite"),
        pytest.param(10, 400.0, 100.0, id="more than all"),
    ],
)
def test_progress_is_in_tasks(done: int, percent: float, expected: float) -> None:
    assert progress(status(done, percent)) == expected


def test_a_steady_run_is_foretold() -> None:
    pace = Pace()
    for second in range(0, 11, 5):
        pace.add(second, status(second * 2, second * 2.0))
    assert pace.tasks_per_s == pytest.approx(2.0)
    assert pace.left_s(10) == pytest.approx(40.0)
    assert pace.left_s(15) == pytest.approx(35.0)
    assert pace.left_s(99) == 0.0


def test_nothing_is_foretold_from_one_look_or_from_two_at_once() -> None:
    pace = Pace()
    assert pace.tasks_per_s is None
    pace.add(0, status(0, 0.0))
    pace.add(1, status(50, 50.0))
    assert pace.tasks_per_s is None
    assert pace.left_s(1) is None


def test_a_run_that_stands_still_has_no_end() -> None:
    pace = Pace()
    pace.add(0, status(5, 5.0))
    pace.add(60, status(5, 5.0))
    assert pace.tasks_per_s == 0.0
    assert pace.left_s(60) is None


def test_a_reset_run_is_measured_anew() -> None:
    pace = Pace()
    pace.add(0, status(50, 50.0))
    pace.add(10, status(90, 90.0))
    pace.add(20, status(0, 0.0))
    assert pace.tasks_per_s is None
    pace.add(30, status(10, 10.0))
    assert pace.tasks_per_s == pytest.approx(1.0)


def test_what_is_long_ago_does_not_count() -> None:
    pace = Pace()
    for second in range(0, 1000, 10):
        pace.add(second, status(0, 0.0, 10_000))
    for second in range(1000, 1200, 10):
        pace.add(second, status(second - 1000, (second - 1000) / 100, 10_000))
    assert pace.tasks_per_s == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (4.2, "0:05"), (65, "1:05"), (3723, "1:02:03"), (86400 * 3.5, "3 days")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("tasks_per_s", "text"),
    [
        (123.4, "123 tasks/s"),
        (2.0, "2 tasks/s"),
        (0.5, "30 tasks/min"),
        (0.001, "3.6 tasks/h"),
        (1234.5, "1234 tasks/s"),
    ],
)
def test_rates_read_well(tasks_per_s: float, text: str) -> None:
    assert rate(tasks_per_s) == text


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        (None, "2.5 tasks/s"),
        (Chunks(20, 20), "2.5 tasks/s"),
        (Chunks(1995, 20), "249 items/s"),
    ],
)
def test_where_tasks_are_chunks_the_speed_is_in_items(chunks: Chunks | None, text: str) -> None:
    assert speed(2.5, chunks) == text
