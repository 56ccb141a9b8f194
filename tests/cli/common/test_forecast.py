"""The forecast of a run: a range that holds what comes, or none where nothing can be told."""

from __future__ import annotations

import math
import random

import pytest

from taskfarm_cli.common.forecast import Estimate, Forecast, Range, progress, rates, span
from taskfarm_sdk import RunStatus
from taskfarm_sdk._items.chunks import Chunks


def status(done: int, percent: float | None = None, num_tasks: int = 100) -> RunStatus:
    return RunStatus(
        num_tasks=num_tasks,
        waiting=num_tasks - done,
        computing=0,
        done=done,
        failed=None,
        percent_done=100 * done / num_tasks if percent is None else percent,
    )


def after(times: dict[float, int], num_tasks: int = 100) -> Forecast:
    """Return the forecast after readings at these times, with so many tasks done."""
    forecast = Forecast()
    for now, done in times.items():
        forecast.add(now, status(done, num_tasks=num_tasks))
    return forecast


def estimate_of(forecast: Forecast) -> Estimate:
    found = forecast.estimate()
    assert found is not None
    return found


def test_the_range_is_what_so_many_completions_may_have_come_from() -> None:
    found = estimate_of(after({0: 0, 90: 9}))
    assert found.per_s == pytest.approx((4 / 90, 16 / 90))
    assert found.left_s == pytest.approx((91 * 90 / 16, 91 * 90 / 4))


