"""The time since a worker claims in vain: the answer makes it idle, not the wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# So soon a thread that had a task claims the next one, unless another one claims ahead for it.
CLAIMS_WITHIN_S = 1.0


class Vain:
    """Tells how long a worker without open tasks has known that none waits; safe among threads.

    Args:
        now: seconds that only grow.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._unanswered = 0
        self._answered_at: float | None = None

    def first_try(self, ask: Callable[[], T | None]) -> T | None:
        """Return the task that a claim's first request gives; without one, idle time begins."""
        with self._lock:
            self._unanswered += 1
        task: T | None = None
        try:
            task = ask()
        finally:
            with self._lock:
                self._unanswered -= 1
                # A task is in hand before the code that computes it says so.
                self._answered_at = self._now() if task is None else None
        return task

    def idle_s(self, since: float) -> float | None:
        """Return for how long nothing has waited; None while that is not known.

        That is while a claim has no answer yet, and after one that gave a task.

        Args:
            since: when the worker last had a task.
        """
        with self._lock:
            if self._unanswered or self._answered_at is None:
                return None
            idle_s = self._now() - max(since, self._answered_at)
            about_to_claim = self._answered_at < since and idle_s < CLAIMS_WITHIN_S
            return None if about_to_claim else idle_s
