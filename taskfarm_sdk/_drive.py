"""The two drivers of flows: `drive` and `stream` block, `adrive` and `astream` await."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any, Protocol, TypeVar

import attrs

from taskfarm_sdk._flow import Call, Exclusive, Flow, Item, Sleep, Stream
from taskfarm_sdk._http import AsyncWire, Wire

R = TypeVar("R")


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
        await asyncio.sleep(seconds)


@attrs.frozen
class _End:
    value: Any


def drive(flow: Flow[R], wire: Wire, clock: Clock) -> R:
    """Run a flow to its end and return what it returns."""
    result: R = _advance(flow, wire, clock).value
    return result


def stream(flow: Stream[R], wire: Wire, clock: Clock) -> Generator[R]:
    """Run a stream, and yield its items."""
    try:
        while isinstance(outcome := _advance(flow, wire, clock), Item):
            yield outcome.value
    finally:
        flow.close()


async def adrive(flow: Flow[R], wire: AsyncWire, clock: Clock) -> R:
    """Run a flow to its end and return what it returns, awaiting."""
    result: R = (await _aadvance(flow, wire, clock)).value
    return result


async def astream(flow: Stream[R], wire: AsyncWire, clock: Clock) -> AsyncGenerator[R]:
    """Run a stream, and yield its items, awaiting."""
    try:
        while isinstance(outcome := await _aadvance(flow, wire, clock), Item):
            yield outcome.value
    finally:
        flow.close()


# The two below differ in `await` alone, which Python cannot write once.
def _advance(flow: Flow[Any] | Stream[Any], wire: Wire, clock: Clock) -> Item[Any] | _End:
    try:
        step = flow.send(None)
        while not isinstance(step, Item):
            try:
                came = _perform(step, wire, clock)
            except BaseException as error:  # noqa: BLE001 - the flow decides what becomes of it
                step = flow.throw(error)
            else:
                step = flow.send(came)
    except StopIteration as end:
        return _End(end.value)
    return step


async def _aadvance(
    flow: Flow[Any] | Stream[Any], wire: AsyncWire, clock: Clock
) -> Item[Any] | _End:
    try:
        step = flow.send(None)
        while not isinstance(step, Item):
            try:
                came = await _aperform(step, wire, clock)
            except BaseException as error:  # noqa: BLE001 - the flow decides what becomes of it
                step = flow.throw(error)
            else:
                step = flow.send(came)
    except StopIteration as end:
        return _End(end.value)
    return step


def _perform(step: Call[Any] | Sleep | Exclusive[Any], wire: Wire, clock: Clock) -> object:
    match step:
        case Call():
            return wire.perform(step)
        case Sleep():
            clock.wait(step.seconds)
            return None
        case Exclusive():
            with wire.exclusive:
                return drive(step.flow(), wire, clock)


async def _aperform(
    step: Call[Any] | Sleep | Exclusive[Any], wire: AsyncWire, clock: Clock
) -> object:
    match step:
        case Call():
            return await wire.perform(step)
        case Sleep():
            await clock.await_(step.seconds)
            return None
        case Exclusive():
            async with wire.exclusive:
                return await adrive(step.flow(), wire, clock)
