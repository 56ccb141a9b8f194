"""The history of a run: how many tasks or items were seen done, and when nobody could tell."""

from __future__ import annotations

import attrs

# A chart is some 600 pixels wide.
MOST_POINTS = 1000


@attrs.frozen
class Seen:
    """What was seen of a run.

    Attributes:
        points: times in seconds since 1970, each with how many were done, ascending.
        gaps: the begin and the end of each time in which it was not known how many were.
    """

    points: tuple[tuple[float, int], ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()


class History:
    """The course of a run, in a bounded number of points."""

    def __init__(self) -> None:
        self._points: list[tuple[float, int]] = []
        self._gaps: list[tuple[float, float]] = []
        self._is_broken = False

    def add(self, time_s: float, done: int) -> None:
        """Record how many tasks or items are done.

        Args:
            time_s: seconds since 1970. A clock that was set back begins a new history.
            done: the number.
        """
        if self._points and time_s < self._points[-1][0]:
            self._points, self._gaps = [], []
        if self._is_broken and self._points:
            self._gaps.append((self._points[-1][0], time_s))
        self._is_broken = False
        self._points.append((time_s, done))
        if len(self._points) > MOST_POINTS:
            self._thin_out()

    def interrupt(self) -> None:
        """Record that what happens until the next point is not known."""
        self._is_broken = True

    @property
    def seen(self) -> Seen:
        """What was recorded."""
        return Seen(tuple(self._points), tuple(self._gaps))

    def _thin_out(self) -> None:
        """Keep every second point of the older half, and those beside gaps."""
        edges = {edge for gap in self._gaps for edge in gap}
        half = len(self._points) // 2
        old = self._points[:half]
        kept = [p for place, p in enumerate(old) if place % 2 == 0 or p[0] in edges]
        if len(kept) == len(old):
            # A run that is seen between gaps alone: the oldest are forgotten.
            kept = old[half // 2 :]
            self._gaps = [gap for gap in self._gaps if gap[0] >= kept[0][0]]
        self._points[:half] = kept
