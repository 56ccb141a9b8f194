"""Charts: shapes, labels and sentences that say the same, and nothing that a browser would load."""

from __future__ import annotations

import math
import re

import pytest

from taskfarm_sdk import charts
from taskfarm_sdk.charts import Cell, Chart, Row
from taskfarm_sdk.charts._grid import State
from taskfarm_sdk.charts._rates import Spans
from tests.support.markup import assert_self_contained, drawn, rectangles

START_S = 1_780_000_000.0
NASTY = "<script>alert(1)</script>\"'&\u202e\x1b[31m\ud800"


def points(*rates: float) -> list[tuple[float, float]]:
    return [(START_S + 60 * index, rate) for index, rate in enumerate(rates)]


def cell(number: int, state: str) -> Cell:
    return Cell(first=number, **{state: 1})


ALL = {
    "throughput": charts.throughput(
        points(1, 2, 3), gaps=[(START_S + 70, START_S + 100)], noun=NASTY, title=NASTY
    ),
    "throughput of nothing": charts.throughput([], noun=NASTY),
    "grid": charts.grid([cell(0, "done"), cell(1, "failed")], noun=NASTY, title=NASTY),
    "grid of nothing": charts.grid([], unknown=NASTY),
    "durations": charts.durations([0.1, 2.0, 300.0], noun=NASTY, title=NASTY),
    "durations of nothing": charts.durations([], noun=NASTY),
    "workers": charts.workers(
        [Row(name=NASTY, busy=[1.0, 0.5])], begin_s=START_S, end_s=START_S + 60, title=NASTY
    ),
    "workers of nothing": charts.workers([], begin_s=0.0, end_s=0.0),
    "bar": charts.bar(waiting=1, computing=2, done=3, failed=1, percent=50.0, title=NASTY),
    "bar of nothing": charts.bar(waiting=0, computing=0, done=0, failed=None, percent=math.nan),
}


@pytest.mark.parametrize("chart", ALL.values(), ids=list(ALL))
def test_a_chart_is_self_contained_and_escaped(chart: Chart) -> None:
    parsed = assert_self_contained(f"<!doctype html><style>{charts.STYLE}</style>{chart.html}")
    assert chart.sentence
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e\ud800-\udfff]", chart.html)
    chart.html.encode()
    assert parsed.tags.count("figure") == 1


@pytest.mark.parametrize("chart", ALL.values(), ids=list(ALL))
def test_the_sentence_is_read_once_and_shown(chart: Chart) -> None:
    parsed = assert_self_contained(chart.html)
    assert parsed.text.endswith(parsed.text[-20:])
    shown = chart.sentence.encode("ascii", "backslashreplace").decode()
    assert shown[:12] in parsed.text
    if chart.svg:
        assert 'role="img"' in chart.svg
        assert "aria-label" in chart.svg


def test_a_notebook_gets_the_style_too() -> None:
    assert charts.STYLE in ALL["bar"]._repr_html_()


def test_texts_are_html_and_never_scaled_with_the_shapes() -> None:
    assert "<text" not in "".join(chart.html for chart in ALL.values())


def test_the_style_has_colours_for_light_dark_and_paper() -> None:
    # Paper is light, whatever the system prefers.
    assert "@media screen and (prefers-color-scheme: dark)" in charts.STYLE
    used = set(re.findall(r"tf-fill-\w+|tf-area|tf-stroke", "".join(c.html for c in ALL.values())))
    assert used <= set(re.findall(r"tf-fill-\w+|tf-area|tf-stroke", charts.STYLE))


