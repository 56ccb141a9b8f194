"""Frozen values that describe runs and tasks."""

from __future__ import annotations

import math
from typing import Literal

import attrs

from taskfarm_sdk.hidden import half_made, shown_half_made

__all__ = ["RunStatus", "TaskFailure", "TaskInfo", "TaskState"]

TaskState = Literal["waiting", "computing", "done", "failed"]
TASK_STATES: tuple[TaskState, ...] = ("waiting", "computing", "done", "failed")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 task`, `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent_text(value: float) -> str:
    """Format a percentage, cut and not rounded, so that 100 % says that all is done."""
    return f"{math.floor(value * 10) / 10:.1f} %" if math.isfinite(value) else "unknown %"


@shown_half_made
@attrs.frozen(kw_only=True)
class RunStatus:
    """The status of a run.

    Attributes:
        num_tasks: the number of tasks of the run.
        waiting: the number of waiting tasks, including those that the server has not created yet
            and does not count itself.
        computing: the number of tasks that workers have claimed and not yet settled.
        done: the number of done tasks, including failed ones, as the server counts them.
        failed: how many of `done` have failed for good; None until the run is finished, and if
            another client's percentages hide the number.
        percent_done: the mean percentage of all tasks, from the server; NaN if another client
            wrote a NaN.
        rows: the number of tasks in the server's database, which creates a task at its first
            hand-out. While workers are busy it may be slightly wrong, because the server counts
            one state after the other. If it stays above `num_tasks`, the run cannot be repaired:
            see `Run.repair`.
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
        """Whether no task is waiting or computing."""
        return self.waiting == 0 and self.computing == 0

    @property
    def succeeded(self) -> bool:
        """Whether the run is finished and no task failed."""
        return self.finished and self.failed == 0

    @half_made
    def __str__(self) -> str:
        tasks = counted(self.num_tasks, "task")
        if self.finished:
            failed = "unknown how many failed" if self.failed is None else f"{self.failed} failed"
            return f"{self.done} of {tasks} done, {failed}"
        states = f"{self.computing} computing, {self.waiting} waiting"
        return f"{self.done} of {tasks} done ({percent_text(self.percent_done)}), {states}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from taskfarm_sdk import _html

        failed = self.failed or 0
        parts = [
            (self.done - failed, _html.DONE),
            (failed, _html.FAILED),
            (self.computing, _html.COMPUTING),
        ]
        rows = [
            ("waiting", self.waiting),
            ("computing", self.computing),
            ("done", f"{self.done} of {self.num_tasks}"),
            ("failed", self._failed_text()),
            ("percent done", percent_text(self.percent_done)),
        ]
        return _html.block(_html.bar(parts, self.num_tasks, str(self)), _html.table(rows))

    def _failed_text(self) -> str:
        if self.failed is not None:
            return str(self.failed)
        return "unknown" if self.finished else "unknown until the run is finished"


@shown_half_made
@attrs.frozen(kw_only=True)
class TaskInfo:
    """The state of one task.

    Attributes:
        number: the task's number, from 0.
        state: "waiting", "computing", "done" or "failed" (which the server counts as done).
        percent_completed: 0 to 100; NaN if unknown, because the server has not created the task
            yet or stores no number for it.
        attempts: the number of counted attempts: failed ones, and those of lost workers; 0 for
            tasks of other clients, which do not count.
    """

    number: int
    state: TaskState
    percent_completed: float = math.nan
    attempts: int = 0


@shown_half_made
@attrs.frozen(kw_only=True)
class TaskFailure:
    """A failed attempt at a task, as this process saw it.

    Attributes:
        task: the task's number.
        attempt: which attempt it was, 1 for the first that counts.
        type: the name of the exception's type; None where no exception failed the attempt, as when
            its process was killed.
        text: what the exception says, or why the attempt failed.
        traceback: where the exception came from, as Python prints it, without local variables;
            empty where there was none.
        item: the item that failed, for `Farm.map`; None where it was the whole task.
    """

    task: int
    attempt: int
    type: str | None
    text: str
    traceback: str = attrs.field(default="", repr=False)
    item: int | None = None

    @half_made
    def __str__(self) -> str:
        said = ": ".join(part for part in (self.type, self.text) if part)
        what = f"task {self.task}" if self.item is None else f"item {self.item}"
        return f"{what}, attempt {self.attempt}: {said}"
