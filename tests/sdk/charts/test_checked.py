"""Wrong arguments of charts are a ValueError that names them; odd numbers are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import taskfarm_sdk.charts

# Untyped, for no type checker lets a wrong argument through.
charts: Any = taskfarm_sdk.charts
Cell, Row, Timeline = charts.Cell, charts.Row, charts.Timeline
COUNTS: dict[str, Any] = {"waiting": 1, "computing": 2, "done": 3, "failed": 1}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: charts.bar(**{**COUNTS, "failed": Decimal("sNaN")}), "failed must be an integer"),
        (lambda: charts.bar(**{**COUNTS, "waiting": True}), "waiting must be an integer"),
        (lambda: charts.bar(**COUNTS, percent="50"), "percent must be a number"),
        (lambda: charts.bar(**COUNTS, title=5), r"title must be a text \(str\)"),
        (lambda: charts.text_bar(**COUNTS, width=10**10), "width must be an integer from 0"),
        (lambda: charts.text_bar(**COUNTS, glyphs="#"), "glyphs must be 3 characters"),
        (lambda: charts.duration_text(10**400), "duration_s must be a number"),
        (lambda: charts.rate_text("1"), "per_s must be a number"),
        (lambda: charts.time_text(None), "time_s must be a number"),
        (lambda: charts.durations([1, "2"]), "durations_s must be numbers"),
        (lambda: charts.throughput([(1, 2, 3)]), "points must be pairs of numbers"),
        (lambda: charts.throughput([(1, 2)], gaps=5), "gaps must be pairs of numbers"),
        (lambda: charts.rates([(1, 2)], most=0), "most must be an integer from 1"),
        (lambda: charts.cells([], num_tasks=-1), "num_tasks must be an integer from 0"),
        (lambda: charts.cells([], num_tasks=9, most=0), "most must be an integer from 1"),
        (lambda: charts.cells([("lost", 1.0)], num_tasks=1), "the states are .* not 'lost'"),
        (lambda: charts.cells([1], num_tasks=1), "tasks must be pairs"),
        (lambda: charts.grid([5]), "cells must be Cell objects"),
        (lambda: charts.grid(range(10**30)), "cells must be a sequence"),
        (lambda: charts.grid([Cell(first=0)], columns=0), "columns must be an integer from 1"),
        (lambda: charts.text_grid([Cell(first=0)], rows=1.5), "rows must be an integer"),
        (lambda: Cell(first=0, done=-1), "done must be an integer from 0"),
        (lambda: Cell(first=0, computing=1, percent=math.nan), "percent must be .* 0 to 100"),
        (lambda: Row(name="a", busy=5), "busy must be numbers in a sequence"),
        (lambda: charts.workers([Row(name="a", busy=[1])], begin_s="0", end_s=1), "begin_s must"),
        (lambda: Timeline(most=2.5), "most must be an integer from 2"),
        (lambda: Timeline(width_s=5e-324), "width_s must be a number of seconds from 1e-09"),
        (lambda: Timeline().add("1"), "time_s and count must be numbers"),
        (lambda: Timeline().add_span(1, "2"), "begin_s, end_s and count must be numbers"),
        (lambda: Timeline().add_all(5), "other must be a Timeline"),
        (lambda: Timeline().amounts(0, 1e9, 0.001), "give a larger width_s"),
        (lambda: Timeline().amounts(0, math.inf, 1.0), "end_s must be a time"),
    ],
)
def test_a_wrong_argument_is_a_value_error_that_names_it(
    call: Callable[[], object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        call()


def test_a_duration_of_any_size_is_drawn() -> None:
    # 1e308 needs a bin whose end no float can hold.
    assert "No durations" in charts.durations([1e308, math.inf, math.nan]).sentence
    assert "2 attempts" in charts.durations([5e-324, 1e99]).sentence


@pytest.mark.parametrize("rate", [5e-324, 1e-310, 1e99, 0.0, -1.0])
def test_a_rate_of_any_size_is_drawn(rate: float) -> None:
    assert charts.throughput([(1.0, rate), (2.0, rate)]).svg


@pytest.mark.parametrize(
    "times", [(0.0, 5e-324), (0.0, 1e16, 1e16 + 2), (-1e99, 1e99), (1.78e9, 1.78e9 + 1e-6)]
)
def test_rates_of_looks_at_any_times_are_finite(times: tuple[float, ...]) -> None:
    points, _ = charts.rates([(time_s, 7 * n) for n, time_s in enumerate(times)], most=12)
    assert all(map(math.isfinite, (one for point in points for one in point)))


def test_amounts_of_a_bin_too_narrow_to_be_told_are_kept() -> None:
    timeline = Timeline(8, 1e-9)
    timeline.add(0.3, 5)
    assert sum(timeline.amounts(-1e14, 1e14, 3.1e13)) == pytest.approx(5)


def test_counts_below_none_draw_a_bar_of_the_width_that_was_asked_for() -> None:
    # Another client can write such numbers.
    counts = {"waiting": 1 - 2**62, "computing": 0, "done": 2**62, "failed": None}
    assert len(charts.text_bar(**counts, width=30)) == 30
