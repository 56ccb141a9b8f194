"""Repair where many requests are served at once, so that two could make a task twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import pytest

from taskfarm_sdk import Farm, Run, RunBroken, TaskfarmError
from tests.support.postgresql import PostgreSQL
from tests.support.processes import NET_S

pytestmark = [pytest.mark.live, pytest.mark.postgres]

NUM_TASKS = 40
REPAIRERS = 4
WORKERS = 4
REFUSALS = 3


def break_(run: Run, farm: Farm) -> None:
    with httpx.Client(base_url=farm.url, auth=(farm.login(), "")) as client:
        path = f"runs/{run.uuid}/tasks/{NUM_TASKS - 1}"
        client.put(path, json={"percentCompleted": 100.0, "status": "done"}).raise_for_status()


def work(run: Run, done: list[int], before: Callable[[int], object] = lambda _: None) -> None:
    """Work the run off, with something done first in each task."""
    with run.worker() as worker:
        for task in worker:
            with task:
                before(task.number)
                done.append(task.number)


def test_of_many_repairs_at_once_one_mends_and_workers_finish_the_run(
    postgres_farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    run = postgres_farm.create_run(NUM_TASKS)
    break_(run, postgres_farm)
    all_ready = threading.Barrier(REPAIRERS)
    outcomes: list[object] = []

    def mend() -> None:
        all_ready.wait(NET_S)
        try:
            outcomes.append(run.repair())
        except TaskfarmError as error:
            outcomes.append(type(error))

    repairers = [threading.Thread(target=mend) for _ in range(REPAIRERS)]
    for thread in repairers:
        thread.start()
    for thread in repairers:
        thread.join(NET_S)
    assert sorted(map(str, outcomes)) == sorted(
        [str(NUM_TASKS - 1), *[str(TaskfarmError)] * (REPAIRERS - 1)]
    )
    numbers = postgres.run("SELECT task FROM tasks ORDER BY task", database)
    assert numbers == [(number,) for number in range(NUM_TASKS)]
    done: list[int] = []
    workers = [threading.Thread(target=work, args=(run, done)) for _ in range(WORKERS)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(NET_S)
    assert sorted(done) == list(range(NUM_TASKS - 1))
    assert run.wait(check=True).succeeded


def test_a_sound_run_beside_its_workers_is_refused_and_doubles_nothing(
    postgres_farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    run = postgres_farm.create_run(NUM_TASKS)
    done: list[int] = []
    may_finish = threading.Event()

    def hold_up(number: int) -> None:
        if number == NUM_TASKS // 2:
            assert may_finish.wait(NET_S)

    workers = [threading.Thread(target=work, args=(run, done, hold_up)) for _ in range(WORKERS)]
    for thread in workers:
        thread.start()
    refused = 0
    try:
        while any(thread.is_alive() for thread in workers):
            with pytest.raises(TaskfarmError, match="was not changed"):
                run.repair()
            refused += 1
            if refused == REFUSALS:
                may_finish.set()
    finally:
        may_finish.set()
        for thread in workers:
            thread.join(NET_S)
    assert refused >= REFUSALS
    work(run, done)  # what was given back after the others had ended
    assert sorted(done) == list(range(NUM_TASKS))
    assert postgres.run("SELECT count(*) FROM tasks", database) == [(NUM_TASKS,)]
    assert run.wait(check=True).succeeded


def test_more_rows_than_tasks_are_beyond_repair(
    postgres_farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    run = postgres_farm.create_run(2)
    work(run, [])
    postgres.run(
        'INSERT INTO tasks (run_id, task, status, "percentCompleted") '
        'SELECT run_id, task, status, "percentCompleted" FROM tasks',
        database,
    )
    with pytest.raises(RunBroken, match="4 rows for 2 tasks"):
        run.repair()
    run.delete()
    assert postgres.run("SELECT count(*) FROM tasks", database) == [(0,)]
