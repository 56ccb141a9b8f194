"""What happens to a fleet's run while the server's parts are killed: nginx, serveTF, PostgreSQL."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.support.fleet import WORKERS, Fleet, fleet, run_of
from tests.support.nginx import Nginx, nginx_before
from tests.support.postgresql import Mortal, PostgreSQL
from tests.support.processes import Process, members, wait_until
from tests.support.scenarios import check_all_done

pytestmark = [
    pytest.mark.live,
    pytest.mark.nginx,
    pytest.mark.postgres,
    pytest.mark.timeout(400),
]

TASK_S = 0.05
# Every so manieth task waits for the gate. So the run is not over before it is open, however slow
# the test is beside the workers, and one of them at least is free until three such tasks are begun.
GATED_EVERY = 40


class Front(NamedTuple):
    """A server on PostgreSQL, behind an nginx with TLS."""

    server: LocalServer
    nginx: Nginx


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The file that lets the gated tasks end."""
    return tmp_path / "gate"


@pytest.fixture
def front(postgres: PostgreSQL, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    with _front(postgres.url(database), monkeypatch) as made:
        yield made


@contextmanager
def _front(url: str, monkeypatch: pytest.MonkeyPatch) -> Generator[Front]:
    with LocalServer(database_url=url, processes=2, threads=4) as server:
        port = httpx.URL(server.url).port
        assert port is not None
        with nginx_before(port) as nginx:
            monkeypatch.setenv("SSL_CERT_FILE", str(nginx.authority))
            yield Front(server, nginx)


@contextmanager
def _working(front: Front, num_tasks: int, gate: Path) -> Generator[tuple[Run, Fleet]]:
    """Have a fleet work a run off, over TLS; it ends once the gate's file is there."""
    with (
        run_of(front.server, num_tasks) as (_, made, token),
        Farm(front.nginx.url, token=token) as farm,
        fleet(
            farm.get_run(made.uuid), token, TASK_S, updates=1,
            long_every=GATED_EVERY, long_s=600, until=str(gate),
        ) as workers,
    ):  # fmt: skip
        yield farm.get_run(made.uuid), workers


def _finished(run: Run, workers: Fleet, faults: int) -> None:
    """See that all is done, and that no more was done twice than was on its way at a fault."""
    workers.wait_for_success()
    check_all_done(run, workers)
    assert workers.computed().total() - run.num_tasks <= faults * WORKERS


def _is_replaced(victim: Process) -> bool:
    group = members(victim.group)
    return len(group) == 3 and victim not in group


def test_a_database_that_is_killed_and_comes_back_costs_no_worker_and_no_task(
    mortal_postgres: tuple[PostgreSQL, Mortal], gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres, engine = mortal_postgres
    postgres.run("CREATE DATABASE farm")
    with (
        _front(postgres.url("farm"), monkeypatch) as front,
        _working(front, 120, gate) as (run, workers),
    ):
        for least in (20, 60):
            workers.wait_until_begun(least)
            engine.stop(signal.SIGQUIT)
            wait_until(lambda: '" 500 ' in front.nginx.access_log)
            engine.start()
        gate.touch()
        _finished(run, workers, faults=2)
        assert "is back after" in workers.read_errors()


def test_server_processes_that_are_killed_one_by_one_cost_no_worker_and_no_task(
    front: Front, gate: Path
) -> None:
    master = front.server.pid
    assert master is not None
    wait_until(lambda: len(members(master)) == 3)
    kills = 4
    with _working(front, 120, gate) as (run, workers):
        for kill in range(kills):
            workers.wait_until_begun(20 * (kill + 1))
            victim = members(master)[1]
            os.kill(victim.pid, signal.SIGKILL)
            wait_until(partial(_is_replaced, victim))
        gate.touch()
        _finished(run, workers, faults=kills)


def test_reloads_of_nginx_and_server_and_a_killed_nginx_cost_no_worker_and_no_task(
    front: Front, gate: Path
) -> None:
    master = front.server.pid
    assert master is not None
    with _working(front, 150, gate) as (run, workers):
        workers.wait_until_begun(20)
        front.nginx.reload()
        workers.wait_until_begun(50)
        before = {one.pid for one in members(master)} - {master}
        os.kill(master, signal.SIGHUP)
        wait_until(lambda: not before & {one.pid for one in members(master)})
        workers.wait_until_begun(80)
        front.nginx.reload()
        workers.wait_until_begun(110)
        # What is reloaded refuses nobody and breaks no request.
        assert set(re.findall(r'" (\d)\d\d ', front.nginx.access_log)) == {"2"}
        front.nginx.kill()
        front.nginx.start()
        gate.touch()
        _finished(run, workers, faults=1)
