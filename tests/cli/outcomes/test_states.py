"""The last state of each task: decided by its last attempt, in whichever order they are read."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from taskfarm_cli.outcomes.attempt import attempt_of
from taskfarm_cli.outcomes.states import TaskStates
from tests.support.journals import facts, failure


def states_of(*lines: dict[str, Any], num_tasks: int = 1000) -> TaskStates:
    found = TaskStates(num_tasks)
    for line in lines:
        found.add(attempt_of(line))
    return found


RETRIED = (
    failure(0, "no", begins_s=0, attempt=1),
    facts(0, begins_s=10, attempt=2),
    facts(1, begins_s=0, outcome="released"),
    failure(2, "no", begins_s=5, attempt=3, final=True),
)


@pytest.mark.parametrize("lines", list(itertools.permutations(RETRIED)))
def test_the_last_attempt_of_a_task_decides_in_whichever_order_they_are_read(
    lines: tuple[dict[str, Any], ...],
) -> None:
    states = states_of(*lines)
    assert (states.done, states.failed, list(states.failed_tasks())) == (1, 1, [2])


def test_within_a_second_the_number_of_the_attempt_decides() -> None:
    # The clock of the machine that failed first is a little ahead.
    states = states_of(failure(0, "no", took_s=0.9, attempt=1), facts(0, took_s=0.3, attempt=2))
    assert states.done == 1


def test_an_attempt_that_was_taken_over_says_nothing_of_its_task() -> None:
    states = states_of(facts(0), facts(0, begins_s=60, outcome="taken over"))
    assert states.done == 1


def test_a_task_that_was_reset_waits_again() -> None:
    states = states_of(facts(0), facts(0, begins_s=60, outcome="released"))
    assert [(cell.done, cell.waiting) for cell in states.cells("waiting", 1)] == [(0, 1000)]


def test_cells_are_blocks_of_tasks_with_the_counts_of_each() -> None:
    states = states_of(facts(0), failure(7, "no", final=True), num_tasks=10)
    found = states.cells("unknown", 4)
    assert [(cell.first, cell.done, cell.failed, cell.unknown) for cell in found] == [
        (0, 1, 0, 2),
        (3, 0, 0, 3),
        (6, 0, 1, 2),
        (9, 0, 0, 1),
    ]


def test_states_grow_with_the_tasks_and_the_others_are_open() -> None:
    states = states_of(facts(3), num_tasks=0)
    (cell,) = states.cells("unknown", 1, num_tasks=10)
    assert (len(states), states.known, cell.done, cell.unknown) == (4, 1, 1, 9)
    assert not states.has_failed(9)
    assert not states.is_done(9)


def test_a_failed_attempt_is_remembered_whatever_came_of_the_task() -> None:
    lines = (failure(0, "no"), facts(0, begins_s=60), failure(1, "no"), facts(2))
    states = states_of(*lines, failure(3, "no", final=True))
    assert (states.failed_before, states.done, states.failed) == (2, 2, 1)


def test_an_attempt_that_others_followed_is_told_not_to_be_the_last() -> None:
    states = TaskStates(1)
    assert states.add(attempt_of(facts(0, begins_s=60)))
    assert not states.add(attempt_of(facts(0)))
    assert not states.add(attempt_of(facts(0, begins_s=90, outcome="taken over")))
