"""The one rule of prefetching: a task is claimed ahead of its turn only while tasks are short.

While a task waits for its turn no other worker can claim it, and it has no heartbeat: so it is
given back if the task before it proves long.
"""

from __future__ import annotations

from collections.abc import Callable


class ShortTasks:
    """Measures tasks that are computed one after the other. The caller holds the lock.

    Args:
        long_after_s: from when on a task is long.
        now: the time, in seconds.
    """

    def __init__(self, long_after_s: float, now: Callable[[], float]) -> None:
        self._long_after_s = long_after_s
        self._now = now
        self._began_at: float | None = None
        self._last_was_short = False

    @property
    def computing(self) -> bool:
        """Whether a task is computed."""
        return self._began_at is not None

    @property
    def may_claim_ahead(self) -> bool:
        """Whether the last task was short, so that the next may be claimed before its turn."""
        return self._last_was_short

    @property
    def is_long(self) -> bool:
        """Whether a task is computed that is long by now."""
        left_s = self.long_in_s()
        return left_s is not None and left_s <= 0

    def begin(self) -> None:
        """Note that a task is computed from now on."""
        self._began_at = self._now()

    def end(self) -> None:
        """Note that it is no longer computed."""
        if self._began_at is not None:
            self._last_was_short = not self.is_long
            self._began_at = None

    def long_in_s(self) -> float | None:
        """Return in how many seconds the task is long, 0 or less if it is; None without a task."""
        if self._began_at is None:
            return None
        return self._began_at + self._long_after_s - self._now()
