"""Requests leave no garbage that only Python's search for cycles would find."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.aio import AsyncFarm
from tests.support.fault_proxy import FaultProxy

pytestmark = pytest.mark.live

REQUESTS = 20


@contextmanager
def counting_cycles() -> Iterator[list[int]]:
    """Append how many objects of the block are left in cycles."""
    gc.collect()
    gc.disable()
    found: list[int] = []
    try:
        yield found
        found.append(gc.collect())
    finally:
        gc.enable()


def test_tasks_leave_no_cycles(farm: Farm) -> None:
    run = farm.create_run(2 * REQUESTS)
    with run.worker() as worker:
        for number in range(2):
            with counting_cycles() as cycles:
                for _ in range(REQUESTS):
                    task = worker.claim()
                    assert task is not None
                    task.complete()
            if number == 1:  # the first ones import what they need
                assert cycles[0] < REQUESTS


def test_awaited_requests_leave_no_cycles(proxy: FaultProxy, token: str) -> None:
    async def go() -> int:
        async with AsyncFarm(proxy.url, token=token) as farm:
            run = await farm.create_run(1)
            await run.status()
            with counting_cycles() as cycles:
                for _ in range(REQUESTS):
                    await run.status()
        return cycles[0]

    # A response alone would leave about fifty objects.
    assert asyncio.run(go()) < 10 * REQUESTS