def test_more_completions_make_the_range_narrower_but_never_a_point() -> None:
    few, many, all_of_them = (
        estimate_of(after({0: 0, 60: count // 2, 120: count}, num_tasks=10**9)).per_s
        for count in (16, 400, 10**8)
    )
    widths = [found.most / found.least for found in (few, many, all_of_them)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(1.1 / 0.9)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({}, id="not read"),
        pytest.param({0: 50}, id="read once"),
        pytest.param({0: 0, 1: 50}, id="read twice at once"),
        pytest.param({0: 0, 100: 3}, id="three completions"),
        pytest.param({0: 50, 1000: 50}, id="none"),
        pytest.param({0: 0, 60: 100}, id="finished"),
    ],
)
def test_nothing_is_told_where_nothing_is_known(times: dict[float, int]) -> None:
    assert after(times).estimate() is None


def test_a_slow_run_is_judged_by_as_long_as_enough_completions_took() -> None:
    hours = {hour * 3600.0: hour for hour in range(40)}
    found = estimate_of(after(hours))
    assert found.per_s.least < 1 / 3600 < found.per_s.most
    assert found.per_s.most < 2 / 3600


def test_what_was_long_ago_does_not_count() -> None:
    quick_then_slow = {float(s): s for s in range(0, 1000, 10)}
    quick_then_slow |= {1000.0 + s: 1000 + s // 10 for s in range(0, 1000, 10)}
    found = estimate_of(after(quick_then_slow, num_tasks=10_000))
    assert found.per_s.least < 0.1 < found.per_s.most < 0.3


def test_a_pace_that_changed_is_judged_by_its_newer_half() -> None:
    readings = {float(s): 10 * s for s in range(0, 61, 5)}
    readings |= {60.0 + s: 600 + s // 5 for s in range(5, 61, 5)}
    found = estimate_of(after(readings, num_tasks=10_000))
    assert found.per_s.least < 0.2 < found.per_s.most < 1


def test_a_run_that_stopped_has_no_forecast() -> None:
    readings = {float(s): s for s in range(0, 61, 5)}
    going = after(readings)
    assert going.estimate() is not None
    for now in range(65, 200, 5):
        going.add(now, status(60))
    assert going.estimate() is None
    assert going.stands_still()


def test_a_run_stands_still_only_after_two_minutes_of_watching() -> None:
    forecast = after({0: 5, 119: 5})
    assert not forecast.stands_still()
    forecast.add(120, status(5))
    assert forecast.stands_still()
    forecast.add(121, status(6))
    assert not forecast.stands_still()


def test_a_reset_run_is_measured_anew() -> None:
    forecast = after({0: 50, 10: 90, 20: 0})
    assert forecast.estimate() is None
    forecast.add(30, status(10))
    root = math.sqrt(10)
    expected = ((root - 1) ** 2 / 10, (root + 1) ** 2 / 10)
    assert estimate_of(forecast).per_s == pytest.approx(expected)


def test_items_are_counted_where_tasks_are_chunks_of_them() -> None:
    forecast = Forecast(Chunks(1000, 10))
    forecast.add(0, status(0, 0.0, num_tasks=10))
    forecast.add(10, status(0, 10.0, num_tasks=10))
    found = estimate_of(forecast)
    assert found.noun == "item"
    assert found.per_s == pytest.approx((8.1, 12.1))
    assert found.left_s == pytest.approx((900 / 12.1, 900 / 8.1))


def test_a_failed_attempt_that_loses_items_does_not_hide_the_others() -> None:
    forecast = Forecast(Chunks(1000, 10))
    for now, percent in ((0, 10.0), (10, 30.0), (20, 25.0), (30, 45.0)):
        forecast.add(now, status(1, percent, num_tasks=10))
    found = estimate_of(forecast)
    # 200 items in the first 10 s, 200 in the last.
    assert found.per_s.least < 400 / 30 < found.per_s.most
    assert found.left_s.least < 550 / (400 / 30) < found.left_s.most


def test_the_points_that_are_kept_are_bounded() -> None:
    forecast = Forecast()
    for second in range(20_000):
        forecast.add(second, status(second, num_tasks=10**6))
    assert len(forecast._points) <= 512
    found = estimate_of(forecast)
    assert found.per_s.least < 1 < found.per_s.most


def test_the_range_holds_the_true_time_nineteen_times_of_twenty() -> None:
    dice = random.Random(7)
    held = told = 0
    for _ in range(300):
        # Completions that come by chance, every 5 s on average.
        forecast, now, done = Forecast(), 0.0, 0
        while done < 60:
            now += dice.expovariate(1 / 5)
            done += 1
            forecast.add(now, status(done, num_tasks=200))
        left = forecast.estimate()
        if left is None:
            continue
        told += 1
        true_s = sum(dice.expovariate(1 / 5) for _ in range(140))
        held += left.left_s.least <= true_s <= left.left_s.most
    assert told > 250
    assert held / told > 0.9


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ((3.2, 6.1), "3 to 7 s"),
        ((0, 0), "about 0 s"),
        ((0.2, 8), "up to 8 s"),
        ((41, 63), "40 to 65 s"),
        ((100, 130), "1 to 3 min"),
        ((700, 1000), "11 to 17 min"),
        ((600, 600), "about 10 min"),
        ((5 * 3600, 6.2 * 3600), "5 to 6.5 h"),
        ((4.1 * 86400, 9 * 86400), "4 to 9 days"),
        ((5, 9e9), "over 5 s"),
        ((9e8, 9e9), "over 99 days"),
        ((50 * 86400, math.inf), "over 50 days"),
    ],
)
def test_a_time_is_rounded_outwards_in_one_unit(seconds: tuple[float, float], text: str) -> None:
    assert span(Range(*seconds)) == text


@pytest.mark.parametrize(
    ("per_s", "text"),
    [
        ((1.91, 2.63), "1.9 to 2.6 tasks/s"),
        ((0.9, 1.1), "0.9 to 1.1 tasks/s"),
        ((0.02, 0.05), "1.2 to 3 tasks/min"),
        ((0.001, 0.004), "3.6 to 14 tasks/h"),
        ((412.3, 509.9), "412 to 510 tasks/s"),
        ((2.01, 2.02), "2 tasks/s"),
        ((1.0, 1.0), "1 task/s"),
    ],
)
def test_a_rate_has_a_unit_that_reads_well(per_s: tuple[float, float], text: str) -> None:
    assert rates(Range(*per_s), "task") == text


def test_the_time_left_goes_by_between_readings() -> None:
    found = Estimate(Range(1, 2), Range(40, 65), "task", at=100.0)
    assert found.left_text(100.0) == "40 to 65 s left"
    assert found.left_text(107.0) == "30 to 60 s left"


@pytest.mark.parametrize(
    ("left_s", "at", "text"),
    [
        pytest.param((40, 65), 110.0, "30 to 55 s left", id="the next readings are late"),
        pytest.param((40, 65), 110.1, "", id="they did not come"),
        pytest.param((0.5, 6), 105.5, "up to 1 s left", id="the least is over"),
        pytest.param((0.5, 6), 106.0, "", id="the time is over, and the run is not"),
    ],
)
def test_an_old_reading_tells_no_time_left(
    left_s: tuple[float, float], at: float, text: str
) -> None:
    assert Estimate(Range(1, 2), Range(*left_s), "task", at=100.0).left_text(at) == text


def test_a_run_that_is_read_seldom_keeps_its_time_left_for_as_long() -> None:
    found = estimate_of(after({0: 0, 40: 10, 80: 20}, num_tasks=1000))
    assert found.left_text(80 + 119)
    assert not found.left_text(80 + 121)


def test_heartbeats_are_no_completions() -> None:
    forecast = Forecast(Chunks(1000, 10))
    for beat in range(70):
        forecast.add(2.0 * beat, status(1, 10 + beat * 1e-7, num_tasks=10))
    assert forecast.stands_still()
    assert forecast.estimate() is None
    # An item of a chunk of a hundred is one.
    forecast.add(140, status(1, 10.1, num_tasks=10))
    assert not forecast.stands_still()


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
