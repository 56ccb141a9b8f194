"""One log line of an idle worker: the tasks that it waits for, and until when."""

from __future__ import annotations

import datetime
import math

import attrs

from taskfarm_sdk._flows.waiting import shorten
from taskfarm_sdk._logging import warn_aloud

SAY_AFTER_S = 5.0
SAY_AGAIN_AFTER_S = 60.0


@attrs.define
class IdleNotice:
    """Logs which tasks an idle worker waits for, once and again when they change.

    Attributes:
        run: the run's uuid.
    """

    run: str
    _since: float | None = attrs.field(default=None, init=False)
    _said_at: float = attrs.field(default=-math.inf, init=False)
    _said_of: list[int] | None = attrs.field(default=None, init=False)

    def begins(self, now: float, *, is_idle: bool) -> None:
        """Note whether the worker has no open task while it watches others' tasks."""
        if not is_idle:
            self._since = None
        elif self._since is None:
            self._since = now

    def ends(self) -> None:
        """Note that the worker has a task."""
        self._since = None

    def due_at(self) -> float:
        """Return when the next notice is due; infinite while the worker is not idle."""
        if self._since is None:
            return math.inf
        return max(self._since + SAY_AFTER_S, self._said_at + SAY_AGAIN_AFTER_S)

    def say(self, now: float, numbers: list[int], stale_at: float) -> None:
        """Log the notice, unless the same was logged before.

        Args:
            now: the time.
            numbers: the tasks that the worker waits for.
            stale_at: when the first of them counts as lost without a heartbeat.
        """
        if not numbers or numbers == self._said_of:
            return
        self._said_at, self._said_of = now, numbers
        left_s = max(0.0, stale_at - now)
        at = datetime.datetime.now().astimezone() + datetime.timedelta(seconds=left_s)
        tasks = "task" if len(numbers) == 1 else "tasks"
        warn_aloud(
            f"no task of run {self.run} waits: staying for {tasks} {shorten(tuple(numbers))}, "
            "which other workers compute; a task without a heartbeat is taken over, the first at "
            f"{at:%H:%M:%S}, in {left_s:.0f} s; if nobody else works on the run, manageTF --reset "
            f"{self.run} makes them wait at once"
        )
