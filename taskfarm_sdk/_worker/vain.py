"""Since when a worker claims in vain: the server, not the wait for its answer, makes it idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

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

    @contextmanager
    def first_try(self) -> Generator[None]:
        """Note a claim's first request; what follows it, if none waits, is idle time."""
        with self._lock:
            self._unanswered += 1
        try:
            yield
        finally:
            with self._lock:
                self._unanswered -= 1
                self._answered_at = self._now()

    def idle_s(self, since: float) -> float | None:
        """Return for how long nothing has waited; None while a claim has no answer yet.

        Args:
            since: when the worker last had a task.
        """
        with self._lock:
            if self._unanswered or self._answered_at is None:
                return None
            idle_s = self._now() - max(since, self._answered_at)
            about_to_claim = self._answered_at < since and idle_s < CLAIMS_WITHIN_S
            return None if about_to_claim else idle_s
