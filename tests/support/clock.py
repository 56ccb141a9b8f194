"""A clock for tests: waiting takes no time, and lets the test act in it."""

from __future__ import annotations

import time
from collections.abc import Callable


class FastClock:
    """Counts waits as time gone by, beside the time that really goes by.

    Args:
        in_a_wait: called in each wait, with its seconds.
    """

    def __init__(self, in_a_wait: Callable[[float], object] = lambda _: None) -> None:
        self._skipped_s = 0.0
        self.in_a_wait = in_a_wait
        self.waits: list[float] = []

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic() + self._skipped_s

    def wait(self, seconds: float) -> None:
        """Let the time be over at once."""
        self.waits.append(seconds)
        self._skipped_s += seconds
        self.in_a_wait(seconds)

    async def await_(self, seconds: float) -> None:
        """Let the time be over at once."""
        self.wait(seconds)