class TestThroughput:
    def test_the_line_breaks_over_a_gap(self) -> None:
        gap = (START_S + 65, START_S + 115)
        chart = charts.throughput(points(1, 1, 1, 1), gaps=[gap], gap_meaning="server gone")
        assert drawn(chart.svg, "tf-stroke").count("M") == 2
        assert drawn(charts.throughput(points(1, 1, 1, 1)).svg, "tf-stroke").count("M") == 1
        ((left, _, width, _),) = rectangles(drawn(chart.svg, "tf-fill-gap"))
        assert left / 600 * 180 == pytest.approx(65, abs=0.1)
        assert width / 600 * 180 == pytest.approx(50, abs=0.1)
        assert chart.sentence.endswith("It is unknown in 1 span of 50 s together: server gone.")

    def test_a_gap_at_the_end_is_shown_too(self) -> None:
        chart = charts.throughput(points(1, 1), gaps=[(START_S + 60, START_S + 120)])
        ((left, _, width, _),) = rectangles(drawn(chart.svg, "tf-fill-gap"))
        assert (left, left + width) == (300, 600)

    def test_the_axis_has_a_unit_in_which_the_peak_is_at_least_1(self) -> None:
        assert "tasks per second; " in charts.throughput(points(3)).html
        assert "tasks per minute; " in charts.throughput(points(0.5)).html
        assert "tasks per hour; " in charts.throughput(points(0.001)).html

    def test_the_sentence_tells_mean_and_peak(self) -> None:
        said = charts.throughput(points(1, 5, 0)).sentence
        assert "at a mean rate of 2 per second; the highest was 5 per second" in said

    @pytest.mark.parametrize("gaps", [(), ((12.0, 40.0),)])
    def test_the_mean_rate_weighs_each_look_by_its_time(self, gaps: Spans) -> None:
        # 10 in 2 s, and 10 in 10 s.
        looks = [(0.0, 0), (2.0, 10), (12.0, 20), *((gap[1], 900) for gap in gaps)]
        seen, spans = charts.rates(looks, gaps=gaps)
        said = charts.throughput(seen, gaps=spans).sentence
        assert "at a mean rate of 1.67 per second; the highest was 5 per second" in said

    def test_uneven_points_count_for_the_time_around_them(self) -> None:
        uneven = [(0.0, 4.0), (2.0, 4.0), (4.0, 4.0), (14.0, 0.0)]
        # 2 s, 2 s and 6 s at a rate of 4, and 10 s without.
        assert "at a mean rate of 2 per second" in charts.throughput(uneven).sentence

    def test_what_became_of_tasks_is_told_where_it_is_not_known_to_be_success(self) -> None:
        became = "completed or failed for good"
        said = charts.throughput(points(1, 1), became=became).sentence
        assert "tasks were completed or failed for good at a mean rate of 1 per second" in said
        none = charts.throughput([], became=became).sentence
        assert none == "No tasks were completed or failed for good so far, as far as was seen."

    def test_values_that_are_no_numbers_are_left_out(self) -> None:
        odd = [(START_S, math.nan), (math.inf, 1.0), *points(2)]
        assert charts.throughput(odd).svg == charts.throughput(points(2)).svg
        assert charts.throughput(odd, gaps=[(math.nan, 1.0)]).svg

    def test_a_rate_of_zero_lies_on_the_ground(self) -> None:
        assert re.findall(
            r"[\d.]+ ([\d.]+)", drawn(charts.throughput(points(0, 0)).svg, "tf-stroke")
        ) == [
            "100",
            "100",
        ]


class TestGrid:
    def test_each_task_has_a_cell_of_its_state(self) -> None:
        states = ["done", "failed", "waiting", "unknown"]
        chart = charts.grid([cell(n, state) for n, state in enumerate(states)], columns=2)
        places = {
            state: [
                (round(x), round(y))
                for x, y, *_ in rectangles(drawn(chart.svg, f"tf-fill-{state}"))
            ]
            for state in states
        }
        assert places == {
            "done": [(0, 0)],
            "failed": [(1, 0)],
            "waiting": [(0, 1)],
            "unknown": [(1, 1)],
        }

    def test_a_computing_task_is_filled_by_its_percentage(self) -> None:
        chart = charts.grid([Cell(first=0, computing=1, percent=75.0)])
        ((*_, begun, _),) = rectangles(drawn(chart.svg, "tf-fill-computing"))
        ((*_, left, _),) = rectangles(drawn(chart.svg, "tf-fill-waiting"))
        assert begun / (begun + left) == pytest.approx(0.75, abs=0.01)

    def test_one_failed_task_of_a_block_of_thousands_can_be_seen(self) -> None:
        chart = charts.grid([Cell(first=0, done=9_999, failed=1)])
        ((*_, failed, _),) = rectangles(drawn(chart.svg, "tf-fill-failed"))
        assert failed > 0.2
        assert "failed ones enlarged" in chart.html
        assert (
            chart.sentence == "Of 10,000 tasks: 1 failed, 9,999 done. Failed ones are in: 0-9999."
        )

    def test_a_million_tasks_are_a_thousand_cells(self) -> None:
        done: State = "done"
        failed: State = "failed"
        tasks = ((done if number % 3 else failed, 0.0) for number in range(1_000_000))
        found = charts.cells(tasks, num_tasks=1_000_000)
        assert len(found) == 1000
        assert sum(cell.failed for cell in found) == 333_334
        assert len(charts.grid(found).html) < 100_000

    def test_tasks_that_nothing_is_known_of_are_unknown(self) -> None:
        found = charts.cells([("done", 100.0)], num_tasks=7, most=3)
        assert [(one.first, one.done, one.unknown) for one in found] == [
            (0, 1, 2),
            (3, 0, 3),
            (6, 0, 1),
        ]
        assert "6 never seen" in charts.grid(found, unknown="never seen").sentence

    def test_the_percentage_of_a_block_is_that_of_its_computing_tasks(self) -> None:
        tasks = [("computing", 20.0), ("computing", math.nan), ("done", 100.0), ("computing", 60.0)]
        (found,) = charts.cells(tasks, num_tasks=4, most=1)  # type: ignore[arg-type]
        assert (found.computing, found.percent) == (3, 40.0)

    def test_only_the_first_failed_cells_are_named(self) -> None:
        said = charts.grid([cell(number, "failed") for number in range(13)]).sentence
        assert said.endswith("0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 3 more cells.")


