"""Durations as a histogram whose bins grow by a constant factor."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

from taskfarm_sdk.charts import _checked
from taskfarm_sdk.charts._axes import duration_text, rounded_up, short
from taskfarm_sdk.charts._chart import Chart, framed
from taskfarm_sdk.charts._markup import drawing, labels, path, rectangle, tag

_LEAST_S = 1e-4
_BINS = 24
# Bins for each factor of ten, if the durations do not fit into _BINS of these, fewer.
_PER_DECADE = (20, 10, 5, 4, 2, 1)
_HEIGHT = 100.0
_SORTED_AT_ONCE = 100_000


def durations(
    durations_s: Iterable[float], *, noun: str = "attempts", title: str = "Durations"
) -> Chart:
    """Return a histogram of durations with logarithmic bins.

    Args:
        durations_s: the durations, which may be an iterator. Those that are negative or not
            finite are left out; those below 0.1 ms count as that.
        noun: what took them, in the plural.
        title: the chart's title.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    _checked.text("noun", noun)
    _checked.text("title", title)
    sound = _checked.numbers("durations_s", durations_s, 0.0, _checked.FAR)
    if not sound:
        return framed(
            title=title, note="", sentence=f"No durations of {noun} are known yet.", svg="", body=""
        )
    first, counts, per_decade = _bins(sound)
    top = rounded_up(max(counts))
    bars = "".join(
        rectangle(index + 0.05, _HEIGHT * (1 - count / top), 0.9, _HEIGHT * count / top)
        for index, count in enumerate(counts)
        if count
    )
    rules = path(f"M0 0h{len(counts)}M0 {_HEIGHT / 2}h{len(counts)}", "tf-rule")
    sentence = _sentence(sound, noun)
    svg = drawing(len(counts), _HEIGHT, rules + path(bars, "tf-fill-done"), sentence=sentence)
    y = labels([short(top), short(top / 2) if top > 1 else "", "0"], "tf-y")
    x = labels(_edges(first, len(counts), per_decade), "tf-x")
    return framed(
        title=title,
        note=f"{noun} by duration, logarithmic",
        sentence=sentence,
        svg=svg,
        body=tag("div", f"{y}{svg}{x}", kind="tf-plot"),
    )


def _bins(seconds: Sequence[float]) -> tuple[int, list[int], int]:
    """Return the number of the first bin, the counts, and how many bins a factor of ten has."""
    low, high = (math.log10(max(limit, _LEAST_S)) for limit in (min(seconds), max(seconds)))
    per_decade = next(
        (per for per in _PER_DECADE if (high - low) * per < _BINS - 4), _PER_DECADE[-1]
    )
    first, last = math.floor(low * per_decade), math.floor(high * per_decade)
    # A multiple of four bins, so that each label stands at an edge.
    missing = -(last - first + 1) % 4
    first -= missing // 2
    counts = [0] * (last - first + 1 + missing - missing // 2)
    log10, floor = math.log10, math.floor
    for taken_s in seconds:
        counts[floor(log10(max(taken_s, _LEAST_S)) * per_decade) - first] += 1
    return first, counts, per_decade


def _edges(first: int, count: int, per_decade: int) -> list[str]:
    step = count // 4
    return [duration_text(10 ** ((first + step * part) / per_decade)) for part in range(5)]


def _sentence(seconds: array[float], noun: str) -> str:
    count = len(seconds)
    median, tail = _ranked(seconds, (count // 2, math.ceil(count * 0.95) - 1))
    least, most = min(seconds), max(seconds)
    return (
        f"{count:,} {noun} took from {duration_text(least)} to {duration_text(most)}: "
        f"half of them at most {duration_text(median)}, 95 % at most {duration_text(tail)}."
    )


def _ranked(seconds: array[float], ranks: tuple[int, ...]) -> list[float]:
    """Return the values at some places of the ascending order; the places ascend too."""
    # Sorted in parts: a list of a million numbers would take 40 MB.
    parts = [
        array("d", sorted(seconds[first : first + _SORTED_AT_ONCE]))
        for first in range(0, len(seconds), _SORTED_AT_ONCE)
    ]
    if len(parts) == 1:
        return [parts[0][rank] for rank in ranks]
    ordered = heapq.merge(*parts)
    steps = (rank - before - 1 for before, rank in pairwise((-1, *ranks)))
    return [next(islice(ordered, step, None)) for step in steps]
