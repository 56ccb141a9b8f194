"""Servers and workers killed in mid-run, for real: the run finishes by itself, nothing is lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.live import working
from tests.live.processes import wait_until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

WORKERS = 4


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


class Fleet:
    """Worker processes on one run, and what they computed."""

    def __init__(self, run: Run, token: str, task_s: float) -> None:
        self._told = json.dumps(
            {"url": run._link.session.url, "token": token, "run": run.uuid, "task_s": task_s}
        )
        self._undo = ExitStack()
        self._outputs: list[IO[str]] = []
        self._errors: list[IO[str]] = []
        self.processes = [self._start() for _ in range(WORKERS)]

    def _start(self) -> subprocess.Popen[str]:
        with ExitStack() as undo:
            out = undo.enter_context(tempfile.TemporaryFile("w+"))
            err = undo.enter_context(tempfile.TemporaryFile("w+"))
            self._undo.push(undo.pop_all())
        self._outputs.append(out)
        self._errors.append(err)
        process = subprocess.Popen(
            [sys.executable, working.__file__],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdin is not None
        process.stdin.write(self._told + "\n")
        process.stdin.close()
        return process

    def computed(self) -> Counter[int]:
        """Return how often each task was computed."""
        numbers: Counter[int] = Counter()
        for out in self._outputs:
            out.seek(0)
            numbers.update(int(line) for line in out.read().split())
        return numbers

    def have_computed(self, least: int) -> None:
        """Return when so many tasks were computed."""
        wait_until(lambda: sum(self.computed().values()) >= least, 60)

    def all_ended_well(self) -> bool:
        """Wait until all have ended; return whether all of them ended with 0."""
        wait_until(lambda: all(process.poll() is not None for process in self.processes), 90)
        return all(process.returncode == 0 for process in self.processes)

    def said(self) -> str:
        """Return what the workers wrote to stderr."""
        for err in self._errors:
            err.seek(0)
        return "".join(err.read() for err in self._errors)

    def close(self) -> None:
        """Leave nothing behind."""
        for process in self.processes:
            process.kill()
            process.wait()
        self._undo.close()


@contextmanager
def fleet(run: Run, token: str, task_s: float) -> Generator[Fleet]:
    made = Fleet(run, token, task_s)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def run_of(server: LocalServer, num_tasks: int) -> Generator[tuple[Farm, Run, str]]:
    with server.farm() as farm:
        yield farm, farm.create_run(num_tasks), farm.login()


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
