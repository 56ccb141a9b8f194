"""Rates over time from what was completed when."""

from __future__ import annotations

import pytest

from taskfarm_cli.outcomes.rates import rates_of
from taskfarm_sdk.charts import Timeline


@pytest.mark.parametrize("span_s", [40.0, 40.7, 119.0, 5000.5])
def test_rates_add_up_to_what_was_completed_with_a_whole_last_part(span_s: float) -> None:
    timeline = Timeline()
    for second in range(40):
        timeline.add(float(second))
    points = rates_of(timeline, 0.0, span_s, most=120, least_s=1.0)
    width_s = span_s / len(points)
    assert points[-1][0] == pytest.approx(span_s - width_s / 2)
    assert sum(rate for _, rate in points) * width_s == pytest.approx(40)
    assert width_s >= 1.0


def test_a_moment_has_one_point() -> None:
    timeline = Timeline()
    timeline.add(5.0)
    assert len(rates_of(timeline, 5.0, 5.0, most=120)) == 1
