"""Worker: claims tasks of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import NoReturn, Self

import attrs

from taskfarm_sdk._flows import resetting, tasks
from taskfarm_sdk._logging import log
from taskfarm_sdk._processes.signals import SignalHandling
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._worker.core import WorkerCore
from taskfarm_sdk._worker.options import WorkerOptions
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.hidden import half_made
from taskfarm_sdk.task import Task

__all__ = ["Worker"]


class Worker:
    """Claims tasks of a run, one after the other or many at once. `Run.worker` makes workers.

    ```python
    with run.worker() as worker:
        for task in worker:
            with task:
                compute(task.number)
    ```

    Each task is computed at least once: another worker recomputes the task of a lost worker. A
    worker can be shared by threads. It registers with the server at its first claim, and leaving
    its `with` gives back open tasks.
    """

    def __init__(self, core: WorkerCore) -> None:
        self._core = core
        self._signals = SignalHandling(self.stop, core.give_back_at_once, core.options.grace_s)
        self._entered_in: int | None = None

    @property
    def run_uuid(self) -> str:
        """The UUID of the run that its tasks belong to."""
        return self._core.run_uuid

    @property
    def uuid(self) -> str:
        """The worker's UUID on the server, once it has claimed a task."""
        return self._core.uuid

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._core.stopping

    def stop(self) -> None:
        """Claim no more tasks: iterating ends with the current task. Call it from any thread."""
        self._core.stop()

    def claim(self) -> Task | None:
        """Claim a task. `prefetch` has no effect here, only on iterating.

        Returns:
            The task, or None if no task is left to hand out, the worker was stopped, or its
            time is too short for another task.

        Raises:
            RunBroken: the server cannot hand out the tasks that are left.
            TaskfarmError: the request still failed after `give_up_after_s`.
        """
        held = self._core.claim(begun=True)
        return None if held is None else Task(held)

    def __iter__(self) -> Iterator[Task]:
        core = self._core
        # A forked child cleans up here: the `with` is its parent's.
        is_entered = self._entered_in == os.getpid()
        try:
            while (held := core.next()) is not None:
                try:
                    yield Task(held)
                except GeneratorExit:
                    core.ledger.release(held)
                    raise
                if held.settled is None:
                    core.ledger.release(held)
                    raise TaskfarmError(
                        f"task {held.number} was neither completed, released nor failed, so it "
                        "was given back: put the work on it into `with task:`",
                        run=self.run_uuid,
                        task=held.number,
                    )
            is_entered = False
        finally:
            # After an interruption the end of `with worker:` does this, and knows its time limit.
            if not is_entered:
                core.rest()
        core.ledger.retry_failed()
        core.ledger.complete_doubtful()

    def close(self) -> None:
        """Give back open tasks, queue failed tasks for a retry, make sure of completed tasks.

        Raises:
            TaskfarmError: not all of these requests succeeded.
        """
        self._core.close()

    def __enter__(self) -> Self:
        self._signals.install()
        self._entered_in = os.getpid()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                self._core.hurry_for(error)
            self.close()
        except TaskfarmError as trouble:
            # This error must not hide the caller's own.
            if error is None:
                raise
            log.error("could not settle all tasks of run %s: %s", self.run_uuid, trouble)
        finally:
            self._entered_in = None
            self._signals.remove()

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "a worker cannot be sent to another process: send the run, and call run.worker() there"
        )

    @half_made
    def __repr__(self) -> str:
        return f"Worker(run={self.run_uuid!r}, {len(self._core.ledger)} open)"


def core_of(worker: Worker) -> WorkerCore:
    """Return a worker's core, for the code that keeps the worker busy."""
    return worker._core  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def worker_of_chunks(worker: Worker) -> Worker:
    """Return a worker of a run whose tasks' percentages are positions in their chunks of items.

    Args:
        worker: one with the same options, which has claimed nothing.

    Raises:
        ConfigurationError: the journal cannot be written.
    """
    core = core_of(worker)
    options = attrs.evolve(core.options, keeps_position=True)
    return worker_of(core.link, core.run_uuid, core.num_tasks, options)


def done_tasks(worker: Worker, numbers: Iterable[int]) -> list[int]:
    """Return those of some tasks that are done, and have not failed for good.

    Args:
        worker: a worker of their run.
        numbers: the tasks' numbers.

    Raises:
        RunNotFound: the run was deleted.
        TaskNotFound: a task has no row on the server.
        TaskfarmError: the server cannot be asked.
    """
    core = core_of(worker)
    flow = tasks.done_among(core.link.session, core.run_uuid, core.num_tasks, numbers)
    return core.link.drive(flow)


def reopen_tasks(worker: Worker, numbers: Iterable[int]) -> list[int]:
    """Set those of some tasks waiting that are done, and have not failed for good.

    Tasks that others have begun meanwhile are left to them.

    Args:
        worker: a worker of their run.
        numbers: the tasks' numbers.

    Returns:
        Those that wait now.

    Raises:
        RunNotFound: the run was deleted.
        TaskNotFound: a task has no row on the server.
        TaskfarmError: the server cannot be asked.
    """
    core = core_of(worker)

    def choose(rows: Sequence[TaskRow]) -> list[TaskRow]:
        return [row for row in rows if not tasks.is_failed(row)]

    flow = resetting.reopen(core.link.session, core.run_uuid, core.num_tasks, numbers, choose)
    return core.link.drive(flow)


def reopen_cut_short(worker: Worker, numbers: Iterable[int]) -> list[int]:
    """Set those of some tasks waiting that have failed for good, but not in this process.

    Args:
        worker: a worker of their run.
        numbers: the tasks' numbers.

    Returns:
        Those that wait now.

    Raises:
        RunNotFound: the run was deleted.
        TaskNotFound: a task has no row on the server.
        TaskfarmError: the server cannot be asked.
    """
    core = core_of(worker)
    seen = core.link.session.shared.failures

    def choose(rows: Sequence[TaskRow]) -> list[TaskRow]:
        failed = [row for row in rows if tasks.is_failed(row)]
        return [row for row in failed if not seen.of(core.run_uuid, (row.number,))]

    flow = resetting.reopen(core.link.session, core.run_uuid, core.num_tasks, numbers, choose)
    return core.link.drive(flow)


def worker_of(link: Link, uuid: str, num_tasks: int, options: WorkerOptions) -> Worker:
    """Return a new worker of a run; nothing is sent until it claims its first task."""
    return Worker(WorkerCore(link, uuid, num_tasks, options))
