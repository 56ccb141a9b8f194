"""The throughput of a run as an area over time, with breaks where it is unknown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from taskfarm_sdk.charts._axes import (
    dates_note,
    duration_text,
    rate_text,
    rate_unit,
    rounded_up,
    short,
    time_labels,
    time_text,
)
from taskfarm_sdk.charts._chart import Chart, framed
from taskfarm_sdk.charts._markup import drawing, labels, legend, number, path, rectangle, tag

_WIDTH, _HEIGHT = 600.0, 100.0
_RULES = path(f"M0 0h{number(_WIDTH)}M0 {number(_HEIGHT / 2)}h{number(_WIDTH)}", "tf-rule")
Points = Sequence[tuple[float, float]]
Spans = Sequence[tuple[float, float]]


def throughput(
    points: Points,
    *,
    gaps: Spans = (),
    gap_meaning: str = "no data",
    noun: str = "tasks",
    title: str = "Throughput",
) -> Chart:
    """Return a chart of completions over time.

    Args:
        points: times in ascending order, and the completions per second around each. Values that
            are not finite are left out.
        gaps: spans of time in which the throughput is unknown: the line breaks there.
        gap_meaning: why it is unknown, for the legend.
        noun: what is completed, in the plural.
        title: the chart's title.
    """
    sound = [(t, rate) for t, rate in points if math.isfinite(t) and math.isfinite(rate)]
    spans = [(a, b) for a, b in gaps if math.isfinite(a) and math.isfinite(b) and b > a]
    if not sound:
        return _empty(title, noun)
    begin_s = min(sound[0][0], *(a for a, _ in spans)) if spans else sound[0][0]
    end_s = max(sound[-1][0], *(b for _, b in spans)) if spans else sound[-1][0]
    peak = max(rate for _, rate in sound)
    unit_s, unit = rate_unit(peak)
    top = rounded_up(peak * unit_s)
    place = _Place(begin_s, max(end_s - begin_s, 1e-9), top / unit_s)
    sentence = _sentence(sound, spans, noun, gap_meaning)
    shapes = "".join(
        (
            path("".join(map(place.gap, spans)), "tf-fill-gap"),
            _RULES,
            *(place.area(piece) for piece in _pieces(sound, spans)),
        )
    )
    svg = drawing(_WIDTH, _HEIGHT, shapes, sentence=sentence)
    y = labels([short(top), short(top / 2), "0"], "tf-y")
    x = labels(time_labels(begin_s, end_s), "tf-x")
    return framed(
        title=title,
        note=f"{noun} per {'second' if unit == 's' else unit}; {dates_note(begin_s, end_s)}",
        sentence=sentence,
        svg=svg,
        body=tag("div", f"{y}{svg}{x}", kind="tf-plot"),
        legend=legend([("tf-fill-gap", gap_meaning)] if spans else []),
    )


class _Place:
    """Places of times and rates in the shapes' coordinates."""

    def __init__(self, begin_s: float, span_s: float, top: float) -> None:
        self._begin_s = begin_s
        self._span_s = span_s
        self._top = top

    def x(self, time_s: float) -> float:
        return (time_s - self._begin_s) / self._span_s * _WIDTH

    def y(self, rate: float) -> float:
        return _HEIGHT * (1 - min(max(rate / self._top, 0.0), 1.0))

    def gap(self, span: tuple[float, float]) -> str:
        left, right = self.x(span[0]), self.x(span[1])
        return rectangle(left, 0, right - left, _HEIGHT)

    def area(self, piece: Points) -> str:
        line = "L".join(f"{number(self.x(t))} {number(self.y(rate))}" for t, rate in piece)
        if len(piece) == 1:
            # A single point would be invisible.
            line = f"{line}h1.5"
        first, last = number(self.x(piece[0][0])), number(self.x(piece[-1][0]))
        floor = number(_HEIGHT)
        below = path(f"M{first} {floor}L{line}L{last} {floor}z", "tf-area")
        return below + path(f"M{line}", "tf-stroke")


def _pieces(points: Points, gaps: Spans) -> Iterable[Points]:
    """Yield the parts of a line between the gaps."""
    piece = [points[0]]
    for (before_s, _), point in pairwise(points):
        if any(begin_s < point[0] and end_s > before_s for begin_s, end_s in gaps):
            yield piece
            piece = []
        piece.append(point)
    yield piece


def _sentence(points: Points, gaps: Spans, noun: str, gap_meaning: str) -> str:
    at_s, peak = max(points, key=lambda point: point[1])
    mean = sum(rate for _, rate in points) / len(points)
    said = (
        f"From {time_text(points[0][0])} to {time_text(points[-1][0])} UTC, {noun} were completed "
        f"at a mean rate of {rate_text(mean)}; the highest was {rate_text(peak)}, "
        f"around {time_text(at_s)}."
    )
    if gaps:
        lost_s = sum(end_s - begin_s for begin_s, end_s in gaps)
        times = "1 span" if len(gaps) == 1 else f"{len(gaps)} spans"
        said += f" It is unknown in {times} of {duration_text(lost_s)} together: {gap_meaning}."
    return said


def _empty(title: str, noun: str) -> Chart:
    sentence = f"No {noun} were seen to be completed yet."
    return framed(title=title, note="", sentence=sentence, svg="", body="")
