"""Requests leave no garbage that only Python's search for cycles would find."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.aio import AsyncFarm
from taskfarm_sdk.testing import LocalServer

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


def test_tasks_leave_no_cycles(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2 * REQUESTS)
    with run.worker() as worker:
        for number in range(2):
            with counting_cycles() as cycles:
                for _ in range(REQUESTS):
                    task = worker.claim()
                    assert task is not None
                    task.complete()
            if number == 1:  # the first ones import what they need
                assert cycles[0] < REQUESTS


def test_awaited_requests_leave_no_cycles(taskfarm_server: LocalServer, token: str) -> None:
    # Not through the proxy, which closes each connection: asyncio's own transport leaves a cycle.
    async def go() -> int:
        async with AsyncFarm(taskfarm_server.url, token=token) as farm:
            run = await farm.create_run(1)
            await run.status()
            with counting_cycles() as cycles:
                for _ in range(REQUESTS):
                    await run.status()
        return cycles[0]

    # One response would leave about fifty objects; a connection that was made anew leaves ten.
    assert asyncio.run(go()) < REQUESTS
