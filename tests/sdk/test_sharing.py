"""One Farm among threads, forked and spawned processes, and event loops, on the real server."""

from __future__ import annotations

import asyncio
import gc
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from taskfarm_sdk import AsyncFarm, Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import forked_farm, forked_worker
from tests.support.fault_proxy import FaultProxy
from tests.support.programs import credentials, run_silently

pytestmark = pytest.mark.live


def passwords_sent(proxy: FaultProxy) -> int:
    return sum(seen.with_password for seen in proxy.seen)


@pytest.fixture
def farm_with_password(proxy: FaultProxy, taskfarm_server: LocalServer) -> Farm:
    return Farm(proxy.url, user=taskfarm_server.user, password=taskfarm_server.password)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("parent", ["idle", "busy", "holding"])
def test_forked_children_get_their_own_answers(taskfarm_server: LocalServer, parent: str) -> None:
    # Not through the proxy, which keeps no connection that children could share.
    assert_right(taskfarm_server.url, taskfarm_server, parent)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_forked_children_use_their_parents_token(
    proxy: FaultProxy, taskfarm_server: LocalServer
) -> None:
    assert_right(proxy.url, taskfarm_server, "idle")
    assert passwords_sent(proxy) == 1


def assert_right(url: str, server: LocalServer, parent: str) -> None:
    told = {**credentials(server), "url": url}
    lines = run_silently(forked_farm.__file__, parent, told=told)
    assert lines == [str(forked_farm.QUESTIONS)] * (forked_farm.CHILDREN + 1)


def test_threads_share_a_farm_and_one_password_hash(
    proxy: FaultProxy, farm_with_password: Farm
) -> None:
    def ask(number: int) -> bool:
        run = farm_with_password.create_run(number)
        answers = [farm_with_password.get_run(run.uuid) for _ in range(3)]
        run.delete()
        return all(answer == run for answer in answers)

    with farm_with_password, ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(1, 17)))
    assert passwords_sent(proxy) == 1


def test_each_thread_gets_its_own_answers_over_kept_connections(
    taskfarm_server: LocalServer,
) -> None:
    with taskfarm_server.farm() as farm, ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(farm.create_run, range(1, 17)))
        assert [run.num_tasks for run in runs] == list(range(1, 17))
        found = list(pool.map(farm.get_run, [run.uuid for run in runs] * 5))
        assert found == runs * 5
        list(pool.map(Run.delete, runs))


def work_on(farm: Farm, run: Run) -> int:
    """Work on what is left of a run that came by pickle, as did the farm."""
    assert farm.get_run(run.uuid) == run
    with run.worker() as worker:
        done = 0
        for task in worker:
            with task:
                done += 1
        return done


def test_farm_and_run_travel_to_spawned_processes_and_need_no_password_there(
    proxy: FaultProxy, farm_with_password: Farm
) -> None:
    with farm_with_password as farm:
        run = farm.create_run(6)
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            parts = [pool.submit(work_on, farm, run) for _ in range(2)]
            assert sum(part.result() for part in parts) == 6
        assert run.status().succeeded
        run.delete()
    assert passwords_sent(proxy) == 1


# What a loop that has ended leaves open is closed when it is collected, and Python says so.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_async_farm_serves_one_event_loop_after_another(
    taskfarm_server: LocalServer,
) -> None:
    # Not through the proxy, which keeps no connection that the next loop could find.
    server = taskfarm_server
    farm = AsyncFarm(server.url, user=server.user, password=server.password)

    async def ask() -> list[int]:
        runs = [await farm.create_run(number) for number in (1, 2, 3)]
        found = await asyncio.gather(*[farm.get_run(run.uuid) for run in runs * 4])
        assert found == runs * 4
        await asyncio.gather(*[run.delete() for run in runs])
        return [run.num_tasks for run in runs]

    async def ask_and_close() -> list[int]:
        async with farm:
            return await ask()

    assert asyncio.run(ask()) == [1, 2, 3]
    assert asyncio.run(ask()) == [1, 2, 3]
    assert asyncio.run(ask_and_close()) == [1, 2, 3]
    gc.collect()


def test_an_async_farm_asks_for_one_token_whatever_starts_at_once(
    proxy: FaultProxy, taskfarm_server: LocalServer
) -> None:
    async def main() -> None:
        async with AsyncFarm(
            proxy.url, user=taskfarm_server.user, password=taskfarm_server.password
        ) as farm:
            await asyncio.gather(*[farm.runs() for _ in range(16)])

    asyncio.run(main())
    assert proxy.count("^GET /api/runs$") == 16
    assert passwords_sent(proxy) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_leaves_its_parents_tasks_alone_and_is_a_worker_of_its_own(
    taskfarm_server: LocalServer,
) -> None:
    run_silently(forked_worker.__file__, told=credentials(taskfarm_server))
