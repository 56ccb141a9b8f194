"""The end of a worker's requests, which comes near once its process is to end."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


class Hurry:
    """The moment by which all requests of one worker are to be over; safe among threads.

    Args:
        now: the clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ends_at = math.inf
        self._begins = threading.Condition()

    @property
    def ends_at(self) -> float:
        """The moment, by the clock; infinite until there is a hurry."""
        return self._ends_at

    def left_s(self) -> float:
        """Return how long a request may still take, under way or not."""
        return self._ends_at - self._now()

    def begin(self, within_s: float) -> None:
        """Let all requests be over within a time; those that wait to try again do so at once."""
        with self._begins:
            self._ends_at = min(self._ends_at, self._now() + within_s)
            self._begins.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait in this thread; the beginning of a hurry ends it."""
        with self._begins:
            self._begins.wait(min(seconds, max(0.0, self.left_s())))
