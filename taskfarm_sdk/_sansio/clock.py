"""The clock of flows and drivers, which a test can replace."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from taskfarm_sdk._sansio.hurry import Hurry


class Clock(Protocol):
    """What flows take the time from and drivers wait by; tests bring their own."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait in this thread; a signal's handler that raises ends it."""
        ...

    async def await_(self, seconds: float) -> None:
        """Wait in this asyncio task."""
        ...

    def stopped_by(self, stop: threading.Event) -> Clock:
        """Return a clock of the same time whose `wait` raises `Stopped` once this is set."""
        ...

    def hurried_by(self, hurry: Hurry) -> Clock:
        """Return a clock of the same time whose `wait` a hurry ends."""
        ...


class SystemClock:
    """The machine's own monotonic clock."""

    def now(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait in this thread; a signal's handler that raises ends it."""
        time.sleep(seconds)

    async def await_(self, seconds: float) -> None:
        """Wait in this asyncio task."""
        import asyncio

        await asyncio.sleep(seconds)

    def stopped_by(self, stop: threading.Event) -> Clock:
        """Return a clock of the same time whose `wait` raises `Stopped` once this is set."""
        return StoppableClock(stop)

    def hurried_by(self, hurry: Hurry) -> Clock:
        """Return a clock of the same time whose `wait` a hurry ends."""
        return HurriedClock(hurry)


class Stopped(Exception):
    """A wait by a `StoppableClock` was ended."""


class StoppableClock(SystemClock):
    """Waits until the time is over or it is stopped, whichever is first."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def wait(self, seconds: float) -> None:
        """Wait in this thread.

        Raises:
            Stopped: it was stopped.
        """
        if self._stop.wait(seconds):
            raise Stopped


class HurriedClock(SystemClock):
    """Waits until the time is over or there is a hurry, whichever is first."""

    def __init__(self, hurry: Hurry) -> None:
        self._hurry = hurry

    def wait(self, seconds: float) -> None:
        """Wait in this thread."""
        self._hurry.wait(seconds)
