"""The SDK where many serve at once: counts that do not fit each other, a database that goes."""

from __future__ import annotations

import logging
import random
import threading

import httpx
import pytest

from taskfarm_sdk import Farm, Run
from tests.support.postgresql import PostgreSQL
from tests.support.processes import NET_S, wait_until

pytestmark = [pytest.mark.live, pytest.mark.postgres]

WORKERS = 6
NUM_TASKS = 60
# How often tasks are read while some are done and others are handed out and given back.
READINGS = 5


def work(run: Run, done: list[int], seed: int, may_finish: threading.Event) -> None:
    """Work as several would, and give tasks back to mix waiting ones in.

    That is every fourth one; and once half of them are done all, until the run may be finished.
    """
    chance = random.Random(seed)
    with run.worker() as worker:
        for task in worker:
            with task:
                is_held_up = len(done) >= NUM_TASKS // 2 and not may_finish.is_set()
                if is_held_up or chance.random() < 0.25:
                    task.release()
                else:
                    done.append(task.number)


@pytest.mark.parametrize("seed", range(2))
def test_reading_all_tasks_beside_workers_neither_breaks_a_run_nor_doubles_a_task(
    postgres_farm: Farm, seed: int
) -> None:
    run = postgres_farm.create_run(NUM_TASKS)
    done: list[int] = []
    may_finish = threading.Event()
    threads = [
        threading.Thread(target=work, args=(run, done, 100 * seed + number, may_finish))
        for number in range(WORKERS)
    ]
    for thread in threads:
        thread.start()
    in_the_middle = 0
    try:
        while any(thread.is_alive() for thread in threads):
            infos = list(run.task_infos())
            assert [info.number for info in infos] == list(range(NUM_TASKS))
            in_the_middle += any(info.state == "done" for info in infos)
            if in_the_middle == READINGS:
                may_finish.set()
    finally:
        may_finish.set()
        for thread in threads:
            thread.join()
    assert in_the_middle >= READINGS
    assert sorted(done) == list(range(NUM_TASKS))
    assert run.wait(check=True).succeeded


def test_a_database_that_goes_and_comes_back_costs_no_worker_and_no_login(
    postgres_farm: Farm, postgres: PostgreSQL, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = postgres_farm.create_run(NUM_TASKS)
    is_half_done, is_gone = threading.Event(), threading.Event()
    done: list[int] = []

    def work() -> None:
        with run.worker() as worker:
            for task in worker:
                with task:
                    done.append(task.number)
                    if task.number == NUM_TASKS // 2:
                        is_half_done.set()
                        assert is_gone.wait(NET_S)

    with caplog.at_level(logging.WARNING, "taskfarm_sdk"):
        thread = threading.Thread(target=work)
        thread.start()
        assert is_half_done.wait(NET_S)
        postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        postgres.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        )
        is_gone.set()
        wait_until(lambda: "is unavailable" in caplog.text)
        postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        thread.join(NET_S)
        assert not thread.is_alive()
    if run.status().computing:
        # The database went between a hand-out and its reply: such a task is nobody's.
        run.reset()
        work()
    assert run.wait(timeout_s=NET_S, check=True).succeeded
    assert sorted(set(done)) == list(range(NUM_TASKS))
    assert "is back after" in caplog.text


def test_runs_come_by_id_whatever_order_the_database_keeps_them_in(
    postgres_farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    ids = [postgres_farm.create_run(1).id for _ in range(4)]
    postgres.run(f'UPDATE runs SET "numTasks" = 2 WHERE id = {ids[0]}', database)
    token = postgres_farm.login()
    with httpx.Client(base_url=postgres_farm.url, auth=(token, "")) as bare:
        raw = [row["id"] for row in bare.get("runs").json()["data"]]
    assert raw != ids
    assert [run.id for run in postgres_farm.runs()] == ids


def test_a_percentage_that_is_not_a_number_is_looked_through(postgres_farm: Farm) -> None:
    run = postgres_farm.create_run(2)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    with httpx.Client(base_url=postgres_farm.url, auth=(postgres_farm.login(), "")) as other:
        nan = {"Content-Type": "application/json"}
        path = f"runs/{run.uuid}/tasks/1"
        other.put(path, content=b'{"percentCompleted": NaN}', headers=nan).raise_for_status()
    status = run.status()
    assert status.percent_done != status.percent_done
    assert status.failed is None
    assert run.wait(check=True).succeeded
