"""A broken run is mended, and only a broken one: a sound run stays exactly as it was."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from taskfarm_sdk import (
    ConfigurationError,
    ConnectionFailed,
    Farm,
    OutcomeUnknown,
    Run,
    RunBroken,
    RunNotFound,
    ServerError,
    TaskfarmError,
)
from taskfarm_sdk.testing import LocalServer
from tests.support.clock import FastClock
from tests.support.farms import async_farm_by, farm_by
from tests.support.fault_proxy import Fault, FaultProxy, Seen
from tests.support.processes import NET_S

pytestmark = pytest.mark.live

HAND_OUT = "^POST .*/task$"


class OtherClient:
    """Somebody who reads and writes what he likes, past the proxy."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def read(self, run: Run, number: int) -> Any:
        return self._client.get(f"runs/{run.uuid}/tasks/{number}").raise_for_status().json()

    def write(self, run: Run, number: int, **what: object) -> None:
        path = f"runs/{run.uuid}/tasks/{number}"
        self._client.put(path, json=what).raise_for_status()

    def rows(self, run: Run) -> int:
        counts = self._client.get(f"runs/{run.uuid}").raise_for_status().json()
        return int(counts["numWaiting"] + counts["numComputing"] + counts["numDone"])

    def broken(self, run: Run, *numbers: int) -> Run:
        """Break a run by reading these tasks before their turn, and finish them."""
        for number in numbers:
            self.read(run, number)
            self.write(run, number, percentCompleted=100.0, status="done")
        return run


@pytest.fixture
def other(taskfarm_server: LocalServer, token: str) -> Iterator[OtherClient]:
    with httpx.Client(base_url=taskfarm_server.url, auth=(token, "")) as client:
        yield OtherClient(client)


def work_off(run: Run) -> list[int]:
    """Compute what is handed out until nothing more is, and return the tasks' numbers."""
    numbers = []
    with run.worker() as worker:
        for task in worker:
            with task:
                numbers.append(task.number)
    return numbers


def test_a_broken_run_is_mended_and_its_hand_outs_end_cleanly(
    proxied_farm: Farm, other: OtherClient
) -> None:
    run = other.broken(proxied_farm.create_run(6), 3, 5)
    with pytest.raises(RunBroken):
        work_off(run)
    seen: list[tuple[int, int]] = []
    assert run.repair(lambda done, total: seen.append((done, total))) == 4
    assert seen == [(number, 6) for number in range(1, 7)]
    assert other.rows(run) == 6
    # The server answers the last hand-out 500, where a sound run's is 204.
    assert sorted(work_off(run)) == [0, 1, 2, 4]
    assert run.wait(check=True).succeeded
    assert work_off(run) == []


def test_tasks_of_a_broken_run_that_exist_stay_as_they_are(
    proxied_farm: Farm, other: OtherClient
) -> None:
    run = other.broken(proxied_farm.create_run(4), 2)
    other.write(run, 2, percentCompleted=12.5, status="computing")
    before = other.read(run, 2)
    run.repair()
    assert other.read(run, 2) == before


def test_the_twin_mends_too(
    proxy: FaultProxy, token: str, clock: FastClock, proxied_farm: Farm, other: OtherClient
) -> None:
    run = other.broken(proxied_farm.create_run(4), 2)
    seen: list[int] = []

    async def mend() -> int:
        async with async_farm_by(clock, proxy.url, token=token) as afarm:
            awaited = await afarm.get_run(run.uuid)
            return await awaited.repair(lambda done, _: seen.append(done))

    assert asyncio.run(mend()) == 3
    assert seen == [1, 2, 3, 4]
    assert sorted(work_off(run)) == [0, 1, 3]


@pytest.mark.parametrize("percent", [0.0, 37.500217, 250.0, None], ids=repr)
def test_a_sound_run_is_refused_and_stays_exactly_as_it_was(
    proxied_farm: Farm, other: OtherClient, percent: float | None
) -> None:
    run = proxied_farm.create_run(3)
    with run.worker() as worker:
        worker.claim()
    other.write(run, 0, percentCompleted=percent, status="waiting")
    before = other.read(run, 0)
    with pytest.raises(TaskfarmError, match="hands out its tasks") as raised:
        run.repair()
    assert raised.value.run == run.uuid
    assert not isinstance(raised.value, RunBroken)
    assert other.read(run, 0) == before
    assert other.rows(run) == 1
    assert work_off(run) == [0, 1, 2]


