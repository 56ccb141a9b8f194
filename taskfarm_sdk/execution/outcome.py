"""Outcomes of an attempt at a task, and the one place that settles tasks by them.

Whoever computes a task returns one of these and leaves the task alone.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from taskfarm_sdk._caught import Caught
from taskfarm_sdk._handle import Handle


@attrs.frozen
class Completed:
    """The task is done."""


@attrs.frozen
class Released:
    """The task was not done, through no fault of its own: the attempt is not counted."""


@attrs.frozen
class Failed:
    """The attempt failed, and is counted.

    Attributes:
        reason: what went wrong, for the log and the journal.
        final: whether the task has failed for good, however many attempts are left.
        exit_status: a command's, for the journal.
        caught: what is kept of the exception that failed it, if one did.
    """

    reason: str
    final: bool = False
    exit_status: int | None = None
    caught: Caught | None = None


Outcome = Completed | Released | Failed


def settle(task: Handle, outcome: Outcome) -> None:
    """Settle a task by its outcome.

    Raises:
        TaskfarmError: the server could not be told, or the task is settled already.
    """
    match outcome:
        case Completed():
            task.complete()
        case Released():
            task.release()
        case Failed():
            task.fail(
                outcome.reason,
                final=outcome.final,
                exit_status=outcome.exit_status,
                caught=outcome.caught,
            )
        case _:
            assert_never(outcome)
