"""Amounts over time: sums stay exact, memory stays bounded."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfarm_sdk.charts import Timeline, rates

START_S = 1_780_000_000.0
TIMES = st.floats(0, 1e6).map(lambda time_s: START_S + time_s)


def total(timeline: Timeline) -> float:
    return sum(timeline.amounts(START_S - 2e6, START_S + 4e6, 1e5))


@given(st.lists(TIMES, max_size=60))
def test_the_sum_is_kept_whatever_is_added_in_which_order(times: list[float]) -> None:
    timeline = Timeline(8)
    for time_s in times:
        timeline.add(time_s)
    assert total(timeline) == pytest.approx(len(times))


@given(st.lists(st.tuples(TIMES, st.floats(0, 1e5)), max_size=30))
def test_spans_add_their_seconds(spans: list[tuple[float, float]]) -> None:
    timeline = Timeline(16)
    for begin_s, taken_s in spans:
        timeline.add_span(begin_s, begin_s + taken_s)
    assert total(timeline) == pytest.approx(sum(taken for _, taken in spans), abs=1e-3)


def test_a_span_is_spread_over_the_bins_that_it_crosses() -> None:
    timeline = Timeline()
    timeline.add_span(100.5, 103.0)
    timeline.add_span(102.0, 104.0, 4)
    assert timeline.amounts(100.0, 104.0, 1.0) == pytest.approx([0.5, 1.0, 3.0, 2.0])


def test_the_number_of_bins_stays_bounded() -> None:
    timeline = Timeline(10)
    for second in range(100_000):
        timeline.add(START_S + second)
    assert (timeline.end_s - timeline.begin_s) / timeline.width_s <= 10
    assert timeline.begin_s <= START_S < START_S + 99_999 <= timeline.end_s


def test_an_earlier_time_is_taken_up_too() -> None:
    timeline = Timeline(4)
    timeline.add(START_S)
    timeline.add(START_S - 5_000)
    assert timeline.begin_s <= START_S - 5_000
    assert total(timeline) == pytest.approx(2)


def test_another_timeline_is_added_exactly() -> None:
    long, short, both = Timeline(8), Timeline(8), Timeline(8)
    for second in range(1000):
        long.add(START_S + second)
        both.add(START_S + second)
    short.add_span(START_S, START_S + 1)
    both.add_span(START_S, START_S + 1)
    short.add_all(long)
    edges = (both.begin_s, both.end_s, both.width_s)
    assert short.amounts(*edges) == pytest.approx(both.amounts(*edges))


def test_what_is_no_time_is_left_out() -> None:
    timeline = Timeline()
    timeline.add(math.nan)
    timeline.add_span(1.0, math.inf)
    timeline.add_span(5.0, 4.0)
    assert math.isnan(timeline.begin_s)
    assert math.isnan(timeline.end_s)
    assert timeline.amounts(0.0, 2.0, 1.0) == [0.0, 0.0]


@pytest.mark.parametrize(("most", "width_s"), [(1, 1.0), (8, 0.0), (8, math.inf)])
def test_impossible_bins_are_refused(most: int, width_s: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Timeline(most, width_s)


class TestRates:
    def test_a_steady_count_has_a_steady_rate(self) -> None:
        samples = [(START_S + 2 * look, 10 * look) for look in range(100)]
        points, outages = rates(samples, outage_s=10, most=20)
        assert outages == []
        assert len(points) == 20
        assert [rate for _, rate in points] == pytest.approx([5.0] * 20, rel=0.02)

    def test_an_outage_is_a_gap_and_not_a_rate(self) -> None:
        looks = [*range(0, 100, 2), *range(300, 400, 2)]
        points, outages = rates([(START_S + look, look) for look in looks], outage_s=10, most=40)
        assert outages == [(START_S + 98, START_S + 300)]
        assert all(not START_S + 110 < time_s < START_S + 290 for time_s, _ in points)
        assert [rate for _, rate in points] == pytest.approx([1.0] * len(points), rel=0.1)

    def test_a_count_that_falls_adds_nothing(self) -> None:
        points, _ = rates([(0.0, 50), (2.0, 0), (4.0, 2)], outage_s=10, most=4)
        assert [rate for _, rate in points] == pytest.approx([0.0, 0.0, 1.0, 1.0])

    def test_short_looks_between_long_outages_are_points_too(self) -> None:
        hour_s = 3600.0
        looks = [
            (hour_s * hour + second, hour + int(second)) for hour in range(9) for second in (0, 4)
        ]
        points, outages = rates(looks, outage_s=10)
        assert len(outages) == 8
        assert [rate for _, rate in points] == pytest.approx([1.0] * len(points))

    def test_gaps_that_are_known_otherwise_are_outages_too(self) -> None:
        looks = [(0.0, 0), (2.0, 10), (60.0, 500), (62.0, 502)]
        points, outages = rates(looks, gaps=[(2.0, 60.0)], most=4)
        assert outages == [(2.0, 60.0)]
        assert points == [(0.5, 5.0), (1.5, 5.0), (60.5, 1.0), (61.5, 1.0)]

    @pytest.mark.parametrize("samples", [[], [(1.0, 5)], [(1.0, 5), (1.0, 6)]])
    def test_too_few_looks_tell_no_rate(self, samples: list[tuple[float, int]]) -> None:
        assert rates(samples, outage_s=10) == ([], [])
