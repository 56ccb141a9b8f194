"""A clock for tests: waiting takes no time, and lets the test act in it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs

from taskfarm_sdk._sansio.clock import Stopped
from taskfarm_sdk._sansio.hurry import Hurry


class FastClock:
    """A clock that moves in waits alone, however slow the machine is.

    Args:
        in_a_wait: called in each wait, with its seconds.
    """

    def __init__(self, in_a_wait: Callable[[float], object] = lambda _: None) -> None:
        self._now = 1000.0
        self._lock = threading.Lock()
        self.in_a_wait = in_a_wait
        self.waits: list[float] = []

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time go by with nobody waiting, as in a request that takes long."""
        with self._lock:
            self._now += seconds

    def wait(self, seconds: float) -> None:
        """Let the time be over at once."""
        with self._lock:
            self.waits.append(seconds)
            self._now += seconds
        self.in_a_wait(seconds)

    async def await_(self, seconds: float) -> None:
        """Let the time be over at once."""
        self.wait(seconds)

    def stopped_by(self, stop: threading.Event) -> StoppableFastClock:
        """Return a clock of the same time whose `wait` raises `Stopped` once this is set."""
        return StoppableFastClock(self, stop)

    def hurried_by(self, _: Hurry) -> FastClock:
        """Return this clock: no wait of it takes any time."""
        return self


@attrs.frozen
class StoppableFastClock:
    """A face of a `FastClock` whose waits can be ended."""

    _clock: FastClock
    _stop: threading.Event

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return self._clock.now()

    def wait(self, seconds: float) -> None:
        """Let the time be over at once, unless the wait is ended: before it, or in it."""
        self._raise_if_stopped()
        self._clock.wait(seconds)
        self._raise_if_stopped()

    async def await_(self, seconds: float) -> None:
        """Let the time be over at once."""
        self.wait(seconds)

    def stopped_by(self, stop: threading.Event) -> StoppableFastClock:
        """Return a clock of the same time that another event ends."""
        return self._clock.stopped_by(stop)

    def hurried_by(self, _: Hurry) -> StoppableFastClock:
        """Return this clock: no wait of it takes any time."""
        return self

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise Stopped
