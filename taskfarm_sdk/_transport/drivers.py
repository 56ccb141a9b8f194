"""The two drivers of flows: `drive` and `stream` use threads, `adrive` and `astream` asyncio."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, NamedTuple, TypeVar

from taskfarm_sdk._sansio.clock import Clock
from taskfarm_sdk._sansio.steps import (
    AT_ONCE,
    Call,
    Exclusive,
    Flow,
    Item,
    Sleep,
    Step,
    Stream,
    Together,
)
from taskfarm_sdk._transport.client import AsyncHttpTransport, HttpTransport
from taskfarm_sdk.errors import TaskfarmError

R = TypeVar("R")


class _End(NamedTuple):
    value: Any


def drive(flow: Flow[R], wire: HttpTransport, clock: Clock) -> R:
    """Run a flow to its end and return its result."""
    result: R = _advance(flow, wire, clock).value
    return result


def stream(flow: Stream[R], wire: HttpTransport, clock: Clock) -> Generator[R]:
    """Run a stream and yield its items."""
    try:
        while isinstance(outcome := _advance(flow, wire, clock), Item):
            yield outcome.value
    finally:
        flow.close()


async def adrive(flow: Flow[R], wire: AsyncHttpTransport, clock: Clock) -> R:
    """Run a flow to its end and return its result, with asyncio."""
    _require_asyncio()
    result: R = (await _aadvance(flow, wire, clock)).value
    return result


def _require_asyncio() -> None:
    """Refuse to run without an event loop of asyncio.

    Raises:
        TaskfarmError: there is none, as under trio.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise TaskfarmError(
            "AsyncFarm needs asyncio, and no event loop of asyncio runs here: use asyncio.run; "
            "under trio, or without an event loop, use Farm, in a thread where it must not block "
            "(trio.to_thread.run_sync)"
        ) from error


async def astream(flow: Stream[R], wire: AsyncHttpTransport, clock: Clock) -> AsyncGenerator[R]:
    """Run a stream and yield its items, with asyncio."""
    _require_asyncio()
    try:
        while isinstance(outcome := await _aadvance(flow, wire, clock), Item):
            yield outcome.value
    finally:
        flow.close()


# The next two differ only in `await`, which Python cannot share.
def _advance(flow: Flow[Any] | Stream[Any], wire: HttpTransport, clock: Clock) -> Item[Any] | _End:
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
    flow: Flow[Any] | Stream[Any], wire: AsyncHttpTransport, clock: Clock
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


def _perform(step: Step, wire: HttpTransport, clock: Clock) -> object:
    match step:
        case Call():
            return wire.perform(step)
        case Sleep():
            clock.wait(step.seconds)
            return None
        case Exclusive():
            with wire.exclusive:
                return drive(step.flow(), wire, clock)
        case Together():
            return _FlowThreads(step, wire, clock).work()


async def _aperform(step: Step, wire: AsyncHttpTransport, clock: Clock) -> object:
    match step:
        case Call():
            return await wire.perform(step)
        case Sleep():
            await clock.await_(step.seconds)
            return None
        case Exclusive():
            async with wire.exclusive:
                return await adrive(step.flow(), wire, clock)
        case Together():
            return await _atogether(step, wire, clock)


class _FlowThreads:
    """Threads that run several flows at the same time."""

    def __init__(self, step: Together[Any], wire: HttpTransport, clock: Clock) -> None:
        self._wire = wire
        self._clock = clock
        self._left = iter(enumerate(step.flows))
        self._results: list[Any] = [None] * len(step.flows)
        self._lock = threading.Lock()
        self._failures: list[BaseException] = []

    def work(self) -> list[Any]:
        # Daemon threads, and not joined after an interrupt, so that Ctrl-C ends the program at once
        # even while requests are in flight.
        threads = [
            threading.Thread(target=self._run, name=f"taskfarm-together-{n}", daemon=True)
            for n in range(min(AT_ONCE, len(self._results)))
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException as error:
            self._failures.append(error)
            raise
        if self._failures:
            raise self._failures[0]
        return self._results

    def _run(self) -> None:
        while (found := self._next()) is not None:
            index, flow = found
            try:
                self._results[index] = drive(flow(), self._wire, self._clock)
            except BaseException as error:  # noqa: BLE001 - raised where the flows are waited for
                self._failures.append(error)

    def _next(self) -> tuple[int, Any] | None:
        with self._lock:
            return None if self._failures else next(self._left, None)


async def _atogether(step: Together[Any], wire: AsyncHttpTransport, clock: Clock) -> list[Any]:
    import asyncio

    limit = asyncio.Semaphore(AT_ONCE)

    async def run(flow: Callable[[], Flow[Any]]) -> Any:
        async with limit:
            return await adrive(flow(), wire, clock)

    tasks = [asyncio.ensure_future(run(flow)) for flow in step.flows]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
