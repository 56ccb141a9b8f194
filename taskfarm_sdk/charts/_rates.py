"""Rates from samples of a count, as a page that polls a run has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from taskfarm_sdk.charts import _checked

Samples = Sequence[tuple[float, float]]
Span = tuple[float, float]
Spans = Sequence[Span]
Points = list[tuple[float, float]]
# No clock tells times that are nearer to each other.
_LEAST_S = 1e-12
_LEAST_PART = 1e-9


def rates(
    samples: Samples, *, outage_s: float = math.inf, gaps: Spans = (), most: int = 120
) -> tuple[Points, list[Span]]:
    """Return the rate at which a count grew, for `throughput`.

    Between two outages, the points are in the middle of equal parts of time, whatever the times of
    the looks. So the mean rate of the chart is how much the count grew, divided by the time that
    was looked at.

    Args:
        samples: time and count of each look, in the order of time, such as the number of done
            tasks, with those that failed for good in it. A count that falls, as after a reset, adds
            nothing. Values that are not finite are left out.
        outage_s: the time between two looks from which it is unknown when the count grew.
        gaps: begin and end of other spans in which it is unknown, each from one look to the next.
        most: the highest number of points, but for one in each span that was looked at.

    Returns:
        The points (time, and growth per second there), and the spans of time without looks.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    most = _checked.count("most", most, least=1, most=_checked.MOST_CELLS)
    outage_s = _checked.number("outage_s", outage_s)
    samples, gaps = _checked.pairs("samples", samples), _checked.pairs("gaps", gaps)
    begins = {begin_s for begin_s, _ in gaps}
    outages = [
        (begin_s, end_s)
        for (begin_s, _), (end_s, _) in pairwise(samples)
        if end_s - begin_s >= outage_s or begin_s in begins
    ]
    pieces = [piece for piece in _pieces(samples, outages) if piece[-1][0] > piece[0][0]]
    looked_s = sum(piece[-1][0] - piece[0][0] for piece in pieces)
    return [point for piece in pieces for point in _points(piece, looked_s, most)], outages


def _pieces(samples: Samples, outages: Spans) -> Iterable[Samples]:
    """Yield the samples between the outages."""
    begins = {begin_s for begin_s, _ in outages}
    first = 0
    for place, (time_s, _) in enumerate(samples):
        if time_s in begins:
            yield samples[first : place + 1]
            first = place + 1
    if first < len(samples):
        yield samples[first:]


def _points(piece: Samples, looked_s: float, most: int) -> Iterable[tuple[float, float]]:
    begin_s, end_s = piece[0][0], piece[-1][0]
    count = max(1, math.floor(most * ((end_s - begin_s) / looked_s)))
    width_s = max((end_s - begin_s) / count, _LEAST_S)
    amounts = [0.0] * count
    for (from_s, before), (to_s, after) in pairwise(piece):
        if to_s > from_s and after > before:
            first, last = ((time_s - begin_s) / width_s for time_s in (from_s, to_s))
            if last - first < _LEAST_PART:
                # Else the sum of the parts is none that a float can tell.
                amounts[min(count - 1, math.floor(first))] += after - before
                continue
            per_part = (after - before) / (last - first)
            for part in range(math.floor(first), min(count, math.ceil(last))):
                amounts[part] += per_part * (min(last, part + 1) - max(first, part))
    for part, amount in enumerate(amounts):
        yield begin_s + (part + 0.5) * width_s, amount / width_s
