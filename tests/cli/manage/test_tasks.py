"""--tasks, --reset-failed and --reset-task, as recorded from the real server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskfarm_sdk import Run
from tests.support.manage_tf import Manage, TaskWriter

pytestmark = pytest.mark.vcr

# What our workers write: a task that failed for good after 3 attempts, and one in its second.
FAILED = 0.009903123455
SECOND_ATTEMPT = 12.500101432172


@pytest.fixture
def mixed(run: Run, task_writer: TaskWriter) -> Run:
    """A run of 5: 0 done, 1 failed, 2 computing at its second attempt, 3 and 4 not made yet."""
    task_writer.finish(run, 1)
    task_writer.finish(run, 1, percent=FAILED)
    task_writer.write(run, task_writer.take(run), SECOND_ATTEMPT, "computing")
    return run


LINES = ["0 done 100.0 0", "1 failed 0.0 3", "2 computing 12.5 1", "3 waiting nan 0"]
LINES.append("4 waiting nan 0")


def lines(manage: Manage, *words: str) -> list[str]:
    return manage.fine("--tasks", *words).out.splitlines()


def test_tasks_prints_a_line_a_task_and_makes_none(manage: Manage, mixed: Run) -> None:
    assert lines(manage, mixed.uuid) == LINES
    assert mixed.status().rows == 3


@pytest.mark.parametrize(
    ("state", "numbers"),
    [("waiting", [3, 4]), ("computing", [2]), ("done", [0]), ("failed", [1])],
)
def test_a_state_chooses_among_the_tasks(
    manage: Manage, mixed: Run, state: str, numbers: list[int]
) -> None:
    assert lines(manage, "--state", state, mixed.uuid) == [LINES[n] for n in numbers]


def test_tasks_takes_the_beginning_of_a_uuid(manage: Manage, mixed: Run) -> None:
    assert lines(manage, mixed.uuid[:6]) == LINES


def test_tasks_in_json_is_a_document_a_task(manage: Manage, mixed: Run) -> None:
    documents = [json.loads(line) for line in lines(manage, mixed.uuid, "--json")]
    assert documents[1] == {
        "taskfarm": 1,
        "mode": "tasks",
        "task": {"number": 1, "state": "failed", "percent_completed": 0.0, "attempts": 3},
    }
    assert [document["task"]["percent_completed"] for document in documents] == [
        *[100.0, 0.0, 12.5],
        *[None, None],
    ]


def test_an_odd_run_has_no_tasks(manage: Manage, task_writer: TaskWriter) -> None:
    assert lines(manage, task_writer.create("many")) == []


@pytest.mark.parametrize(
    "words",
    [("--tasks",), ("--reset-failed",), ("--reset-task", "1"), ("--repair",)],
    ids=lambda words: words[0],
)
def test_a_run_that_is_not_there_ends_with_4(manage: Manage, words: tuple[str, ...]) -> None:
    outcome = manage(*words, "0" * 32)
    assert outcome.status == 4
    assert "0" * 32 in outcome.error


@pytest.mark.parametrize(
    "words",
    [("--reset-failed",), ("--reset-task", "1"), ("--repair",)],
    ids=lambda words: words[0],
)
def test_what_changes_tasks_takes_a_whole_uuid_alone(
    manage: Manage, mixed: Run, words: tuple[str, ...]
) -> None:
    outcome = manage(*words, mixed.uuid[:31])
    assert outcome.status == 2
    assert "whole" in outcome.error
    assert lines(manage, mixed.uuid) == LINES


def test_reset_failed_makes_failed_tasks_wait_and_no_others(manage: Manage, mixed: Run) -> None:
    assert manage.fine("--reset-failed", mixed.uuid).out == ""
    assert lines(manage, mixed.uuid) == [LINES[0], "1 waiting 0.0 0", *LINES[2:]]


def test_reset_task_makes_the_named_ones_wait(manage: Manage, mixed: Run) -> None:
    assert manage.fine("--reset-task", "0,2-4", mixed.uuid).out == ""
    assert lines(manage, mixed.uuid) == [
        *["0 waiting 0.0 0", LINES[1], "2 waiting 0.0 0"],
        *LINES[3:],
    ]
    assert mixed.status().rows == 3


def test_a_number_that_the_run_has_not_changes_nothing(manage: Manage, mixed: Run) -> None:
    outcome = manage("--reset-task", "0,2-5", mixed.uuid)
    assert outcome.status == 2
    assert "must be an integer from 0 to 4, not 5" in outcome.error
    assert lines(manage, mixed.uuid) == LINES


def test_tasks_of_an_odd_run_cannot_be_reset(manage: Manage, task_writer: TaskWriter) -> None:
    outcome = manage("--reset-task", "0", task_writer.create("many"))
    assert outcome.status == 2
    assert "an invalid number of tasks" in outcome.error


@pytest.mark.parametrize(
    ("words", "count"),
    [(("--reset-failed",), 1), (("--reset-task", "0-4"), 3)],
    ids=["failed", "named"],
)
def test_resets_in_json_count_the_tasks(
    manage: Manage, mixed: Run, words: tuple[str, ...], count: int
) -> None:
    document: dict[str, Any] = manage.fine(*words, mixed.uuid, "--json").document
    assert document["mode"] == words[0].removeprefix("--")
    assert document["run"]["uuid"] == mixed.uuid
    assert document["reset"] == count
