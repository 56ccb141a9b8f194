"""`Run.work`: the work on one run, from its start to the status that is returned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import attrs

from taskfarm_sdk import _failures, _validation
from taskfarm_sdk._flows import runs, tasks, waiting
from taskfarm_sdk._models import RunStatus, TaskInfo
from taskfarm_sdk._processes.cpus import usable_cpus
from taskfarm_sdk._session.link import Link
from taskfarm_sdk.errors import (
    ConnectionFailed,
    ServerError,
    TasksFailed,
    TooManyFailures,
)
from taskfarm_sdk.execution.dispatcher import Dispatcher
from taskfarm_sdk.execution.function import Function, usable
from taskfarm_sdk.execution.jobs import Jobs
from taskfarm_sdk.execution.outcome import Outcome
from taskfarm_sdk.execution.pickling import warn_of_generators
from taskfarm_sdk.task import Task
from taskfarm_sdk.worker import Worker

if TYPE_CHECKING:
    from taskfarm_sdk.execution.children.pool import Pool

PROGRESS_EVERY_S = 2.0
POLL_S = 2.0
# Called with a task, the item whose child process died, and how it died.
OnLostItem = Callable[[Task, int, str], None]


@attrs.define
class Work:
    """The work on a run, for one caller.

    Attributes:
        link: the connections.
        uuid: the run's.
        num_tasks: how many tasks the run has.
        function: called with each task.
        make_worker: creates a worker of the run; can be pickled.
        tell: called with the run's status, about every 2 s; None for no call.
        linger_s: how long at most to stay without a task; None for as long as it takes.
    """

    link: Link
    uuid: str
    num_tasks: int
    function: Function
    make_worker: Callable[[], Worker]
    tell: Callable[[RunStatus], None] | None
    linger_s: float | None
    _due_at: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        usable(self.function)
        if self.linger_s is not None:
            self.linger_s = _validation.seconds("linger_s", self.linger_s, zero=True)
        self._due_at = time.monotonic() + PROGRESS_EVERY_S

    def status(self) -> RunStatus:
        """Return the status of the run."""
        return self.link.drive(runs.status(self.link.session, self.uuid))

    def computing(self) -> Iterator[TaskInfo]:
        """Yield the state of the tasks that are computing."""
        flow = tasks.infos(self.link.session, self.uuid, self.num_tasks, "computing")
        return self.link.stream(flow)

    def look(self) -> None:
        """Read the run's status and report it, if that is due."""
        began = time.monotonic()
        if self.tell is None or began < self._due_at:
            return
        try:
            status = self.status()
        except (ConnectionFailed, ServerError):
            return  # the work itself waits for the server, and gives up where that is due
        finally:
            ended = time.monotonic()
            self._due_at = ended + max(PROGRESS_EVERY_S, waiting.REST_PER_REQUEST * (ended - began))
        self.tell(status)

    def end(self, *, halted: bool, check: bool) -> RunStatus:
        """Return the run's status now that no task is left for this process.

        Args:
            halted: failures stopped the work.
            check: whether to raise an error for that, and for failed tasks.
        """
        status = self.status()
        try:
            if status.finished:
                flow = waiting.wait(self.link.session, self.uuid, POLL_S, None, check=check)
                status = self.link.drive(flow)
        except TasksFailed as error:
            self.report(error.run_status)
            raise
        self.report(status)
        if halted and check and not status.finished:
            raise self.halted()
        return status

    def halted(self) -> TooManyFailures:
        """Return the error of work that stopped after too many failures in a row."""
        seen = self.link.session.shared.failures.of(self.uuid)
        error = TooManyFailures(
            f"too many tasks in a row failed, so the work on run {self.uuid} was stopped: "
            "see `failures`, the log (`taskfarm_sdk`) or the journal for what went wrong; "
            f"call work() again to go on with the rest{_failures.newest(seen)}",
            run=self.uuid,
            failures=_failures.records(seen),
        )
        error.__cause__ = _failures.cause(seen)
        return error

    def report(self, status: RunStatus) -> None:
        """Tell the caller the run's status."""
        if self.tell is not None:
            self.tell(status)


def by_children(
    work: Work,
    workers: int | None,
    threads_per_task: int | None,
    on_lost_item: OnLostItem | None,
    jobs: Jobs | None = None,
) -> bool:
    """Compute with child processes until no task is left for this worker.

    Args:
        work: the work.
        workers: how many at a time; None for as many as this process may use CPUs.
        threads_per_task: how many threads libraries use in each.
        on_lost_item: see `Pool`.
        jobs: how many at a time, in place of `workers`, where that changes.

    Returns:
        Whether it stopped before that, after too many failures in a row.
    """
    # It uses signals that Windows lacks; executors do not need it.
    from taskfarm_sdk.execution.children.pool import Pool
    from taskfarm_sdk.execution.children.script import pack

    if jobs is None:
        jobs = Jobs(
            usable_cpus() if workers is None else _validation.at_least_one("workers", workers)
        )
    size = max(1, min(jobs.number, work.num_tasks))
    if threads_per_task is not None:
        _validation.at_least_one("threads_per_task", threads_per_task)
    function = pack(work.function)
    warn_of_generators(function.generators)
    with (
        work.make_worker() as worker,
        closing(Pool(function, size, threads_per_task, on_lost_item)) as pool,
    ):
        pool.start()
        children = _Children(work, worker, pool, size)
        with jobs.followed_by(children):
            children.dispatcher.run(work.look)
    dispatcher = children.dispatcher
    return worker.stopping and not (dispatcher.limited or dispatcher.was_left)


class _Children:
    """The children of one `Run.work`, as many as are wanted.

    Args:
        work: the work.
        worker: claims the tasks.
        pool: computes them.
        size: how many at first.
    """

    def __init__(self, work: Work, worker: Worker, pool: Pool, size: int) -> None:
        self._num_tasks = work.num_tasks
        self._pool = pool
        self.dispatcher = Dispatcher(
            worker, size, self._perform, interrupt=pool.interrupt, linger_s=work.linger_s
        )

    def resize(self, size: int) -> None:
        """Compute so many tasks at a time from now on."""
        size = min(size, self._num_tasks)
        if size:
            self._pool.share_cpus(size)
        self.dispatcher.resize(size)

    def leave(self) -> None:
        """Claim no more tasks."""
        self.dispatcher.leave()

    def _perform(self, task: Task, slot: int) -> Outcome:
        outcome = self._pool.perform(task, slot)
        if self.dispatcher.closes(slot):
            # Its memory may be why there are to be fewer.
            self._pool.end_child(slot)
        return outcome
