"""The handle of a task: the object behind a `Task`, in a worker's process or in a child's."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Protocol

from taskfarm_sdk._caught import Caught
from taskfarm_sdk.errors import TaskfarmError


class Handle(Protocol):
    """Holder of a task: a worker, or a child process that computes for one."""

    @property
    def number(self) -> int:
        """The task's number."""
        ...

    @property
    def run_uuid(self) -> str:
        """The UUID of the task's run."""
        ...

    @property
    def attempts(self) -> int:
        """How many attempts were counted before this one."""
        ...

    @property
    def percent(self) -> float:
        """The task's percentage."""
        ...

    @property
    def started_at(self) -> datetime.datetime:
        """When its turn came."""
        ...

    @property
    def stop_requested(self) -> bool:
        """Whether the worker is to stop."""
        ...

    @property
    def settled(self) -> str | None:
        """How it was settled; None while it is open."""
        ...

    @property
    def is_new(self) -> bool:
        """Whether surely nobody had the task before."""
        ...

    @property
    def lost_items(self) -> tuple[int, ...]:
        """The items of the task whose process died while it computed them, in this attempt."""
        ...

    def begin_item(self, number: int, /) -> bool:
        """Note that an item of the task is computed from now on; return False if it must not be.

        That is when the worker is to stop.
        """
        ...

    def end_items(self) -> None:
        """Note that no item is computed any more."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether a KeyboardInterrupt can be a signal's, and not the function's own."""
        ...

    def ends_soon(self) -> bool:
        """Return whether a failure just now may only be due to the end of the process.

        Whoever ends a batch job signals all its processes, also those that a function runs.
        """
        ...

    def report(self, percent: float) -> None:
        """Report the task's percentage."""
        ...

    def keep(self, percent: float) -> None:
        """Have the next report carry this percentage, without asking for one."""
        ...

    def complete(self) -> None:
        """Mark it done."""
        ...

    def release(self) -> None:
        """Give it back, uncounted."""
        ...

    def fail(
        self,
        reason: str,
        *,
        final: bool = False,
        exit_status: int | None = None,
        caught: Caught | None = None,
        advanced: bool = False,
        failed_items: Sequence[int] = (),
    ) -> None:
        """Count a failed attempt.

        Args:
            reason: what went wrong.
            final: whether the task has failed for good.
            exit_status: a command's.
            caught: the description of its exception.
            advanced: whether a part of the task succeeded, so that this machine is not at fault.
            failed_items: the items of the task that failed, for the journal.
        """
        ...

    def leave(self, error: BaseException | None) -> None:
        """Settle the task at the end of its `with`, which an error may have ended."""
        ...


def already_settled(handle: Handle, what: str) -> TaskfarmError:
    """Return the error of a call that needs an open task."""
    return TaskfarmError(
        f"cannot {what} task {handle.number}: it is settled ({handle.settled})",
        run=handle.run_uuid,
        task=handle.number,
    )
