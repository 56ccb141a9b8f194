"""What `Run.work` does alike in every executor, each of two processes, or of two threads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.programs import every_executor
from tests.programs.every_executor import FACTOR, ITEMS, POOLS, TASKS
from tests.support import programs
from tests.support.programs import MPI_JOB

pytestmark = pytest.mark.live

KINDS = ["thread", *POOLS, "dask", "mpi"]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def came(
    kind: str, taskfarm_server: LocalServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What came of working in an executor: see `every_executor`."""
    with taskfarm_server.farm() as farm:
        token = farm.login()
    folder = tmp_path_factory.mktemp(kind)
    told = {"url": taskfarm_server.url, "token": token, "folder": str(folder), "kind": kind}
    by = MPI_JOB if kind == "mpi" else programs.PYTHON
    done = programs.run(every_executor.__file__, told=told, by=by, timeout_s=110)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def test_each_task_is_computed_once_by_two_at_a_time(came: dict[str, Any], kind: str) -> None:
    once = came["once"]
    assert once["succeeded"]
    assert once["results"] == [number * FACTOR for number in range(TASKS)]
    assert once["outcomes"] == {str(number): ["completed"] for number in range(TASKS)}
    if kind == "thread":
        assert once["pids"] == [once["own_pid"]]
    else:
        assert len(once["pids"]) == 2
        assert once["own_pid"] not in once["pids"]


def test_the_caller_is_told_how_it_goes(came: dict[str, Any]) -> None:
    assert came["once"]["shown_last"] == [TASKS, TASKS]


def test_items_are_mapped_and_those_that_failed_alone_are_computed_again(
    came: dict[str, Any],
) -> None:
    items = came["items"]
    assert items["failed"] == [3, 21]
    assert items["values"] == [number * FACTOR for number in range(ITEMS)]
    assert items["repeated"] == [3, 21]


def test_a_task_has_so_many_attempts_and_is_named_then(came: dict[str, Any]) -> None:
    assert came["attempts"] == {"failed": [3], "outcomes": ["failed", "failed for good"]}


def test_failures_in_a_row_stop_the_loops(came: dict[str, Any]) -> None:
    assert "too many tasks in a row failed" in came["halt"]


def test_loops_stay_no_longer_than_asked_while_others_compute(came: dict[str, Any]) -> None:
    assert came["linger"] == {"done": TASKS - 1, "computing": 1}


def test_a_broken_pool_names_the_open_tasks_and_a_new_one_goes_on(
    came: dict[str, Any], kind: str
) -> None:
    # Of the others, whose loops are lost one by one or all at once, test_dask and test_mpi tell.
    assert ("lose" in came) is (kind in POOLS)
    if kind in POOLS:
        assert "the executor broke" in came["lose"]["said"]
        assert "Tasks that were open: 2. A new work()" in came["lose"]["said"]
        assert came["lose"]["succeeded"]
