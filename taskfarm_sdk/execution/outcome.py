"""Outcomes of an attempt at a task, and the one place that settles tasks by them.

Whoever computes a task returns one of these and leaves the task alone.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from taskfarm_sdk._caught import Caught
from taskfarm_sdk._handle import Handle
from taskfarm_sdk._logging import log


@attrs.frozen
class Completed:
    """The task is done."""


@attrs.frozen
class Released:
    """The task was not done, through no fault of its own: the attempt is not counted.

    Attributes:
        reason: what this machine lacks, for the log; None where the task was asked back.
        pause_s: for how long the slot claims nothing, so that it does not get the same task again
            at once, and others may.
    """

    reason: str | None = None
    pause_s: float = 0.0


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
            if outcome.reason is not None:
                log.warning(
                    "task %d of run %s is given back, uncounted: %s",
                    task.number,
                    task.run_uuid,
                    outcome.reason,
                )
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
