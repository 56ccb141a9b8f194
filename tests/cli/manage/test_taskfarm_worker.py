"""Comparison, byte for byte, with the manageTF of taskfarm-worker, which `make test` installs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
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


def theirs(place: Place, *words: str) -> str:
    """Return what taskfarm-worker's manageTF prints."""
    login = ["-b", place.url, f"--user={place.user}", f"--password={place.password}"]
    command = [sys.executable, "-m", "taskfarm_worker.manage", *login, *words]
    environment = {**os.environ, "PYTHONPATH": str(PEERS), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_lists_are_the_same(live_manage: Manage, live_place: Place, live_farm: Farm) -> None:
    for num_tasks in (5, 7):
        live_farm.create_run(num_tasks)
    assert live_manage.fine("-l").out == theirs(live_place, "-l")


@pytest.mark.parametrize("done", range(4))
def test_infos_are_the_same_once_all_tasks_exist(
    live_manage: Manage, live_place: Place, live_farm: Farm, done: int
) -> None:
    run = live_farm.create_run(3)
    with run.worker() as worker:
        tasks = [worker.claim() for _ in range(3)]
        for task in tasks[:done]:
            assert task is not None
            task.complete()
        for task in tasks[done:]:
            assert task is not None
            task.release()
    assert live_manage.fine("-i", run.uuid).out == theirs(live_place, "-i", run.uuid)


@pytest.mark.parametrize("mode", ["-r", "-R", "-d"])
def test_what_changes_a_run_prints_the_same(
    live_manage: Manage, live_place: Place, live_farm: Farm, mode: str
) -> None:
    ours, old = live_farm.create_run(3), live_farm.create_run(3)
    assert live_manage.fine(mode, ours.uuid).out == theirs(live_place, mode, old.uuid)
