"""Byte for byte as taskfarm-worker's manageTF, which `make test` puts into a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run
from tests.support.manage_tf import Manage
from tests.support.recording import Place

PEERS = Path(sys.prefix) / "peers"
REQUIRED = os.environ.get("TASKFARM_REQUIRE_ENGINES") == "1"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not (PEERS / "taskfarm_worker").is_dir() and not REQUIRED,
        reason=f"no taskfarm-worker in {PEERS} to compare with: run `make test`",
    ),
]


@pytest.fixture
def place(live: Place) -> Place:
    return live


def theirs(place: Place, *words: str) -> str:
    login = ["-b", place.url, f"--user={place.user}", f"--password={place.password}"]
    command = [sys.executable, "-m", "taskfarm_worker.manage", *login, *words]
    environment = {**os.environ, "PYTHONPATH": str(PEERS), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_lists_are_the_same(manage: Manage, place: Place, run: Run, farm: Farm) -> None:
    farm.create_run(7)
    assert manage.fine("-l").out == theirs(place, "-l")


@pytest.mark.parametrize("done", range(4))
def test_infos_are_the_same_once_all_tasks_exist(
    manage: Manage, place: Place, farm: Farm, done: int
) -> None:
    run = farm.create_run(3)
    with run.worker() as worker:
        tasks = [worker.claim() for _ in range(3)]
        for task in tasks[:done]:
            assert task is not None
            task.complete()
        for task in tasks[done:]:
            assert task is not None
            task.release()
    assert manage.fine("-i", run.uuid).out == theirs(place, "-i", run.uuid)


@pytest.mark.parametrize("mode", ["-r", "-R", "-d"])
def test_what_changes_a_run_prints_the_same(
    manage: Manage, place: Place, farm: Farm, mode: str
) -> None:
    ours, old = farm.create_run(3), farm.create_run(3)
    assert manage.fine(mode, ours.uuid).out == theirs(place, mode, old.uuid)
