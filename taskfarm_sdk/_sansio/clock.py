"""The clock of flows and drivers, which tests can replace."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from taskfarm_sdk._sansio.hurry import Hurry


class Clock(Protocol):
    """The time of flows and the waits of drivers."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait in this thread; a signal handler that raises ends the wait."""
        ...

    async def await_(self, seconds: float) -> None:
        """Wait in this asyncio task."""
        ...

    def stopped_by(self, stop: threading.Event) -> Clock:
        """Return a clock with the same time whose `wait` raises `Stopped` once `stop` is set."""
        ...

    def hurried_by(self, hurry: Hurry) -> Clock:
        """Return a clock with the same time whose `wait` ends once `hurry` begins."""
        ...


class SystemClock:
    """The machine's own monotonic clock."""

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait in this thread; a signal handler that raises ends the wait."""
        time.sleep(seconds)

    async def await_(self, seconds: float) -> None:
        """Wait in this asyncio task."""
        import asyncio

        await asyncio.sleep(seconds)

    def stopped_by(self, stop: threading.Event) -> Clock:
        """Return a clock with the same time whose `wait` raises `Stopped` once `stop` is set."""
        return StoppableClock(stop)

    def hurried_by(self, hurry: Hurry) -> Clock:
        """Return a clock with the same time whose `wait` ends once `hurry` begins."""
        return HurriedClock(hurry)


class Stopped(Exception):
    """A wait of a `StoppableClock` was stopped."""


class StoppableClock(SystemClock):
    """A clock whose waits end early once the event is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def wait(self, seconds: float) -> None:
        """Wait in this thread.

        Raises:
            Stopped: the event was set.
        """
        if self._stop.wait(seconds):
            raise Stopped


class HurriedClock(SystemClock):
    """A clock whose waits end early once the hurry begins."""

    def __init__(self, hurry: Hurry) -> None:
        self._hurry = hurry

    def wait(self, seconds: float) -> None:
        """Wait in this thread."""
        self._hurry.wait(seconds)
