"""Servers and workers killed in mid-run, for real: the run finishes by itself, nothing is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.live.fleet import WORKERS, fleet, run_of
from tests.live.processes import wait_until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


def test_a_server_killed_again_and_again_costs_no_worker_and_no_task(server: LocalServer) -> None:
    kills = 5
    with run_of(server, 200) as (_, run, token), fleet(run, token, 0.02) as workers:
        for kill in range(1, kills + 1):
            workers.have_computed(25 * kill)
            server.kill()
            server.start()
        assert workers.all_ended_well(), workers.said()
        assert run.wait(check=True).succeeded
        computed = workers.computed()
        assert sorted(computed) == list(range(200))
        # At most what was in flight at a kill is computed twice.
        assert sum(computed.values()) - 200 <= kills * WORKERS


def test_a_run_finishes_as_long_as_one_worker_lives(server: LocalServer) -> None:
    chance = random.Random(1)
    num_tasks = 40
    with run_of(server, num_tasks) as (_, run, token), fleet(run, token, 0.2) as workers:
        for number, victim in enumerate(workers.processes[1:], start=1):
            workers.have_computed(4 * number)
            time.sleep(chance.uniform(0, 0.2))  # somewhere in a task
            victim.kill()
        survivor = workers.processes[0]
        wait_until(lambda: survivor.poll() is not None, 90)
        assert survivor.returncode == 0, workers.said()
        assert run.wait(check=True).succeeded
        computed = workers.computed()
        assert sorted(computed) == list(range(num_tasks))
        assert sum(computed.values()) - num_tasks <= WORKERS - 1
