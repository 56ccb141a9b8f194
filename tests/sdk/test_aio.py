"""The awaited twins on the real server: retries, waiting, cancelling, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from taskfarm_sdk import AsyncFarm, ConnectionFailed, Farm, OutcomeUnknown, WaitTimeout
from taskfarm_sdk._sansio.clock import SystemClock
from tests.support.clock import FastClock
from tests.support.farms import async_farm_by
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.processes import NET_S

pytestmark = pytest.mark.live


def awaiting(
    proxy: FaultProxy, token: str, clock: FastClock, act: Callable[[AsyncFarm], Awaitable[object]]
) -> None:
    async def go() -> None:
        async with async_farm_by(clock, proxy.url, token=token) as farm:
            await act(farm)

    asyncio.run(go())


def test_what_may_be_repeated_is_and_what_may_not_is_not(
    proxy: FaultProxy, token: str, clock: FastClock
) -> None:
    async def act(farm: AsyncFarm) -> None:
        proxy.down()
        clock.in_a_wait = lambda _: proxy.up()
        run = await farm.create_run(2)
        proxy.will("^GET ", Fault.LOST_AFTER, Fault.UNAVAILABLE, Fault.BUSY)
        assert (await run.status()).waiting == 2
        proxy.will("^POST /api/run$", Fault.LOST_AFTER)
        proxy.forget()
        with pytest.raises(OutcomeUnknown):
            await farm.create_run(2)
        assert proxy.count("^POST /api/run$") == 1
        proxy.will("^DELETE ", Fault.LOST_AFTER)
        await run.delete()

    awaiting(proxy, token, clock, act)


def test_a_server_that_stays_away_is_an_error(
    proxy: FaultProxy, token: str, clock: FastClock
) -> None:
    async def act(farm: AsyncFarm) -> None:
        proxy.down()
        with pytest.raises(ConnectionFailed):
            await farm.runs()

    awaiting(proxy, token, clock, act)
    assert sum(clock.waits) == pytest.approx(60)


def test_waiting_ends_when_the_run_does(
    proxy: FaultProxy, token: str, clock: FastClock, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(3)

    def work_after_three_looks(_: float) -> None:
        if len(clock.waits) == 3:
            with run.worker() as worker:
                for task in worker:
                    task.complete()

    clock.in_a_wait = work_after_three_looks

    async def act(afarm: AsyncFarm) -> None:
        awaited = await afarm.get_run(run.uuid)
        with pytest.raises(WaitTimeout):
            await awaited.wait(timeout_s=0)
        assert (await awaited.wait(check=True)).succeeded
        assert [status.succeeded async for status in awaited.watch()] == [True]

    awaiting(proxy, token, clock, act)


def test_many_requests_at_once_get_their_own_answers(
    proxy: FaultProxy, token: str, clock: FastClock
) -> None:
    async def act(farm: AsyncFarm) -> None:
        runs = await asyncio.gather(*(farm.create_run(n) for n in range(1, 11)))
        found = await asyncio.gather(*(farm.get_run(run.uuid) for run in runs))
        assert [run.num_tasks for run in found] == list(range(1, 11))
        await asyncio.gather(*(run.delete() for run in runs))

    awaiting(proxy, token, clock, act)


class LongWaits(SystemClock):
    """Tells when a wait has begun, and never ends it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def await_(self, seconds: float) -> None:
        self.begun.set()
        await asyncio.Event().wait()


def test_cancelling_ends_a_wait_and_leaves_the_farm_usable(
    proxy: FaultProxy, token: str, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(1)

    async def go() -> None:
        clock = LongWaits()
        async with async_farm_by(clock, proxy.url, token=token) as afarm:
            awaited = await afarm.get_run(run.uuid)
            waiting = asyncio.create_task(awaited.wait())
            await clock.begun.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert (await awaited.status()).waiting == 1

    asyncio.run(asyncio.wait_for(go(), NET_S))
