"""Values that describe runs and tasks: frozen data, with no request behind it."""

from __future__ import annotations

import math
from typing import Literal

import attrs

__all__ = ["RunStatus", "TaskInfo", "TaskState"]

TaskState = Literal["waiting", "computing", "done", "failed"]
TASK_STATES: tuple[TaskState, ...] = ("waiting", "computing", "done", "failed")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 task`, `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@attrs.frozen(kw_only=True)
class RunStatus:
    """How a run stands.

    Attributes:
        num_tasks: how many tasks the run has.
        waiting: how many really wait: those that no worker has asked for yet count too, which the
            server leaves out until they exist in its database.
        computing: how many a worker has taken and not yet settled.
        done: how many are settled; failed tasks count too, as the server does it.
        failed: how many of `done` failed in the end, or None while that cannot be known: before
            the run is finished, or when another client's odd percentages hide it.
        percent_done: the mean percentage over all tasks, as the server gives it (NaN, if another
            client wrote one).
        rows: how many tasks exist in the server's database, where a task is made when its turn
            comes. Beside busy workers it can be a few too high or low, for the server counts one
            state after the other. For long more than `num_tasks`, they say that the run is beyond
            repair: see `Run.repair`.
    """

    num_tasks: int
    waiting: int
    computing: int
    done: int
    failed: int | None
    percent_done: float
    rows: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing waits and nothing computes any more."""
        return self.waiting == 0 and self.computing == 0

    @property
    def succeeded(self) -> bool:
        """Whether the run is finished and no task failed."""
        return self.finished and self.failed == 0


@attrs.frozen(kw_only=True)
class TaskInfo:
    """How one task stands.

    Attributes:
        number: the task's number, from 0.
        state: "waiting", "computing", "done", or "failed" (done for the server, but without
            success).
        percent_completed: 0 to 100; NaN where it is unknown, for a task that the server has not
            made yet or holds no number for.
        attempts: how many attempts at it were counted: failed ones, and ones whose worker was
            lost. 0 where other clients keep no count.
    """

    number: int
    state: TaskState
    percent_completed: float = math.nan
    attempts: int = 0
