"""Single tasks wait again: those that failed, or those that a person names, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from taskfarm_sdk import (
    ConfigurationError,
    ConnectionFailed,
    Farm,
    Run,
    RunNotFound,
    RunStatus,
    ServerError,
    Worker,
)
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk.worker import core_of, done_tasks, reopen_tasks
from tests.support.clock import FastClock
from tests.support.farms import async_farm_by
from tests.support.fault_proxy import Fault, FaultProxy, Seen

pytestmark = pytest.mark.live


@pytest.fixture
def client(proxied_farm: Farm, token: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxied_farm.url, auth=(token, "")) as client:
        yield client


def held(client: httpx.Client, run: Run, number: int) -> Any:
    """Return what the server holds of a task: its status and number, of a lease its percentage."""
    task = client.get(f"runs/{run.uuid}/tasks/{number}").json()
    lease = leases.decode(task["percentCompleted"])
    return task["status"], task["percentCompleted"] if lease is None else lease.percent


@pytest.fixture
def mixed(proxied_farm: Farm) -> Iterator[Run]:
    """A run of 8: 0 done, 1 failed, 2 computing, 3 failed, 4 waiting at 40 %, the rest not made."""
    run = proxied_farm.create_run(8)
    with run.worker(max_attempts=1) as worker:
        tasks = [task for task in (worker.claim() for _ in range(5)) if task is not None]
        tasks[0].complete()
        tasks[1].fail("meant to")
        tasks[3].fail("meant to")
        tasks[4].update(40)
        tasks[4].release()
        yield run
        core_of(worker).ledger._open.clear()  # what is reset is no longer this worker's


def states(run: Run) -> list[str]:
    return [info.state for info in run.task_infos()]


def test_failed_tasks_wait_again_from_the_start_and_no_others(
    mixed: Run, client: httpx.Client
) -> None:
    others = [held(client, mixed, number) for number in (0, 2, 4)]
    assert mixed.reset_failed() == 2
    assert [held(client, mixed, number) for number in (1, 3)] == [("waiting", 0.0)] * 2
    assert [held(client, mixed, number) for number in (0, 2, 4)] == others
    assert mixed.task_info(1).attempts == 0
    assert mixed.status().rows == 5
    assert mixed.reset_failed() == 0


def test_tasks_that_wait_again_show_that_somebody_had_them(
    mixed: Run, client: httpx.Client
) -> None:
    mixed.reset_failed()
    mixed.reset_tasks([0])
    rows = [client.get(f"runs/{mixed.uuid}/tasks/{number}").json() for number in (0, 1, 3)]
    found = [leases.decode(row["percentCompleted"]) for row in rows]
    assert [(lease.percent, lease.attempts) for lease in found if lease] == [(0.0, 0)] * 3


def test_a_run_of_tasks_that_all_wait_again_is_at_0(mixed: Run) -> None:
    mixed.reset_tasks(range(8))
    assert mixed.status().percent_done == 0.0


def test_failed_tasks_of_a_finished_run_are_looked_for_up_to_the_last(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(100)
    with run.worker() as worker:
        for task in worker:
            if task.number == 5:
                task.fail("meant to", final=True)
            else:
                task.complete()
    proxy.forget()
    assert run.reset_failed() == 1
    assert proxy.count("^GET .*/tasks/") < 40
    assert run.status().waiting == 1


def test_a_failed_task_that_somebody_queued_meanwhile_is_left_to_him(
    mixed: Run, proxy: FaultProxy, client: httpx.Client
) -> None:
    reads = 0

    def queue_it_before_the_second_look(seen: Seen) -> None:
        nonlocal reads
        reads += seen.line == f"GET /api/runs/{mixed.uuid}/tasks/3"
        if reads == 2:
            reads = 3
            body = {"percentCompleted": 55.5, "status": "computing"}
            client.put(f"runs/{mixed.uuid}/tasks/3", json=body)

    proxy.before_passing_on = queue_it_before_the_second_look
    assert mixed.reset_failed() == 1
    assert held(client, mixed, 3) == ("computing", 55.5)


def test_only_what_is_done_is_opened_again_and_what_others_have_begun_is_left_to_them(
    mixed: Run, client: httpx.Client
) -> None:
    others = {number: held(client, mixed, number) for number in (1, 2, 3, 4)}
    assert others[2][0] == "computing"
    assert reopen_tasks(mixed.worker(), range(8)) == [0]
    assert held(client, mixed, 0) == ("waiting", 0.0)
    assert {number: held(client, mixed, number) for number in others} == others
    assert mixed.status().rows == 5


def test_what_was_begun_again_meanwhile_is_not_opened(mixed: Run, client: httpx.Client) -> None:
    done = done_tasks(mixed.worker(), range(8))
    client.put(f"runs/{mixed.uuid}/tasks/0", json={"percentCompleted": 1, "status": "computing"})
    assert (done, reopen_tasks(mixed.worker(), done)) == ([0], [])
    assert held(client, mixed, 0) == ("computing", 1.0)


def test_named_tasks_wait_again_whatever_they_were_at(mixed: Run, client: httpx.Client) -> None:
    assert mixed.reset_tasks([4, 2, 0, 2, 1]) == 4
    assert [held(client, mixed, number) for number in (0, 1, 2, 4)] == [("waiting", 0.0)] * 4
    assert states(mixed) == ["waiting"] * 3 + ["failed"] + ["waiting"] * 4
    assert mixed.reset_tasks(range(3)) == 0


def test_tasks_that_do_not_exist_yet_wait_already_and_are_not_made(mixed: Run) -> None:
    assert mixed.reset_tasks([6, 7]) == 0
    assert mixed.status().rows == 5
    assert mixed.reset_tasks([]) == 0


def test_a_task_above_waiting_ones_is_reached_without_a_gap(
    proxied_farm: Farm, proxy: FaultProxy, worker_of_all: Worker
) -> None:
    run = proxied_farm.get_run(worker_of_all.run_uuid)
    tasks = [task for task in (worker_of_all.claim() for _ in range(6)) if task is not None]
    for task in tasks[:5]:
        task.release()
    tasks[5].fail("meant to", final=True)
    proxy.forget()
    assert run.reset_tasks([5]) == 1
    gets = [seen.path for seen in proxy.seen if seen.method == "GET" and "/tasks/" in seen.path]
    read = [int(path.rpartition("/")[2]) for path in gets]
    assert read == [1, 2, 3, 4, 5]
    assert run.status().rows == 6


@pytest.fixture
def worker_of_all(proxied_farm: Farm) -> Iterator[Worker]:
    with proxied_farm.create_run(9).worker() as worker:
        yield worker


@pytest.mark.parametrize("numbers", [[0, 8], [-1], [1.0], [True]], ids=repr)
def test_a_number_that_the_run_has_not_stops_it_before_anything_is_sent(
    proxied_farm: Farm, proxy: FaultProxy, numbers: list[int]
) -> None:
    run = proxied_farm.create_run(8)
    proxy.forget()
    with pytest.raises(ConfigurationError, match="0 to 7"):
        run.reset_tasks(numbers)
    assert proxy.seen == []


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.SICK, Fault.BUSY])
@pytest.mark.parametrize("what", ["failed", "named"])
def test_a_reset_is_repeated_where_the_task_is_still_as_it_was(
    mixed: Run, proxy: FaultProxy, client: httpx.Client, fault: Fault, what: str
) -> None:
    proxy.will("^PUT ", fault)
    count = mixed.reset_failed() if what == "failed" else mixed.reset_tasks([1, 3])
    assert count == 2
    assert [held(client, mixed, number) for number in (1, 3)] == [("waiting", 0.0)] * 2


def test_a_task_handed_out_after_a_lost_reply_is_not_taken_back(
    mixed: Run, proxy: FaultProxy, client: httpx.Client, clock: FastClock
) -> None:
    proxy.will("^PUT ", Fault.LOST_AFTER)

    def somebody_takes_it(_: float) -> None:
        body = {"percentCompleted": 12.5, "status": "computing"}
        client.put(f"runs/{mixed.uuid}/tasks/0", json=body)
        clock.in_a_wait = lambda _: None

    clock.in_a_wait = somebody_takes_it
    assert mixed.reset_tasks([0]) == 1
    assert held(client, mixed, 0) == ("computing", 12.5)


@pytest.mark.parametrize("percent", [None, 250.0])
def test_odd_percentages_of_other_clients_are_reset_too(
    mixed: Run, proxy: FaultProxy, client: httpx.Client, percent: float | None
) -> None:
    client.put(f"runs/{mixed.uuid}/tasks/2", json={"percentCompleted": percent})
    proxy.will("^PUT ", Fault.LOST_BEFORE)
    assert mixed.reset_tasks([2]) == 1
    assert held(client, mixed, 2) == ("waiting", 0.0)


def test_a_server_that_goes_in_the_middle_is_told_of_and_the_rest_is_done_later(
    mixed: Run, proxy: FaultProxy
) -> None:
    proxy.will("^PUT .*/tasks/3", *[Fault.UNAVAILABLE] * 200)
    with pytest.raises(ServerError):
        mixed.reset_failed()
    proxy._plan.clear()
    assert states(mixed)[1:4] == ["waiting", "computing", "failed"]
    assert mixed.reset_failed() == 1


def test_a_run_deleted_in_the_middle_is_named(mixed: Run, proxy: FaultProxy) -> None:
    def delete(seen: Seen) -> None:
        if seen.line.startswith("PUT"):
            proxy.before_passing_on = lambda _: None
            mixed.delete()

    proxy.before_passing_on = delete
    with pytest.raises(RunNotFound) as raised:
        mixed.reset_tasks([0, 1])
    assert raised.value.run == mixed.uuid
    for act in (mixed.reset_failed, lambda: mixed.reset_tasks([0]), mixed.repair):
        with pytest.raises(RunNotFound):
            act()


def test_the_twins_do_the_same(mixed: Run, proxy: FaultProxy, token: str, clock: FastClock) -> None:
    async def go() -> tuple[int, int, RunStatus]:
        async with async_farm_by(clock, proxy.url, token=token) as farm:
            run = await farm.get_run(mixed.uuid)
            return await run.reset_failed(), await run.reset_tasks([0]), await run.status()

    failed, named, status = asyncio.run(go())
    assert (failed, named) == (2, 1)
    assert (status.done, status.rows) == (0, 5)


def test_a_server_that_stays_away_is_an_error(mixed: Run, proxy: FaultProxy) -> None:
    try:
        proxy.down()
        with pytest.raises(ConnectionFailed):
            mixed.reset_failed()
    finally:
        proxy.up()