def test_a_run_with_nothing_left_to_hand_out_is_refused(
    proxied_farm: Farm, other: OtherClient
) -> None:
    sound = proxied_farm.create_run(2)
    with sound.worker() as worker:
        tasks = [worker.claim() for _ in range(2)]
        with pytest.raises(TaskfarmError, match="none is waiting"):
            sound.repair()
        assert sound.status().computing == len(tasks)
    mended = other.broken(proxied_farm.create_run(2), 1)
    mended.repair()
    work_off(mended)
    with pytest.raises(TaskfarmError, match="none is waiting"):
        mended.repair()
    assert mended.status().succeeded


def test_an_odd_run_is_refused_before_anything_is_sent(
    proxy: FaultProxy, proxied_farm: Farm, token: str
) -> None:
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as client:
        uuid = client.post("run", json={"numTasks": -3}).json()["uuid"]
    run = proxied_farm.get_run(uuid)
    proxy.forget()
    with pytest.raises(ConfigurationError, match="an invalid number of tasks"):
        run.repair()
    with pytest.raises(ConfigurationError, match="an invalid number of tasks"):
        run.reset_tasks([0])
    assert proxy.seen == []
    run.delete()


def test_more_rows_than_tasks_are_beyond_repair(clock: FastClock) -> None:
    with (
        LocalServer() as server,
        farm_by(clock, server.url, user=server.user, password=server.password) as own,
    ):
        run = own.create_run(2)
        work_off(run)
        assert server._folder is not None
        (database,) = server._folder.rglob("*.db")
        with sqlite3.connect(database) as connection:
            connection.execute(
                "INSERT INTO tasks (run_id, task, status, percentCompleted) "
                "SELECT run_id, task, status, percentCompleted FROM tasks"
            )
        connection.close()
        assert run.status().rows == 4
        with pytest.raises(RunBroken, match="4 rows for 2 tasks.*delete it") as raised:
            run.repair()
        assert raised.value.run == run.uuid


