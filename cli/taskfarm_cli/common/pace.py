"""The pace of a run and the time that is left, from its last counts."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus

# Long enough to even out workers that finish together, short enough to notice that some are gone.
WINDOW_S = 120.0
# A rate from less than this jumps about.
LEAST_S = 3.0


def progress(status: RunStatus) -> float:
    """Return how many tasks' worth of work is behind a run: parts of tasks count too."""
    share = status.percent_done / 100 * status.num_tasks
    # A failed task is done and counts 0 %, so there can be more done than the percentage says.
    if not math.isfinite(share) or share < status.done:
        return float(status.done)
    return min(share, float(status.num_tasks))


class Pace:
    """The pace of a run over the last two minutes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._left = 0.0

    def add(self, now: float, status: RunStatus) -> None:
        """Note how the run stands.

        Args:
            now: seconds by a clock that only grows.
            status: how it stands.
        """
        here = progress(status)
        # It goes backwards when the run is reset or a task is taken back: what was is no guide.
        if self._seen and here < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, here))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW_S:
            self._seen.popleft()
        self._left = status.num_tasks - here

    @property
    def tasks_per_s(self) -> float | None:
        """How many tasks' worth of work is done in a second, or None while that is not known."""
        if not self._seen:
            return None
        (then, before), (now, here) = self._seen[0], self._seen[-1]
        if now - then < LEAST_S:
            return None
        return (here - before) / (now - then)

    def left_s(self, now: float) -> float | None:
        """Return in how many seconds the run will be finished, or None if that cannot be told."""
        rate = self.tasks_per_s
        if not rate:
            return None
        return max(0.0, self._left / rate - (now - self._seen[-1][0]))


def duration(seconds: float) -> str:
    """Return a time as people read it: `0:05`, `1:02:03`, `3 days`."""
    whole = math.ceil(seconds)
    if whole >= 2 * 86400:
        return f"{whole // 86400} days"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def rate(tasks_per_s: float) -> str:
    """Return a pace in the unit in which it is a number to remember."""
    for unit, seconds in (("s", 1), ("min", 60)):
        if tasks_per_s * seconds >= 1:
            return f"{_three_digits(tasks_per_s * seconds)} tasks/{unit}"
    return f"{_three_digits(tasks_per_s * 3600)} tasks/h"


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