class TestDurations:
    def test_bins_grow_by_a_factor(self) -> None:
        chart = charts.durations([0.01] * 3 + [1.0] * 2 + [100.0])
        bars = rectangles(drawn(chart.svg, "tf-fill-done"))
        assert [round(height, 1) for *_, height in bars] == [75.0, 50.0, 25.0]
        (first, second), third = (bars[0][0], bars[1][0]), bars[2][0]
        assert second - first == pytest.approx(third - second)

    def test_every_duration_is_in_a_bin(self) -> None:
        taken = [10 ** (exponent / 7) for exponent in range(-28, 40)] + [0.0, 1e-9, 1e5]
        bars = rectangles(drawn(charts.durations(taken).svg, "tf-fill-done"))
        top = 100 / min(height for *_, height in bars)
        assert sum(round(height / 100 * top) for *_, height in bars) % len(taken) == 0

    def test_the_sentence_tells_quantiles(self) -> None:
        said = charts.durations([float(n) for n in range(1, 101)]).sentence
        assert said == (
            "100 attempts took from 1 s to 1.67 min: half of them at most 51 s, 95 % at most 1.58 "
            "min."
        )

    def test_quantiles_of_many_are_exact_too(self) -> None:
        taken = [float(n % 250_000) for n in range(7, 250_007)]
        said = charts.durations(taken).sentence
        assert said.endswith("half of them at most 1.45 days, 95 % at most 2.75 days.")

    def test_what_is_no_duration_is_left_out(self) -> None:
        assert charts.durations([-1.0, math.nan, math.inf]).svg == ""
        assert charts.durations([-1.0, math.nan, 1.0]).sentence.startswith("1 attempts")


class TestWorkers:
    def test_a_row_is_as_high_as_its_worker_was_busy(self) -> None:
        rows = [Row(name="a", busy=[0.0, 2.0]), Row(name="b", busy=[1.0, 0.0])]
        chart = charts.workers(rows, begin_s=START_S, end_s=START_S + 60)
        bars = rectangles(drawn(chart.svg, "tf-fill-computing"))
        assert [(x, height) for x, _, _, height in bars] == [(1, 10), (0, 5)]
        assert (
            "together they computed 1.5 tasks at once on average, and 2 at most" in chart.sentence
        )

    def test_little_work_is_visible_too(self) -> None:
        rows = [Row(name="a", busy=[1e-6, 8.0])]
        chart = charts.workers(rows, begin_s=START_S, end_s=START_S + 60, others=3)
        assert rectangles(drawn(chart.svg, "tf-fill-computing"))[0][3] == 1
        assert chart.sentence.endswith("3 more have no row of their own.")

    def test_rows_of_different_lengths_are_refused(self) -> None:
        rows = [Row(name="a", busy=[1.0]), Row(name="b", busy=[1.0, 2.0])]
        with pytest.raises(ValueError, match="all rows need equally many parts of time"):
            charts.workers(rows, begin_s=0.0, end_s=1.0)


class TestBar:
    def test_each_state_has_its_share(self) -> None:
        chart = charts.bar(waiting=50, computing=20, done=30, failed=10)
        widths = {
            state: rectangles(drawn(chart.svg, f"tf-fill-{state}"))[0][2]
            for state in ("failed", "done", "computing", "waiting")
        }
        assert widths == {"failed": 100, "done": 200, "computing": 200, "waiting": 500}

    def test_what_has_failed_is_unknown_and_not_zero_before_the_end(self) -> None:
        said = charts.bar(waiting=1, computing=0, done=1, failed=None).sentence
        assert said == (
            "Of 2 tasks, 1 are done (an unknown number of them failed), 0 computing and 1 waiting."
        )
        assert "(0 of them failed)" in charts.bar(waiting=0, computing=0, done=1, failed=0).sentence

    @pytest.mark.parametrize(
        ("percent", "waiting", "note"),
        [
            (99.99, 1, "99.9 %"),
            (100.0, 1, "99.9 %"),
            (100.0, 0, "100.0 %"),
            (250.0, 1, "250.0 %"),
            (1e300, 1, "1.0e+300 %"),
            (-1e300, 1, "-1.0e+300 %"),
        ],
    )
    def test_100_percent_says_that_no_task_is_left(
        self, percent: float, waiting: int, note: str
    ) -> None:
        chart = charts.bar(waiting=waiting, computing=0, done=9_999, failed=None, percent=percent)
        assert f">{note}<" in chart.html
