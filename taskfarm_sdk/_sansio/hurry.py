"""The deadline of all requests of a worker whose process is to end."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


class Hurry:
    """The deadline of all requests of one worker; threads can share it.

    Args:
        now: returns the clock's time.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ends_at = math.inf
        self._begins = threading.Condition()

    @property
    def ends_at(self) -> float:
        """The deadline by the clock; infinite until the hurry begins."""
        return self._ends_at

    def left_s(self) -> float:
        """Return how long a request may still take, including one in flight."""
        return self._ends_at - self._now()

    def begin(self, within_s: float) -> None:
        """Let all requests end within a time; those that wait for a retry start at once."""
        with self._begins:
            self._ends_at = min(self._ends_at, self._now() + within_s)
            self._begins.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait in this thread, at most until the hurry begins."""
        with self._begins:
            self._begins.wait(min(seconds, max(0.0, self.left_s())))
