"""Advice of --info on what is wrong with a run."""

from __future__ import annotations

from typing import Any, cast

import attrs
import pytest

from taskfarm_cli.manage.advice import advice
from taskfarm_sdk import Run, RunStatus


def told(num_tasks: int = 10, **counts: Any) -> list[str]:
    run = Run(cast("Any", None), "0" * 32, 1, num_tasks, str(num_tasks))
    known = {"waiting": 0, "computing": 0, "done": 0, "failed": None, "percent_done": 0.0}
    return advice(run, RunStatus(num_tasks=num_tasks, **{**known, **counts}))


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param({"waiting": 10}, id="fresh"),
        pytest.param({"waiting": 5, "computing": 2, "done": 3, "rows": 5}, id="under way"),
        pytest.param({"waiting": 5, "done": 5, "rows": 10}, id="asleep, all made"),
        pytest.param({"done": 10, "failed": 0, "percent_done": 100.0, "rows": 10}, id="done"),
    ],
)
def test_where_nothing_is_wrong_nothing_is_said(counts: dict[str, Any]) -> None:
    assert told(**counts) == []


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        pytest.param(
            {"waiting": 2, "done": 8, "rows": 14}, ["14 rows for 10 tasks", "--delete"], id="rows"
        ),
        pytest.param(
            {"done": 10, "failed": 3, "rows": 10},
            ["3 failed", "--tasks --state failed", "--reset-failed"],
            id="failed",
        ),
        pytest.param({"done": 10, "rows": 10}, ["--tasks --state failed"], id="who knows"),
        pytest.param(
            {"computing": 2, "done": 8, "rows": 10},
            ["the last 2", "--tasks --state computing", "--reset "],
            id="perhaps stuck",
        ),
        pytest.param({"waiting": 6, "done": 4, "rows": 4}, ["--repair"], id="perhaps broken"),
    ],
)
def test_each_trouble_comes_with_what_helps(counts: dict[str, Any], words: list[str]) -> None:
    (line,) = told(**counts)
    assert [word for word in words if word not in line] == []


def test_where_output_is_kept_the_items_that_failed_can_be_shown() -> None:
    run = Run(cast("Any", None), "0" * 32, 1, 10, "10")
    status = RunStatus(
        num_tasks=10, waiting=0, computing=0, done=10, failed=3, percent_done=70.0, rows=10
    )
    failed, items = advice(run, status, None, "/data/my out")
    assert failed.startswith("3 failed")
    assert items == "`workTF --show '/data/my out' --failed` lists the items that failed"
    assert advice(run, attrs.evolve(status, failed=0), None, "/data/out") == []


def test_an_odd_run_can_only_be_deleted() -> None:
    (line,) = told(num_tasks=0)
    assert "--delete" in line
