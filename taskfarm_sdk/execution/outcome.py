"""Outcomes of an attempt at a task, and the one place that settles tasks by them.

Code that computes a task returns one of these and does not settle the task.
"""

from __future__ import annotations

from collections.abc import Sequence
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
        reason: what this machine lacks, for the log; None if the release was requested.
        pause_s: how long the slot claims no task, so that another worker can get this one.
    """

    reason: str | None = None
    pause_s: float = 0.0


@attrs.frozen
class Failed:
    """The attempt failed, and is counted.

    Attributes:
        reason: what went wrong, for the log and the journal.
        final: whether the task has failed for good, however many attempts are left.
        exit_status: a command's exit status, for the journal.
        caught: the description of the exception that failed it, if one did.
        advanced: whether a part of the task succeeded, so that this machine is not at fault.
        failed_items: the items of the task that failed, for the journal.
    """

    reason: str
    final: bool = False
    exit_status: int | None = None
    caught: Caught | None = None
    advanced: bool = False
    failed_items: Sequence[int] = ()


Outcome = Completed | Released | Failed


def settle(task: Handle, outcome: Outcome) -> None:
    """Settle a task by its outcome.

    Raises:
        TaskfarmError: the request failed, or the task is already settled.
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
                advanced=outcome.advanced,
                failed_items=outcome.failed_items,
            )
        case _:
            assert_never(outcome)