def test_of_two_repairs_at_once_one_mends_and_the_other_is_refused(
    taskfarm_server: LocalServer, token: str, other: OtherClient
) -> None:
    outcomes: list[object] = []
    both_ready = threading.Barrier(2)

    def mend(uuid: str) -> None:
        with farm_by(FastClock(), taskfarm_server.url, token=token) as own:
            run = own.get_run(uuid)
            both_ready.wait(NET_S)
            try:
                outcomes.append(run.repair())
            except TaskfarmError as error:
                outcomes.append(error)

    with Farm(taskfarm_server.url, token=token) as farm:
        for _ in range(3):
            run = other.broken(farm.create_run(8), 7)
            threads = [threading.Thread(target=mend, args=(run.uuid,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(NET_S)
            assert other.rows(run) == 8
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        *["TaskfarmError"] * 3,
        *["int"] * 3,
    ]
    assert {outcome for outcome in outcomes if isinstance(outcome, int)} == {7}


def test_a_run_that_another_begins_to_mend_between_hand_out_and_look_is_refused(
    proxy: FaultProxy, proxied_farm: Farm, other: OtherClient
) -> None:
    run = other.broken(proxied_farm.create_run(6), 5)

    def mend_a_little(_: Seen, status: int, __: bytes) -> None:
        if status == 500 and proxy.count(HAND_OUT) == 3:
            other.read(run, 0)

    proxy.after_passing_on = mend_a_little
    with pytest.raises(TaskfarmError, match="hands out its tasks") as raised:
        run.repair()
    assert not isinstance(raised.value, ServerError)
    assert proxy.count(HAND_OUT) == 4
    assert other.rows(run) == 2
    assert other.read(run, 0)["status"] == "waiting"


def test_a_server_that_is_in_trouble_is_blamed_while_tasks_wait(
    proxy: FaultProxy, proxied_farm: Farm, other: OtherClient
) -> None:
    run = proxied_farm.create_run(3)
    other.read(run, 0)
    proxy.will(HAND_OUT, Fault.SICK, Fault.SICK, Fault.SICK)
    with pytest.raises(ServerError) as raised:
        run.repair()
    assert raised.value.status == 500
    assert proxy.count(HAND_OUT) == 3
    assert other.rows(run) == 1


def test_a_repair_is_refused_while_rows_are_being_made(
    proxied_farm: Farm, clock: FastClock, other: OtherClient
) -> None:
    run = other.broken(proxied_farm.create_run(5), 3)

    def somebody_mends(seconds: float) -> None:
        if seconds >= 1:
            other.read(run, 0)

    clock.in_a_wait = somebody_mends
    with pytest.raises(TaskfarmError, match="rows are changing"):
        run.repair()
    assert other.rows(run) == 2


def test_one_that_was_broken_off_early_holds_others_up_for_two_minutes_at_most(
    proxied_farm: Farm, other: OtherClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = other.broken(proxied_farm.create_run(4), 0, 2)

    def interrupted(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.repair(interrupted)
    with pytest.raises(TaskfarmError, match="began to repair it a moment ago"):
        run.repair()
    assert other.rows(run) == 2
    later = time.time() + 120
    monkeypatch.setattr("taskfarm_sdk._flows.repair.time.time", lambda: later)
    assert run.repair() == 2


def test_a_server_that_goes_in_the_middle_leaves_a_run_that_can_be_mended_later(
    proxy: FaultProxy, proxied_farm: Farm, other: OtherClient
) -> None:
    run = other.broken(proxied_farm.create_run(6), 5)
    with pytest.raises(ConnectionFailed):
        run.repair(lambda done, _: proxy.down() if done == 2 else None)
    proxy.up()
    assert other.rows(run) == 3
    with pytest.raises(TaskfarmError, match="hands out its tasks"):
        run.repair()
    with pytest.raises(RunBroken):
        work_off(run)
    assert run.repair() == 3
    assert sorted(work_off(run)) == [2, 3, 4]
    assert run.status().succeeded


def test_an_outage_in_the_middle_is_sat_out(
    proxy: FaultProxy, proxied_farm: Farm, other: OtherClient
) -> None:
    run = other.broken(proxied_farm.create_run(5), 4)
    proxy.will("^GET .*/tasks/1$", Fault.LOST_AFTER)
    proxy.will("^GET .*/tasks/2$", Fault.SICK, Fault.UNAVAILABLE, Fault.LOST_BEFORE)
    assert run.repair() == 4
    assert other.rows(run) == 5


def test_a_run_deleted_in_the_middle_is_told_of(proxied_farm: Farm, other: OtherClient) -> None:
    run = other.broken(proxied_farm.create_run(5), 4)
    with pytest.raises(RunNotFound):
        run.repair(lambda done, _: run.delete() if done == 2 else None)
    with pytest.raises(RunNotFound):
        run.repair()


def test_a_lost_hand_out_is_not_repeated(proxy: FaultProxy, proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(3)
    proxy.will("^POST .*/task$", Fault.LOST_AFTER)
    with pytest.raises(OutcomeUnknown, match="has no worker.*--tasks") as raised:
        run.repair()
    assert raised.value.run == run.uuid
    assert proxy.count("^POST .*/task$") == 1
    assert run.status().computing == 1


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.LOST_BEFORE, Fault.SICK, Fault.BUSY])
def test_the_task_of_a_sound_run_is_given_back_whatever_befalls_the_request(
    proxy: FaultProxy, proxied_farm: Farm, fault: Fault
) -> None:
    run = proxied_farm.create_run(3)
    proxy.will("^PUT ", fault)
    with pytest.raises(TaskfarmError, match="hands out its tasks"):
        run.repair()
    status = run.status()
    assert (status.computing, status.rows) == (0, 1)


def test_a_task_that_cannot_be_given_back_is_named(
    proxy: FaultProxy, proxied_farm: Farm, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(3)
    proxy.will("^PUT ", *itertools.repeat(Fault.UNAVAILABLE, 200))
    with pytest.raises(TaskfarmError):
        run.repair()
    assert f"task 0 of run {run.uuid} was claimed" in caplog.text
