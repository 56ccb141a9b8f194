"""The last sign of life of a run's workers, as far as the counts of the run show it.

A worker of this package writes a heartbeat into the percentage of each task that it computes, every
30 s at most, and each changes the mean percentage of the run. Where nothing has changed for four
times as long, nobody who sends heartbeats computes; other clients may, which send none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus

# After so long without a heartbeat, other workers take a task over by default.
STALE_AFTER_S = 120.0


class Signs:
    """When a run changed last, in the readings so far."""

    def __init__(self) -> None:
        self._last: RunStatus | None = None
        self._since = -math.inf
        self._now = -math.inf

    def add(self, now: float, status: RunStatus) -> None:
        """Record the run's status.

        Args:
            now: seconds of a monotonic clock.
            status: the status.
        """
        if self._last != status:
            self._last, self._since = status, now
        self._now = now

    def interrupt(self) -> None:
        """Record that the server was away: workers could not send anything either."""
        self._last = None

    @property
    def stale_s(self) -> float | None:
        """For how long tasks were computing without a sign of life; None where that is unknown."""
        last, quiet_s = self._last, self._now - self._since
        # The mean of a large run in which hardly a task has begun is too small to show heartbeats.
        if last is None or not last.computing or not last.percent_done > 0:
            return None
        return quiet_s if quiet_s >= STALE_AFTER_S else None
