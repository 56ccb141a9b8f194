"""`taskfarm_sdk.compat` and taskfarm-worker, through the same calls on the same real server."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.programs.compat_steps import STEPS
from tests.support.fault_proxy import FaultProxy
from tests.support.peers import (
    OURS,
    THEIRS,
    needs_peers,
    output,
    run_rows,
    start,
    task_rows,
    worker_rows,
)

pytestmark = [pytest.mark.live, needs_peers]

STEPS_FILE = Path(__file__).parents[2] / "programs" / "compat_steps.py"
Sides = tuple[dict[str, Any], dict[str, Any]]

SHAPE = """
import inspect, json, sys
from importlib import import_module
package = import_module(sys.argv[1])
def shape(thing):
    arguments = inspect.signature(thing).parameters.values()
    return [[p.name, p.kind.name, repr(p.default)] for p in arguments]
def members(kind):
    return {n: None if isinstance(v, property) else shape(v)
            for n, v in inspect.getmembers(kind) if not n.startswith("_")}
kinds = package.TaskFarm, package.TaskFarmWorker
print(json.dumps([
    [hasattr(package, name) for name in ("TaskFarm", "TaskFarmWorker", "tfRuns")],
    package.__version__,
    [shape(thing) for thing in (package.tfRuns, *kinds)],
    [members(kind) for kind in kinds],
    issubclass(kinds[1], kinds[0]),
]))
"""

PROGRAM = """
import sys
from {module} import TaskFarm, TaskFarmWorker, tfRuns

user, password, url = sys.argv[1:]
farm = TaskFarm(user, password, numTasks=5, url_base=url)
print(farm.numTasks, farm.uuid in [run["uuid"] for run in tfRuns(user, password, url_base=url)])
worker = TaskFarmWorker(user, password, farm.uuid, url_base=url)
for task in worker.tasks:
    print("task", task, worker.getTaskInfo(task, "status"))
    for percent in range(0, 101, 25):
        worker.update(percent)
        print(worker.percentDone, worker.numDone, worker.numComputing)
    worker.done()
print("{{info[numTasks]}} {{info[numDone]}} {{info[percentDone]}}".format(info=farm.info("")))
farm.restart(everything=True)
print(farm.numDone, farm.numWaiting)
try:
    TaskFarm(user, "wrong", farm.uuid, url_base=url)
except RuntimeError as error:
    print("refused", "[HTTP 401]" in str(error))
farm.delete()
try:
    farm.info("")
except RuntimeError as error:
    print("gone", "[HTTP 404]" in str(error))
"""

ONE_UPDATE = """
import sys
from {module} import TaskFarmWorker

worker = TaskFarmWorker(sys.argv[1], "", sys.argv[2], url_base=sys.argv[3])
for task in worker.tasks:
    worker.update(100)
    worker.done()
"""


@pytest.fixture(scope="module")
def sides(taskfarm_server: LocalServer) -> Sides:
    """What both packages said to all the steps."""
    to = (taskfarm_server.url, taskfarm_server.user, taskfarm_server.password)
    both = [start(module, STEPS_FILE, module, *to) for module in (OURS, THEIRS)]
    ours, theirs = (json.loads(output(process)) for process in both)
    return ours, theirs


@pytest.mark.parametrize("name", STEPS)
def test_replies_and_errors_are_the_same(sides: Sides, name: str) -> None:
    ours, theirs = (side["steps"][name]["came"] for side in sides)
    assert theirs[0] == "returned", theirs
    assert ours == theirs


@pytest.mark.parametrize("name", STEPS)
def test_what_is_in_the_database_afterwards_is_the_same(
    sides: Sides, taskfarm_server: LocalServer, name: str
) -> None:
    ours, theirs = (
        [
            (run_rows(taskfarm_server, run), task_rows(taskfarm_server, run))
            for run in side["steps"][name]["runs"]
        ]
        for side in sides
    )
    assert ours == theirs


def test_workers_are_known_by_host_and_process(sides: Sides, taskfarm_server: LocalServer) -> None:
    for side in sides:
        workers = [uuid for said in side["steps"].values() for uuid in said["workers"]]
        assert workers
        for uuid in workers:
            assert len(uuid) == 32
            assert worker_rows(taskfarm_server, uuid) == [(socket.gethostname(), side["pid"])]


def test_names_signatures_and_defaults_are_the_same() -> None:
    ours, theirs = (
        json.loads(output(start(module, "-c", SHAPE, module))) for module in (OURS, THEIRS)
    )
    assert ours == theirs


def test_a_program_runs_unchanged_but_for_its_import(taskfarm_server: LocalServer) -> None:
    to = (taskfarm_server.user, taskfarm_server.password, taskfarm_server.url)
    both = [start(one, "-c", PROGRAM.format(module=one), *to) for one in (OURS, THEIRS)]
    ours, theirs = (output(process) for process in both)
    assert ours == theirs
    assert ours.splitlines()[-2:] == ["refused True", "gone True"]


def test_a_task_costs_three_requests_where_it_cost_four(
    proxy: FaultProxy, proxied_farm: Farm, token: str
) -> None:
    needed = {}
    for module in (OURS, THEIRS):
        run = proxied_farm.create_run(10)
        proxy.forget()
        text = ONE_UPDATE.format(module=module)
        output(start(module, "-c", text, token, run.uuid, proxy.url))
        needed[module] = len(proxy.seen)
        assert run.status().succeeded
    # Three to begin with (token, run, worker), and one hand-out that says that nothing is left.
    assert needed == {OURS: 4 + 3 * 10, THEIRS: 4 + 4 * 10}


def test_a_run_broken_by_reading_with_theirs_is_not_by_reading_with_ours(
    proxied_farm: Farm, token: str
) -> None:
    text = """
import sys
from {module} import TaskFarmWorker
worker = TaskFarmWorker(sys.argv[1], "", sys.argv[2], url_base=sys.argv[3])
print(worker.getTaskInfo(3, "status"))
try:
    for task in worker.tasks:
        worker.update(100)
        worker.done()
except RuntimeError:
    print("broken")
print(worker.numDone)
"""
    said = {}
    for module in (OURS, THEIRS):
        program = text.format(module=module)
        words = ("-c", program, token, proxied_farm.create_run(5).uuid, proxied_farm.url)
        said[module] = output(start(module, *words)).split()
    assert said == {OURS: ["waiting", "5"], THEIRS: ["waiting", "broken", "1"]}


def test_a_mixed_fleet_shares_a_run(proxied_farm: Farm, token: str) -> None:
    run = proxied_farm.create_run(30)
    fleet = [
        start(module, "-c", ONE_UPDATE.format(module=module), token, run.uuid, proxied_farm.url)
        for module in (OURS, THEIRS)
    ]
    with run.worker() as worker:
        for task in worker:
            with task:
                task.update(50)
    for process in fleet:
        output(process)
    status = run.status()
    assert (status.done, status.failed, status.percent_done) == (30, 0, 100)
