"""The way from the options of `Run.work` to the work: in child processes or in an executor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import attrs

from taskfarm_sdk._models import RunStatus
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._worker.options import WorkerOptions
from taskfarm_sdk.execution import work as working
from taskfarm_sdk.execution.executors import submit
from taskfarm_sdk.execution.executors.engines import Engine
from taskfarm_sdk.execution.function import Function
from taskfarm_sdk.execution.jobs import Jobs
from taskfarm_sdk.execution.work import OnLostItem, Work
from taskfarm_sdk.worker import worker_of


@attrs.frozen(kw_only=True)
class Place:
    """Where a function is called with tasks.

    Attributes:
        workers: how many tasks at a time; None for as many as the place can compute.
        executor: the caller's; None for child processes.
        threads_per_task: how many threads libraries use in each child process.
        on_lost_item: see `Pool`.
        jobs: how many tasks at a time in child processes, in place of `workers`, where that
            changes.
    """

    workers: int | None = None
    executor: Executor | None = None
    threads_per_task: int | None = None
    on_lost_item: OnLostItem | None = None
    jobs: Jobs | None = None

    def engine(self, grace_s: float) -> Engine | None:
        """Return the engine of the executor; None for child processes.

        Raises:
            ConfigurationError: the executor would never run a loop, or an option is wrong.
        """
        submit.refuse_threads(self.executor, self.threads_per_task)
        if self.executor is None:
            return None
        return submit.engine_of(self.executor, self.workers, grace_s)


@attrs.frozen(kw_only=True)
class Request:
    """Work on a run that a caller asks for; `Run.work` documents the fields.

    Attributes:
        link: the connections.
        uuid: the run's.
        num_tasks: how many tasks the run has.
        function: called with each task.
        tell: called with the run's status; None for no call.
        linger_s: how long at most to stay without a task; None for as long as it takes.
    """

    link: Link
    uuid: str
    num_tasks: int
    function: Function
    tell: Callable[[RunStatus], None] | None
    linger_s: float | None


def work_off(request: Request, options: WorkerOptions, place: Place, *, check: bool) -> RunStatus:
    """Work on a run until no task is left for this process, and return the run's status.

    Args:
        request: what is asked for.
        options: of its workers.
        place: where to compute.
        check: whether to raise an error if tasks failed.

    Raises:
        TaskfarmError: see `Run.work`.
    """
    work, halted = compute(request, options, place)
    return work.end(halted=halted, check=check)


def compute(request: Request, options: WorkerOptions, place: Place) -> tuple[Work, bool]:
    """Compute until no task is left for this process.

    Args:
        request: what is asked for.
        options: of its workers.
        place: where to compute.

    Returns:
        The work, and whether it stopped early, after too many failures in a row.

    Raises:
        TaskfarmError: see `Run.work`.
    """
    engine = place.engine(options.grace_s)
    make_worker = partial(
        worker_of, request.link, request.uuid, request.num_tasks, _shared(options, engine)
    )
    work = Work(
        request.link,
        request.uuid,
        request.num_tasks,
        request.function,
        make_worker,
        request.tell,
        request.linger_s,
    )
    if engine is not None:
        return work, submit.by_executor(work, engine)
    halted = working.by_children(
        work, place.workers, place.threads_per_task, place.on_lost_item, place.jobs
    )
    return work, halted


def _shared(options: WorkerOptions, engine: Engine | None) -> WorkerOptions:
    """Return the options of workers that several slots or loops share."""
    return attrs.evolve(
        options,
        # Other processes may have another current folder.
        journal=None if options.journal is None else Path(options.journal).absolute(),
        # Children share one worker, and so do threads.
        fleet_size=1 if engine is None or engine.is_here else engine.loops,
    )
