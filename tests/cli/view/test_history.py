"""What was seen of a run over time, and the rates that are drawn of it."""

from __future__ import annotations

import math

from taskfarm_cli.view.drawings import throughput_of
from taskfarm_cli.view.facts import RunFacts
from taskfarm_cli.view.history import MOST_POINTS, History, Seen
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk.charts import rates


def test_an_outage_leaves_a_gap_between_the_points_around_it() -> None:
    history = History()
    history.add(0.0, 0)
    history.add(2.0, 10)
    history.interrupt()
    history.interrupt()
    history.add(60.0, 500)
    history.add(62.0, 502)
    assert history.seen.gaps == ((2.0, 60.0),)


def test_an_outage_before_the_first_point_is_no_gap() -> None:
    history = History()
    history.interrupt()
    history.add(5.0, 1)
    assert history.seen == Seen(((5.0, 1),), ())


def test_a_long_course_keeps_its_ends_its_gaps_and_a_bounded_number_of_points() -> None:
    history = History()
    for second in range(10 * MOST_POINTS):
        if second == 100:
            history.interrupt()
        history.add(float(second), second)
    seen = history.seen
    assert len(seen.points) <= MOST_POINTS
    assert seen.points[0] == (0.0, 0)
    assert seen.points[-1] == (10.0 * MOST_POINTS - 1, 10 * MOST_POINTS - 1)
    assert seen.gaps == ((99.0, 100.0),)
    assert {(99.0, 99), (100.0, 100)} <= set(seen.points)
    points, gaps = rates(seen.points, gaps=seen.gaps)
    assert gaps == [(99.0, 100.0)]
    assert len(points) <= 120
    assert all(math.isclose(rate, 1.0) for _, rate in points)


def test_a_course_of_nothing_but_gaps_stays_bounded() -> None:
    history = History()
    for second in range(3 * MOST_POINTS):
        history.interrupt()
        history.add(float(second), second)
    assert len(history.seen.points) <= MOST_POINTS
    assert len(history.seen.gaps) <= MOST_POINTS


def test_a_clock_that_was_set_back_begins_anew() -> None:
    history = History()
    history.add(100.0, 5)
    history.add(50.0, 6)
    assert history.seen == Seen(((50.0, 6),), ())


def test_the_chart_says_that_it_is_unknown_in_a_gap() -> None:
    seen = Seen(((0.0, 0), (2.0, 10), (60.0, 500), (62.0, 502)), ((2.0, 60.0),))
    chart = throughput_of(RunFacts(uuid="0" * 32, seen=seen))
    # Neither 500 in 58 s, nor as if each look stood for as long a time.
    assert "at a mean rate of 3 per second; the highest was 5 per second" in chart
    assert "unknown in 1 span of 58 s" in chart
    assert "the server did not answer" in chart


def test_the_chart_does_not_call_failed_tasks_completed() -> None:
    # The server counts them as done, and tells no number of them before the end.
    chart = throughput_of(RunFacts(uuid="0" * 32, seen=Seen(((0.0, 0), (2.0, 10)))))
    assert "tasks were completed or failed for good at a mean rate of 5 per second" in chart
    nothing = throughput_of(RunFacts(uuid="0" * 32))
    assert "No tasks were completed or failed for good so far" in nothing


def test_charts_count_items_where_a_task_has_several() -> None:
    chart = throughput_of(
        RunFacts(
            uuid="0" * 32,
            chunks=Chunks(items=500, tasks=10),
            seen=Seen(((0.0, 0), (2.0, 200))),
            completions=((0.5, 1.0), (1.5, 3.0)),
        )
    )
    assert "items were completed at a mean rate of 100 per second" in chart
    assert "items were computed at a mean rate of 100 per second" in chart
    assert "tasks" not in chart
