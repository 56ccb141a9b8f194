"""The SDK against what the real server once answered, offline: each call, blocking and awaited.

Both twins replay the same cassette, so neither asks for anything that the other does not.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import uuid

import pytest

from taskfarm_sdk import AsyncFarm, Farm, RunNotFound, RunStatus, TaskInfo
from tests.support.recording import Place

pytestmark = pytest.mark.vcr

FRESH = RunStatus(num_tasks=4, waiting=4, computing=0, done=0, failed=None, percent_done=0.0)


@pytest.fixture(autouse=True)
def _one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix what a worker says of itself, and what it draws, so that its requests replay."""
    numbers = itertools.count(1)
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=next(numbers)))
    monkeypatch.setattr(socket, "gethostname", lambda: "a-host")
    monkeypatch.setattr(os, "getpid", lambda: 4711)
    monkeypatch.setattr("taskfarm_sdk._protocol.lease.new_holder", lambda: 1234)


@pytest.mark.default_cassette("life_of_a_run.yaml")
def test_the_life_of_a_run(place: Place) -> None:
    with Farm(place.url, user=place.user, password=place.password) as farm:
        run = farm.create_run(4)
        assert run.status() == FRESH
        assert farm.runs() == [run]
        assert farm.get_run(run.uuid) == run
        assert farm.get_run_and_status(run.uuid) == (run, FRESH)
        assert run.task_info(3).state == "waiting"
        assert [info.state for info in run.task_infos()] == ["waiting"] * 4
        run.reset()
        run.reset_all()
        assert next(iter(run.watch())) == FRESH
        run.delete()
        assert farm.runs() == []
        with pytest.raises(RunNotFound):
            run.status()


@pytest.mark.default_cassette("life_of_a_run.yaml")
def test_the_life_of_a_run_awaited(place: Place) -> None:
    async def live() -> None:
        async with AsyncFarm(place.url, user=place.user, password=place.password) as farm:
            run = await farm.create_run(4)
            assert await run.status() == FRESH
            assert await farm.runs() == [run]
            assert await farm.get_run(run.uuid) == run
            assert await farm.get_run_and_status(run.uuid) == (run, FRESH)
            assert (await run.task_info(3)).state == "waiting"
            assert [info.state async for info in run.task_infos()] == ["waiting"] * 4
            await run.reset()
            await run.reset_all()
            assert await anext(aiter(run.watch())) == FRESH
            await run.delete()
            assert await farm.runs() == []
            with pytest.raises(RunNotFound):
                await run.status()

    asyncio.run(live())


def test_a_worker_completes_fails_and_gives_back(place: Place) -> None:
    with Farm(place.url, user=place.user, password=place.password) as farm:
        run = farm.create_run(3)
        with run.worker(max_attempts=1, first_beat_s=30) as worker:
            done, failed, released = worker.claim(), worker.claim(), worker.claim()
            assert done is not None
            assert failed is not None
            assert released is not None
            done.complete()
            failed.fail("meant to")
            released.update(37.5)
            released.release()
        assert list(run.task_infos()) == [
            TaskInfo(number=0, state="done", percent_completed=100.0),
            TaskInfo(number=1, state="failed", percent_completed=0.0, attempts=1),
            TaskInfo(number=2, state="waiting", percent_completed=37.5),
        ]


def test_waiting_ends_with_the_run(place: Place) -> None:
    with Farm(place.url, user=place.user, password=place.password) as farm:
        run = farm.create_run(2)
        with run.worker() as worker:
            for task in worker:
                with task:
                    pass
        status = run.wait(check=True)
        assert status.succeeded
        assert list(run.watch()) == [status]
