"""Amounts over time in a bounded number of bins, which grow with the time that they cover."""

from __future__ import annotations

import math

Amounts = list[float]


class Timeline:
    """Sums amounts over time, in bins of equal width.

    The width doubles whenever more than `most` bins would be needed, so the memory does not depend
    on how much is added or in which order.

    Args:
        most: the highest number of bins.
        width_s: the width to begin with, in seconds.
    """

    def __init__(self, most: int = 240, width_s: float = 1 / 64) -> None:
        if most < 2:
            raise ValueError(f"most must be at least 2, not {most}")
        if not width_s > 0 or not math.isfinite(width_s):
            raise ValueError(f"width_s must be a number of seconds above 0, not {width_s}")
        self._most = most
        self._width_s = width_s
        self._bins: dict[int, float] = {}
        # No bin yet.
        self._low, self._high = 0, -1

    @property
    def width_s(self) -> float:
        """The width of a bin in seconds."""
        return self._width_s

    def add(self, time_s: float, count: int = 1) -> None:
        """Add a count of what happened.

        Args:
            time_s: when; a time that is not finite is left out.
            count: how often.
        """
        if math.isfinite(time_s):
            self._add(time_s, count)

    def _add(self, time_s: float, amount: float) -> None:
        place, _ = self._places(time_s, time_s)
        self._bins[place] = self._bins.get(place, 0.0) + amount

    def add_span(self, begin_s: float, end_s: float, count: int | None = None) -> None:
        """Add a count evenly over a span; without a count, its seconds.

        Args:
            begin_s: the span's begin.
            end_s: its end; a span that ends before it begins, or is not finite, is left out.
            count: what to add; None for the span's seconds.
        """
        if not 0.0 <= end_s - begin_s < math.inf:
            return
        first, last = self._places(begin_s, end_s)
        width_s, bins = self._width_s, self._bins
        if first == last:
            amount = end_s - begin_s if count is None else count
            bins[first] = bins.get(first, 0.0) + amount
            return
        per_s = 1.0 if count is None else count / (end_s - begin_s)
        bins[first] = bins.get(first, 0.0) + ((first + 1) * width_s - begin_s) * per_s
        bins[last] = bins.get(last, 0.0) + (end_s - last * width_s) * per_s
        for place in range(first + 1, last):
            bins[place] = bins.get(place, 0.0) + width_s * per_s

    def add_all(self, other: Timeline) -> None:
        """Add the amounts of another one; exact if both began with the same width.

        Args:
            other: the other one, which stays as it is.
        """
        while self._width_s < other._width_s:
            self._merge()
            self._low, self._high = self._low // 2, self._high // 2
        for place, amount in other._bins.items():
            self._add((place + 0.5) * other._width_s, amount)

    def amounts(self, begin_s: float, end_s: float, width_s: float) -> Amounts:
        """Return the amounts in other bins; what lies outside of them is left out.

        An amount is spread evenly over its own bin.

        Args:
            begin_s: the begin of the first bin.
            end_s: the end of the last one, or a time in it.
            width_s: their width.
        """
        count = max(1, math.ceil((end_s - begin_s) / width_s - 1e-9))
        found = [0.0] * count
        for place, amount in self._bins.items():
            low = (place * self._width_s - begin_s) / width_s
            high = low + self._width_s / width_s
            for index in range(max(0, math.floor(low)), min(count, math.ceil(high))):
                shared = min(high, index + 1) - max(low, index)
                found[index] += amount * shared / (high - low)
        return found

    @property
    def begin_s(self) -> float:
        """The begin of the first bin; NaN if nothing was added."""
        return self._low * self._width_s if self._bins else math.nan

    @property
    def end_s(self) -> float:
        """The end of the last bin; NaN if nothing was added."""
        return (self._high + 1) * self._width_s if self._bins else math.nan

    def _places(self, begin_s: float, end_s: float) -> tuple[int, int]:
        """Return the bins of two times, which may be new ones."""
        first, last = int(begin_s // self._width_s), int(end_s // self._width_s)
        if self._low <= first and last <= self._high:
            return first, last
        low, high = (min(self._low, first), max(self._high, last)) if self._bins else (first, last)
        while high - low >= self._most:
            self._merge()
            low, high = low // 2, high // 2
        self._low, self._high = low, high
        return int(begin_s // self._width_s), int(end_s // self._width_s)

    def _merge(self) -> None:
        merged: dict[int, float] = {}
        for place, amount in self._bins.items():
            merged[place // 2] = merged.get(place // 2, 0.0) + amount
        self._bins = merged
        self._width_s *= 2
