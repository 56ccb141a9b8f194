"""Labels: units that suit, and round ends of axes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_sdk.charts import _axes, duration_text, rate_text, time_text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0.0, "0 ms"),
        (0.0123, "12.3 ms"),
        (0.5, "0.5 s"),
        (59.94, "59.9 s"),
        (59.99, "1 min"),
        (90.0, "1.5 min"),
        (7200.0, "2 h"),
        (86400.0 * 12, "12 days"),
        (math.nan, "unknown"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(duration_s: float, text: str) -> None:
    assert duration_text(duration_s) == text


@pytest.mark.parametrize(
    ("per_s", "text"),
    [
        (1234.0, "1234 per second"),
        (0.5, "30 per minute"),
        (0.001, "3.6 per hour"),
        (0.0, "0 per hour"),
        (math.inf, "unknown"),
    ],
)
def test_a_rate_has_the_unit_that_suits_it(per_s: float, text: str) -> None:
    assert rate_text(per_s) == text


def test_times_are_utc() -> None:
    assert time_text(1_780_000_000.4) == "2026-05-28 20:26:40"
    assert time_text(math.nan) == time_text(1e300) == time_text(-1.0) == "unknown"


@pytest.mark.parametrize(
    ("span_s", "first", "last"),
    [
        (8.0, "20:26:40", "20:26:48"),
        (7200.0, "20:26", "22:26"),
        (3 * 86400.0, "05-28 20:26", "05-31 20:26"),
        (20 * 86400.0, "05-28", "06-17"),
    ],
)
def test_the_labels_of_a_time_axis_suit_its_length(span_s: float, first: str, last: str) -> None:
    labels = _axes.time_labels(1_780_000_000.0, 1_780_000_000.0 + span_s)
    assert (len(labels), labels[0], labels[-1]) == (5, first, last)


@given(st.floats(1e-6, 1e12))
def test_the_end_of_an_axis_is_above_its_values_and_not_far(value: float) -> None:
    top = _axes.rounded_up(value)
    assert value <= top * (1 + 1e-9)
    assert top <= 2.5 * value * (1 + 1e-9)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_an_axis_without_values_ends_at_1(value: float) -> None:
    assert _axes.rounded_up(value) == 1.0
