"""The throughput of a run as an area over time, with breaks where it is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from taskfarm_sdk.charts import _checked
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
    became: str = "completed",
    title: str = "Throughput",
) -> Chart:
    """Return a chart of completions over time.

    The sentence tells the mean rate: each point counts for the time that is nearer to it than to
    other points and lies in no gap. It is exact for points in the middle of equal parts of time, as
    `rates` returns them.

    Args:
        points: times in ascending order, and the completions per second around each. Values that
            are not finite are left out.
        gaps: spans of time in which the throughput is unknown: the line breaks there.
        gap_meaning: why it is unknown, for the legend.
        noun: what is counted, in the plural.
        became: what became of it, for the sentence. The server's number of done tasks has those in
            it that failed for good: a chart of it is one of tasks "completed or failed for good".
        title: the chart's title.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    texts = (("gap_meaning", gap_meaning), ("noun", noun), ("became", became), ("title", title))
    for name, text in texts:
        _checked.text(name, text)
    sound = _checked.pairs("points", points)
    spans = [(a, b) for a, b in _checked.pairs("gaps", gaps) if b > a]
    if not sound:
        return _empty(title, noun, became)
    begin_s = min(sound[0][0], *(a for a, _ in spans)) if spans else sound[0][0]
    end_s = max(sound[-1][0], *(b for _, b in spans)) if spans else sound[-1][0]
    peak = max(rate for _, rate in sound)
    unit_s, unit = rate_unit(peak)
    top = rounded_up(peak * unit_s)
    place = _Place(begin_s, max(end_s - begin_s, 1e-9), top / unit_s)
    sentence = _sentence(sound, spans, f"{noun} were {became}", gap_meaning)
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


def _sentence(points: Points, gaps: Spans, what: str, gap_meaning: str) -> str:
    at_s, peak = max(points, key=lambda point: point[1])
    said = (
        f"From {time_text(points[0][0])} to {time_text(points[-1][0])} UTC, {what} at a mean rate "
        f"of {rate_text(_mean(points, gaps))}; the highest was {rate_text(peak)}, "
        f"around {time_text(at_s)}."
    )
    if gaps:
        lost_s = sum(end_s - begin_s for begin_s, end_s in gaps)
        times = "1 span" if len(gaps) == 1 else f"{len(gaps)} spans"
        said += f" It is unknown in {times} of {duration_text(lost_s)} together: {gap_meaning}."
    return said


def _mean(points: Points, gaps: Spans) -> float:
    spans = list(_spans_of(points))
    weights = [end_s - begin_s - _covered_s(begin_s, end_s, gaps) for begin_s, end_s in spans]
    total_s = sum(weights)
    if not total_s > 0:
        return sum(rate for _, rate in points) / len(points)
    return sum(w * rate for w, (_, rate) in zip(weights, points, strict=True)) / total_s


def _spans_of(points: Points) -> Iterable[tuple[float, float]]:
    """Yield the time that is nearest to each point; that of the first and last is symmetric."""
    times = [time_s for time_s, _ in points]
    if len(times) == 1:
        yield times[0], times[0]
        return
    middles = [(before_s + after_s) / 2 for before_s, after_s in pairwise(times)]
    yield from pairwise([2 * times[0] - middles[0], *middles, 2 * times[-1] - middles[-1]])


def _covered_s(begin_s: float, end_s: float, gaps: Spans) -> float:
    return sum(max(0.0, min(end_s, b) - max(begin_s, a)) for a, b in gaps)


def _empty(title: str, noun: str, became: str) -> Chart:
    sentence = f"No {noun} were {became} so far, as far as was seen."
    return framed(title=title, note="", sentence=sentence, svg="", body="")
