"""Rates from samples of a count, as a page that polls a run has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from taskfarm_sdk.charts._timeline import Timeline

Samples = Sequence[tuple[float, int]]
Points = list[tuple[float, float]]
Spans = list[tuple[float, float]]


def rates(samples: Samples, *, outage_s: float, most: int = 120) -> tuple[Points, Spans]:
    """Return the rate at which a count grew, for `throughput`.

    Args:
        samples: time and count of each look, in the order of time, such as the number of done
            tasks. A count that falls, as after a reset, adds nothing.
        outage_s: the time between two looks from which it is unknown when the count grew.
        most: the highest number of points.

    Returns:
        The points (time, and growth per second there), and the spans of time without looks.
    """
    if len(samples) < 2 or not samples[-1][0] > samples[0][0]:
        return [], []
    # Finer than the points, so that these are not smeared.
    grown, seen, outages = Timeline(8 * most), Timeline(8 * most), Spans()
    for (begin_s, before), (end_s, after) in pairwise(samples):
        if end_s - begin_s >= outage_s:
            outages.append((begin_s, end_s))
        elif end_s > begin_s:
            grown.add_span(begin_s, end_s, max(0, after - before))
            seen.add_span(begin_s, end_s)
    return list(_points(grown, seen, samples[0][0], samples[-1][0], most)), outages


def _points(
    grown: Timeline, seen: Timeline, begin_s: float, end_s: float, most: int
) -> Iterable[tuple[float, float]]:
    width_s = (end_s - begin_s) / most
    amounts = grown.amounts(begin_s, end_s, width_s)
    covered = seen.amounts(begin_s, end_s, width_s)
    for index, (amount, looked_s) in enumerate(zip(amounts, covered, strict=True)):
        # A bin that was hardly looked at says little.
        if looked_s > width_s / 4:
            yield begin_s + (index + 0.5) * width_s, amount / looked_s
