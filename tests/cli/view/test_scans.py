"""The reading of all tasks of a run: what is kept of it when it is over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from taskfarm_cli.view.scans import TaskScan
from taskfarm_sdk import TaskInfo
from tests.support.processes import wait_until


def infos() -> list[TaskInfo]:
    return [
        TaskInfo(number=number, state="failed" if number == 2 else "done") for number in range(5)
    ]


def test_a_scan_that_is_over_keeps_its_picture_alone() -> None:
    run = SimpleNamespace(num_tasks=5, task_infos=infos)
    scan = TaskScan(cast("Any", run))
    scan.start()
    wait_until(lambda: not scan.facts.is_running)
    picture = scan.picture()
    assert picture is scan.picture()
    assert picture.is_whole
    assert [cell.done for cell in picture.cells] == [1, 1, 0, 1, 1]
    assert [failure.number for failure in picture.failures] == [2]
    assert scan.facts.read == 5
    assert scan._states == []
