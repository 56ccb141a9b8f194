"""The state of each run that is watched, and what is shown of it."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common.forecast import Estimate, Forecast
from taskfarm_cli.common.signs import Signs

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunItems
    from taskfarm_sdk import Run, RunStatus

# After so long without a completion, a run without computing tasks is idle.
_IDLE_S = 30.0


class Standing(Enum):
    """How a run stands, as one word for its row."""

    WAITING = "waiting"
    COMPUTING = "computing"
    STALE = "stale"
    FINISHED = "finished"
    FAILED = "failed"
    DELETED = "deleted"
    UNREADABLE = "unreadable"

    @property
    def is_over(self) -> bool:
        """Whether it is read no more."""
        return self not in (Standing.WAITING, Standing.COMPUTING, Standing.STALE)

    @property
    def needs_attention(self) -> bool:
        """Whether it is shown before others where there is little room."""
        return self not in (Standing.WAITING, Standing.COMPUTING, Standing.FINISHED)


class Row(NamedTuple):
    """What is known of a run at one moment.

    Attributes:
        run: the run.
        status: its last status.
        items: what is known about its items.
        standing: how it stands.
        estimate: its rate and time left; None where that is unknown.
        stale_s: for how long tasks were computing without a sign of life; None if they were not.
        name: its name; None if it has none here.
        is_idle: whether tasks wait, and nobody seems to compute any.
    """

    run: Run
    status: RunStatus
    items: RunItems | None
    standing: Standing
    estimate: Estimate | None = None
    stale_s: float | None = None
    name: str | None = None
    is_idle: bool = False


class Watched:
    """A run that is watched.

    Args:
        run: the run.
        status: its status.
        items: what is known about its items.
        now: when its status was read, by a monotonic clock.
        name: its name; None if it has none here.
    """

    def __init__(
        self,
        run: Run,
        status: RunStatus,
        items: RunItems | None,
        now: float,
        *,
        name: str | None = None,
    ) -> None:
        self.run = run
        self.status = status
        self.asked_at: float = -math.inf
        self._may_end_at: float | None = None
        self.has_trouble = False
        self._is_away = False
        self._items = items
        self._name = name
        self._forecast = Forecast(None if items is None else items.chunks)
        self._signs = Signs()
        self._end: Standing | None = None
        self.add(status, now)

    def add(self, status: RunStatus, now: float) -> None:
        """Record a status.

        Args:
            status: the status.
            now: the time of a monotonic clock.
        """
        self.status, self.asked_at = status, now
        self.has_trouble = self._is_away = False
        self._forecast.add(now, status)
        self._signs.add(now, status)
        # Kept, because each turn looks at it for each of many runs.
        estimate = self._forecast.estimate()
        self._may_end_at = None if estimate is None else now + estimate.left_s.least

    def end(self, standing: Standing) -> None:
        """Record that it can be read no more."""
        self._end = standing

    def lose(self) -> None:
        """Record that the server is away: until the next status, no rate and no time is told."""
        self._is_away = True

    def interrupt(self) -> None:
        """Record that the server was away."""
        self._signs.interrupt()

    @property
    def is_over(self) -> bool:
        """Whether it is read no more."""
        return self._standing.is_over

    @property
    def may_end_at(self) -> float | None:
        """When it ends at the earliest, by the same clock; None if nothing tells that."""
        return None if self.has_trouble else self._may_end_at

    @property
    def row(self) -> Row:
        """What is shown of it."""
        standing = self._standing
        is_over = standing.is_over
        is_old = is_over or self.has_trouble or self._is_away
        return Row(
            self.run,
            self.status,
            self._items,
            standing,
            None if is_old else self._forecast.estimate(),
            None if is_over else self._signs.stale_s,
            self._name,
            standing is Standing.WAITING and self._forecast.quiet_s >= _IDLE_S,
        )

    @property
    def _standing(self) -> Standing:
        if self._end is not None:
            return self._end
        if self.status.finished:
            return Standing.FAILED if self.status.failed else Standing.FINISHED
        if self._signs.stale_s is not None:
            return Standing.STALE
        # Between two short tasks, nothing is computed for a moment.
        is_at_work = self.status.computing or self._forecast.estimate() is not None
        return Standing.COMPUTING if is_at_work else Standing.WAITING
