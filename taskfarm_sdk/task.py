"""A claimed task, as the function that computes it sees it."""

from __future__ import annotations

import datetime
from types import TracebackType
from typing import NoReturn, Self

from taskfarm_sdk import _validation
from taskfarm_sdk._handle import Handle, already_settled
from taskfarm_sdk._items.seeds import item_seed
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import half_made

__all__ = ["Task"]


class Task:
    """A task that was handed out to this worker, to be settled once.

    ```python
    with task:
        compute(task.number)
    ```

    completes the task at the end of the block. An exception counts a failed attempt and goes on to
    the caller. An exception that ends the process gives the task back uncounted: KeyboardInterrupt,
    and SystemExit if a signal handler raised it or the worker is stopping. So does the end of a
    generator that holds the task. A `sys.exit()` in the block itself is a failed attempt: call
    `release()` before it to give the task back.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    @property
    def number(self) -> int:
        """The task's number, 0 to num_tasks - 1."""
        return self._handle.number

    @property
    def percent_completed(self) -> float:
        """The task's percentage: the last one given to `update`, or left by an earlier attempt."""
        return self._handle.percent

    @property
    def attempts(self) -> int:
        """How many attempts were counted before this one."""
        return self._handle.attempts

    @property
    def run_uuid(self) -> str:
        """The UUID of the task's run."""
        return self._handle.run_uuid

    @property
    def seed(self) -> int:
        """A number of 128 bits to seed random generators, the same in every attempt.

        Made from SHA-256 of the run's UUID and the task's number: `random.Random(task.seed)`,
        `numpy.random.default_rng(task.seed)`.
        """
        return item_seed(self.run_uuid, self.number)

    @property
    def started_at(self) -> datetime.datetime:
        """When its turn came, by this machine's clock: at the hand-out or later."""
        return self._handle.started_at

    @property
    def stop_requested(self) -> bool:
        """Whether the worker is to stop: save your results, and return."""
        return self._handle.stop_requested

    @property
    def settled(self) -> bool:
        """Whether the task was completed, released or failed."""
        return self._handle.settled is not None

    def update(self, percent: float) -> None:
        """Report the task's percentage; returns at once. 100 does not complete it: call `complete`.

        The newest value is sent in the background, and completing supersedes it. A report that
        fails is dropped; the next one sends the newest value.

        Args:
            percent: 0 to 100; the server keeps hundredths of it.

        Raises:
            ConfigurationError: `percent` is not a number from 0 to 100.
            TaskfarmError: the task was settled before.
        """
        checked = _validation.percentage(percent)
        self._refuse_if_settled("update")
        self._handle.report(checked)

    def complete(self) -> None:
        """Complete the task, even if another worker took it over; returns when the server has it.

        With `prefetch=1` it returns at once: the request is sent in the background, and its
        error is raised with the next task, or on leaving the worker.

        Raises:
            TaskfarmError: the request failed; call `complete` again to retry it.
        """
        self._refuse_if_settled("complete")
        self._handle.complete()

    def release(self) -> None:
        """Give the task back, waiting for any worker; the attempt is not counted.

        Raises:
            TaskfarmError: the task was settled before, or the server could not be told.
        """
        self._refuse_if_settled("release")
        self._handle.release()

    def fail(self, reason: str, *, final: bool = False, exit_status: int | None = None) -> None:
        """Count a failed attempt: the task will wait for another attempt, or has failed for good.

        A task that can be retried is held back for the worker's `retry_delay_s`, or until no
        other task waits: else the server would hand it out again at once.

        Args:
            reason: what went wrong, for the log and the journal; the server stores no texts.
            final: the task has failed for good, however many attempts are left.
            exit_status: a command's exit status, for the journal.

        Raises:
            ConfigurationError: `reason` is no text, `final` neither True nor False, or
                `exit_status` no integer of 32 bits.
            TaskfarmError: the task was settled before, or the server could not be told.
        """
        _validation.require_text("reason", reason)
        _validation.flag("final", final)
        _validation.exit_status(exit_status)
        self._refuse_if_settled("fail")
        self._handle.fail(reason, final=final, exit_status=exit_status)

    def _refuse_if_settled(self, what: str) -> None:
        if self.settled:
            raise already_settled(self._handle, what)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.settled:
            self._handle.leave(error)

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "a task cannot be sent to another process: send the run, and call run.worker() there"
        )

    @half_made
    def __repr__(self) -> str:
        state = self._handle.settled or "open"
        percent = self.percent_completed
        return f"Task({self.number}, run={self.run_uuid!r}, {percent:g} %, {state})"


def handle_of(task: Task) -> Handle:
    """Return a task's handle, for the code that settles it."""
    return task._handle  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
