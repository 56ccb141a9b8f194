"""Repair where many requests are served at once, so that two could make a task twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from taskfarm_sdk import Farm, Run, RunBroken, TaskfarmError
from taskfarm_sdk.testing import LocalServer
from tests.support.postgresql import PostgreSQL

pytestmark = [pytest.mark.live, pytest.mark.postgres]

NUM_TASKS = 40
REPAIRERS = 4
WORKERS = 4


@pytest.fixture
def server(postgres: PostgreSQL, database: str) -> Iterator[LocalServer]:
    with LocalServer(database_url=postgres.url(database), processes=2, threads=4) as server:
        yield server


@pytest.fixture
def farm(server: LocalServer) -> Iterator[Farm]:
    with server.farm() as farm:
        farm.login()
        yield farm


def break_(run: Run, farm: Farm) -> None:
    with httpx.Client(base_url=farm.url, auth=(farm.login(), "")) as client:
        path = f"runs/{run.uuid}/tasks/{NUM_TASKS - 1}"
        client.put(path, json={"percentCompleted": 100.0, "status": "done"}).raise_for_status()


def work(run: Run, done: list[int]) -> None:
    with run.worker() as worker:
        for task in worker:
            with task:
                done.append(task.number)


def test_of_many_repairs_at_once_one_mends_and_workers_finish_the_run(
    farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    run = farm.create_run(NUM_TASKS)
    break_(run, farm)
    all_ready = threading.Barrier(REPAIRERS)
    outcomes: list[object] = []

    def mend() -> None:
        all_ready.wait(10)
        try:
            outcomes.append(run.repair())
        except TaskfarmError as error:
            outcomes.append(type(error))

    repairers = [threading.Thread(target=mend) for _ in range(REPAIRERS)]
    for thread in repairers:
        thread.start()
    for thread in repairers:
        thread.join(60)
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
        thread.join(60)
    assert sorted(done) == list(range(NUM_TASKS - 1))
    assert run.wait(check=True).succeeded


def test_a_sound_run_beside_its_workers_is_refused_and_doubles_nothing(
    farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    run = farm.create_run(NUM_TASKS)
    done: list[int] = []
    workers = [threading.Thread(target=work, args=(run, done)) for _ in range(WORKERS)]
    for thread in workers:
        thread.start()
    refused = 0
    while any(thread.is_alive() for thread in workers):
        with pytest.raises(TaskfarmError, match="was left as it is"):
            run.repair()
        refused += 1
    assert refused > 0
    work(run, done)  # what was given back after the others had ended
    assert sorted(done) == list(range(NUM_TASKS))
    assert postgres.run("SELECT count(*) FROM tasks", database) == [(NUM_TASKS,)]
    assert run.wait(check=True).succeeded


def test_more_rows_than_tasks_are_beyond_repair(
    farm: Farm, postgres: PostgreSQL, database: str
) -> None:
    run = farm.create_run(2)
    work(run, [])
    postgres.run(
        'INSERT INTO tasks (run_id, task, status, "percentCompleted") '
        'SELECT run_id, task, status, "percentCompleted" FROM tasks',
        database,
    )
    with pytest.raises(RunBroken, match="4 rows for its 2 tasks"):
        run.repair()
    run.delete()
    assert postgres.run("SELECT count(*) FROM tasks", database) == [(0,)]
