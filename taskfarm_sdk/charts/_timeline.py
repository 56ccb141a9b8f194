"""Amounts over time in a bounded number of bins, which grow with the time that they cover."""

from __future__ import annotations

import math

from taskfarm_sdk._text import shown
from taskfarm_sdk.charts import _checked

Amounts = list[float]
# Times farther from now are none, and widths below cannot be told apart there.
_FAR_S = 1e15
_LEAST_WIDTH_S = 1e-9


class Timeline:
    """Sums amounts over time, in bins of equal width.

    The width doubles whenever more than `most` bins would be needed, so the memory does not depend
    on how much is added or in which order.

    Args:
        most: the highest number of bins.
        width_s: the width to begin with, in seconds.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """

    def __init__(self, most: int = 240, width_s: float = 1 / 64) -> None:
        self._most = _checked.count("most", most, least=2, most=_checked.MOST_CELLS)
        self._width_s = _width_s(width_s)
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
            time_s: when; a time that is not finite, or of another age of the world, is left out.
            count: how often.

        Raises:
            ValueError: one of them is no number.
        """
        # Called for each of a million attempts: no checks before the sum, and no block around it.
        try:
            amount = 1.0 * count
            if -_FAR_S < time_s < _FAR_S:
                self._add(time_s, amount)
        except _checked.NO_NUMBER as error:
            raise ValueError(f"time_s and count must be numbers: {error}") from error

    def _add(self, time_s: float, amount: float) -> None:
        place, _ = self._places(time_s, time_s)
        self._bins[place] = self._bins.get(place, 0.0) + amount

    def add_span(self, begin_s: float, end_s: float, count: int | None = None) -> None:
        """Add a count evenly over a span; without a count, its seconds.

        Args:
            begin_s: the span's begin.
            end_s: its end; a span that ends before it begins, or is not finite, is left out.
            count: what to add; None for the span's seconds.

        Raises:
            ValueError: one of them is no number.
        """
        try:
            if -_FAR_S < begin_s <= end_s < _FAR_S:
                self._add_span(begin_s, end_s, None if count is None else 1.0 * count)
        except _checked.NO_NUMBER as error:
            raise ValueError(f"begin_s, end_s and count must be numbers: {error}") from error

    def _add_span(self, begin_s: float, end_s: float, count: float | None) -> None:
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

        Raises:
            ValueError: it is none.
        """
        if not isinstance(other, Timeline):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(  # noqa: TRY004 - one type of error for all arguments
                f"other must be a Timeline, not {shown(other)}"
            )
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

        Raises:
            ValueError: an argument is wrong, or there would be more than a million bins.
        """
        begin_s, end_s = _time_s("begin_s", begin_s), _time_s("end_s", end_s)
        width_s = _width_s(width_s)
        count = max(1, math.ceil((end_s - begin_s) / width_s - 1e-9))
        if count > _checked.MOST_CELLS:
            raise ValueError(
                f"between begin_s and end_s there would be {count:,} bins, and not at most "
                f"{_checked.MOST_CELLS:,}: give a larger width_s"
            )
        found = [0.0] * count
        for place, amount in self._bins.items():
            low = (place * self._width_s - begin_s) / width_s
            high = low + self._width_s / width_s
            if not high > low:
                # So narrow a bin that such floats cannot tell its end from its begin.
                if 0 <= low < count:
                    found[math.floor(low)] += amount
                continue
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


def _width_s(width_s: float) -> float:
    found = _checked.number("width_s", width_s)
    if not _LEAST_WIDTH_S <= found <= _FAR_S:
        raise ValueError(
            f"width_s must be a number of seconds from {_LEAST_WIDTH_S:g} to {_FAR_S:g}, not "
            f"{shown(width_s)}"
        )
    return found


def _time_s(name: str, time_s: float) -> float:
    found = _checked.number(name, time_s)
    if not -_FAR_S < found < _FAR_S:
        raise ValueError(
            f"{name} must be a time between -{_FAR_S:g} and {_FAR_S:g}, not {shown(time_s)}"
        )
    return found
