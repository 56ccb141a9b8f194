"""Rates over time, from a timeline of completions."""

from __future__ import annotations

from taskfarm_sdk.charts import Timeline

Points = list[tuple[float, float]]


def rates_of(
    completions: Timeline, begin_s: float, end_s: float, *, most: int, least_s: float = 1e-3
) -> Points:
    """Return completions per second over a span of time, as points of a chart.

    The points stand for equal parts of the span, so that their mean is that of the whole.

    Args:
        completions: what was completed when.
        begin_s: the begin of the span.
        end_s: its end.
        most: the highest number of points.
        least_s: the shortest part that has a point of its own.
    """
    span_s = max(end_s - begin_s, least_s)
    width_s = span_s / max(1, min(most, int(span_s / least_s)))
    amounts = completions.amounts(begin_s, begin_s + span_s, width_s)
    return [
        (begin_s + (index + 0.5) * width_s, amount / width_s)
        for index, amount in enumerate(amounts)
    ]
