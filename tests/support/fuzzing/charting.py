"""The public calls of `taskfarm_sdk.charts`, with right arguments and odd ones of their types."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from taskfarm_sdk import charts
from taskfarm_sdk.charts import Cell, Chart, Row, TextGrid, Timeline
from tests.support.fuzzing.target import Target

REFUSED = (ValueError,)
NOON_S = 1.78e9

_counts = st.integers(0, 40) | st.integers(0, 2**63 - 1)
_numbers = st.floats() | st.sampled_from(
    [0, 1, NOON_S, 1e15, 1e16, 1e100, 1e308, -1e308, 5e-324, math.nan, math.inf, 10**30]
)
_pairs = st.lists(st.tuples(_numbers, _numbers), max_size=6)
_cells = st.lists(
    st.builds(
        Cell,
        first=_counts,
        waiting=_counts,
        computing=_counts,
        done=_counts,
        failed=_counts,
        unknown=_counts,
        percent=st.floats(0, 100),
    ),
    max_size=4,
)
_rows = st.integers(0, 3).flatmap(
    lambda parts: st.lists(
        st.builds(
            Row, name=st.text(max_size=3), busy=st.lists(_numbers, min_size=parts, max_size=parts)
        ),
        max_size=3,
    )
)
_states = st.lists(
    st.tuples(st.sampled_from(["waiting", "computing", "done", "failed", "unknown"]), _numbers),
    max_size=6,
)
# So large that what is drawn of it would fill the memory, if it were.
_sizes = st.integers(-2, 200) | st.sampled_from([10_000, 10_001, 10**6, 10**9, 2**63])


def _filled(width_s: float, times: list[float]) -> Timeline:
    timeline = Timeline(8, width_s)
    for time_s in times:
        timeline.add(time_s)
    return timeline


_timelines = st.builds(_filled, st.floats(1e-9, 1e6), st.lists(st.floats(-1e15, 1e15), max_size=4))


def _shown(drawn: Chart | TextGrid) -> object:
    """Use a chart in all its ways."""
    assert repr(drawn)
    if isinstance(drawn, Chart):
        assert drawn.html.isascii() or drawn.html.encode()
        return drawn._repr_html_()
    return "\n".join(drawn.rows).encode()


def _drawn(rates: Any) -> object:
    """Draw what `charts.rates` returns."""
    points, outages = rates
    return _shown(charts.throughput(points, gaps=outages))


def _cell() -> dict[str, Any]:
    return {
        "first": 0,
        "waiting": 1,
        "computing": 2,
        "done": 3,
        "failed": 1,
        "unknown": 0,
        "percent": 50.0,
    }


def _bar() -> dict[str, Any]:
    return {"waiting": 1, "computing": 2, "done": 3, "failed": 1, "percent": 50.0}


def _grid() -> dict[str, Any]:
    return {"cells": [Cell(**_cell())], "columns": 20, "noun": "task", "unknown": "unknown"}


_OF_BAR: dict[str, SearchStrategy[Any]] = {
    **dict.fromkeys(["waiting", "computing", "done", "failed"], _counts | _counts.map(int.__neg__)),
    "percent": _numbers,
    "width": _sizes,
}
_OF_GRID: dict[str, SearchStrategy[Any]] = {"cells": _cells, "columns": _sizes, "rows": _sizes}

CHARTS: dict[str, Target] = {
    "charts.bar": Target(
        lambda **given: _shown(charts.bar(**given)),
        lambda: {**_bar(), "title": "x"},
        REFUSED,
        _OF_BAR,
    ),
    "charts.text_bar": Target(
        lambda **given: charts.text_bar(**given).encode(errors="replace"),
        lambda: {**_bar(), "width": 30, "glyphs": "#x-"},
        REFUSED,
        _OF_BAR,
    ),
    "charts.duration_text": Target(
        charts.duration_text, lambda: {"duration_s": 1.5}, REFUSED, {"duration_s": _numbers}
    ),
    "charts.rate_text": Target(
        charts.rate_text, lambda: {"per_s": 1.5}, REFUSED, {"per_s": _numbers}
    ),
    "charts.time_text": Target(
        charts.time_text, lambda: {"time_s": NOON_S}, REFUSED, {"time_s": _numbers}
    ),
    "charts.durations": Target(
        lambda **given: _shown(charts.durations(**given)),
        lambda: {"durations_s": [0.5, 2.0], "noun": "attempts", "title": "x"},
        REFUSED,
        {"durations_s": st.lists(_numbers, max_size=6)},
    ),
    "charts.throughput": Target(
        lambda **given: _shown(charts.throughput(**given)),
        lambda: {
            "points": [(NOON_S, 1.0), (NOON_S + 2, 3.0)],
            "gaps": [(NOON_S + 2, NOON_S + 5)],
            "gap_meaning": "no data",
            "noun": "tasks",
            "became": "completed",
            "title": "x",
        },
        REFUSED,
        {"points": _pairs, "gaps": _pairs},
    ),
    "charts.rates": Target(
        lambda **given: _drawn(charts.rates(**given)),
        lambda: {
            "samples": [(NOON_S, 0), (NOON_S + 2, 3), (NOON_S + 90, 5)],
            "outage_s": 10.0,
            "gaps": [(NOON_S, NOON_S + 2)],
            "most": 12,
        },
        REFUSED,
        {"samples": _pairs, "gaps": _pairs, "outage_s": _numbers, "most": _sizes},
    ),
    "charts.Cell": Target(Cell, _cell, REFUSED, {"percent": _numbers}),
    "charts.cells": Target(
        charts.cells,
        lambda: {"tasks": [("done", 100.0), ("computing", 5.0)], "num_tasks": 3, "most": 2},
        REFUSED,
        {"tasks": _states, "num_tasks": st.integers(-2, 300), "most": _sizes},
    ),
    "charts.grid": Target(
        lambda **given: _shown(charts.grid(**given)),
        lambda: {**_grid(), "title": "x"},
        REFUSED,
        _OF_GRID,
    ),
    "charts.text_grid": Target(
        lambda **given: _shown(charts.text_grid(**given)),
        lambda: {**_grid(), "rows": 4},
        REFUSED,
        _OF_GRID,
    ),
    "charts.Row": Target(
        Row,
        lambda: {"name": "a", "busy": [1.0, 0.5]},
        REFUSED,
        {"busy": st.lists(_numbers, max_size=4)},
    ),
    "charts.workers": Target(
        lambda **given: _shown(charts.workers(**given)),
        lambda: {
            "rows": [Row(name="a", busy=[1.0, 0.5])],
            "begin_s": NOON_S,
            "end_s": NOON_S + 60,
            "others": 1,
            "title": "x",
        },
        REFUSED,
        {"rows": _rows, "begin_s": _numbers, "end_s": _numbers},
    ),
    "charts.Timeline": Target(
        lambda **given: _filled_by(Timeline(**given)),
        lambda: {"most": 8, "width_s": 0.5},
        REFUSED,
        {"most": _sizes, "width_s": _numbers},
    ),
    "charts.Timeline.add": Target(
        lambda **given: Timeline(8, 0.5).add(**given),
        lambda: {"time_s": NOON_S, "count": 2},
        REFUSED,
        {"time_s": _numbers, "count": _numbers},
    ),
    "charts.Timeline.add_span": Target(
        lambda **given: Timeline(8, 0.5).add_span(**given),
        lambda: {"begin_s": NOON_S, "end_s": NOON_S + 9, "count": 2},
        REFUSED,
        {"begin_s": _numbers, "end_s": _numbers, "count": _numbers},
    ),
    "charts.Timeline.add_all": Target(
        lambda **given: _filled(0.5, [NOON_S]).add_all(**given),
        lambda: {"other": _filled(0.25, [NOON_S + 5])},
        REFUSED,
        {"other": _timelines},
    ),
    "charts.Timeline.amounts": Target(
        lambda **given: _filled(0.5, [NOON_S, NOON_S + 5]).amounts(**given),
        lambda: {"begin_s": NOON_S, "end_s": NOON_S + 9, "width_s": 2.0},
        REFUSED,
        {
            "begin_s": st.floats(NOON_S - 50, NOON_S + 50) | _numbers,
            "end_s": st.floats(NOON_S - 50, NOON_S + 50) | _numbers,
            "width_s": st.floats(0.01, 1e15) | _numbers,
        },
    ),
}


def _filled_by(timeline: Timeline) -> object:
    """Use a timeline in all its ways."""
    timeline.add(NOON_S)
    timeline.add_span(0.5, NOON_S)
    return timeline.begin_s, timeline.end_s, timeline.amounts(0.5, NOON_S, NOON_S)
