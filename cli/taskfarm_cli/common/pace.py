"""The rate of a run and its remaining time, from its last counts."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import counted

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus
    from taskfarm_sdk._items.chunks import Chunks

# Long enough to average over workers that finish together, short enough to notice lost workers.
WINDOW_S = 120.0
# A rate over a shorter time varies too much.
LEAST_S = 3.0
LONGEST_S = 99 * 86400
LEAST_PER_HOUR = 0.01


def progress(status: RunStatus) -> float:
    """Return the work done in a run as a number of tasks, including fractions of tasks."""
    share = status.percent_done / 100 * status.num_tasks
    # A failed task is done but counts 0 %, so more tasks can be done than the percentage shows.
    if not math.isfinite(share) or share < status.done:
        return float(status.done)
    return min(share, float(status.num_tasks))


class Pace:
    """The rate of a run over the last two minutes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._left = 0.0

    def add(self, now: float, status: RunStatus) -> None:
        """Record the run's status.

        Args:
            now: seconds of a monotonic clock.
            status: the status.
        """
        here = progress(status)
        # After a reset or a recovery the earlier counts no longer help.
        if self._seen and here < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, here))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW_S:
            self._seen.popleft()
        self._left = status.num_tasks - here

    @property
    def tasks_per_s(self) -> float | None:
        """The work done in a second, as a number of tasks, or None while that is unknown."""
        if not self._seen:
            return None
        (then, before), (now, here) = self._seen[0], self._seen[-1]
        if now - then < LEAST_S:
            return None
        return (here - before) / (now - then)

    def left_s(self, now: float) -> float | None:
        """Return the estimated seconds until the run is finished, or None if unknown."""
        rate = self.tasks_per_s
        if not rate:
            return None
        return max(0.0, self._left / rate - (now - self._seen[-1][0]))


def duration(seconds: float) -> str:
    """Format a duration: `0:05`, `1:02:03`, `3 days`, `over 99 days`."""
    # A rate near 0 gives times that say nothing, and may be infinite.
    if not seconds < LONGEST_S:
        return f"over {LONGEST_S // 86400} days"
    whole = math.ceil(seconds)
    if whole >= 2 * 86400:
        return f"{whole // 86400} days"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def speed(tasks_per_s: float, chunks: Chunks | None) -> str:
    """Format the rate of a run: in items where tasks are chunks of them."""
    if chunks is None or chunks.size == 1:
        return rate(tasks_per_s)
    return rate(tasks_per_s * chunks.items / chunks.tasks, "item")


def rate(per_s: float, noun: str = "task") -> str:
    """Format a rate in a unit that gives a readable number."""
    for unit, seconds in (("s", 1), ("min", 60)):
        if per_s * seconds >= 1:
            return f"{counted(_three_digits(per_s * seconds), noun)}/{unit}"
    per_hour = per_s * 3600
    if 0 < per_hour < LEAST_PER_HOUR:
        return f"under {LEAST_PER_HOUR:g} {noun}s/h"
    return f"{counted(_three_digits(per_hour), noun)}/h"


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
