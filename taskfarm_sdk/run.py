"""A run of a taskfarm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

import attrs

from taskfarm_sdk._protocol.operations import RunRow
from taskfarm_sdk._run_requests import RunRequests
from taskfarm_sdk._session.link import Link
from taskfarm_sdk.hidden import shown_half_made

# Imported where they are used: most commands and programs need few of them.
if TYPE_CHECKING:
    from concurrent.futures import Executor

    from taskfarm_sdk._models import RunStatus
    from taskfarm_sdk.task import Task
    from taskfarm_sdk.worker import Worker

__all__ = ["Run"]


@shown_half_made
@attrs.frozen
class Run(RunRequests):
    """A run: plain data, and methods that send requests to the server. `Farm` makes them.

    Methods that send requests raise `RunNotFound` if the run was deleted, and what those of `Farm`
    raise. A wrong argument raises `ConfigurationError`, and nothing is sent.

    Attributes:
        uuid: identifies the run on the server and the command line, 32 hex digits.
        id: the run's number on the server.
        num_tasks: how many tasks the run has; 0 for an odd run that another client made with an
            invalid number of tasks. Such a run can be seen and deleted, not worked on.
        num_tasks_text: the number of tasks as the server stores it, as text. Another client may
            have stored any text there, with line ends and control characters.
    """

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what is known without a request."""
        from taskfarm_sdk import _html

        return _html.of_run(self.uuid, self.id, self.num_tasks_text, self._link.session.url)

    def worker(
        self,
        *,
        prefetch: int = 0,
        report_every_s: float = 1.0,
        first_beat_s: float = 2.0,
        heartbeat_s: float = 30.0,
        max_attempts: int = 3,
        retry_delay_s: float = 30.0,
        halt_after: int = 10,
        linger: bool = False,
        stale_after_s: float = 120.0,
        unleased_after_s: float | Literal["auto", "stale_after_s"] = "auto",
        grace_s: float = 0.0,
        give_up_after_s: float = 600.0,
        journal: str | os.PathLike[str] | None = None,
        fleet_size: int = 1,
    ) -> Worker:
        """Make a worker of this run; nothing is sent until it claims its first task.

        Args:
            prefetch: 1 claims the next task and sends completions in the background while
                iterating, so that short tasks do not wait for a slow network; 0 does both in turn.
                While tasks last longer than `first_beat_s` none is claimed ahead.
            report_every_s: how often, at most, a task's progress is sent, and how long after its
                hand-out at the earliest.
            first_beat_s: how long after its hand-out a task gets its first heartbeat, at most 30 s.
            heartbeat_s: seconds between later heartbeats, at most 30, which other workers rely on.
            max_attempts: after how many counted attempts a task has failed for good, 1 to 98.
                Attempts of lost workers count, and so do hand-outs whose reply was lost, which
                look the same: on a bad network allow more.
            retry_delay_s: how long a failed task is held back before anyone can try it again,
                while others wait.
            halt_after: the worker stops after so many tasks in a row failed, each for the first
                time in this worker; repeats of failed tasks do not count.
            linger: stay while other workers compute, though no task waits, and take over tasks
                that they lose: so a run finishes as long as one worker lives.
            stale_after_s: a task counts as lost after so long without a heartbeat, at least 3
                times `heartbeat_s`. Its attempt is counted.
            unleased_after_s: the same for a task that never had a heartbeat: another client's, or
                one lost in its first seconds. "auto" is 1200 s until this worker has finished a
                task, then 10 times its longest one, at least `stale_after_s` and at most 1 h.
                "stale_after_s" is for runs that only workers of this SDK work on: the same as
                `stale_after_s`, until a percentage of another client is seen in the run. Tasks
                of a killed process of this host and boot are taken back at once.
            grace_s: in `with worker:` on the main thread, SIGTERM, SIGINT and SIGUSR1 give open
                tasks back, uncounted, and end the process with 128 + the signal's number; so long
                after the signal, for functions that check `task.stop_requested`. So do SIGHUP,
                SIGUSR2 and SIGXCPU where they would end the process. Python runs no
                handler during C code; then a thread gives them back and ends the process 1 s later.
            give_up_after_s: how long each of its requests is tried while the server is away.
            journal: a folder for one line of JSON for each attempt, in one file for each host and
                process; docs/reference/journal.md describes the fields.
            fleet_size: how many workers of the run start at about this moment, on all machines:
                the first claim waits for a random time of up to 0.02 s for each other worker, at
                most 5 s, so that they do not all claim at once.

        Raises:
            ConfigurationError: an argument is wrong, the run is an odd one, or the journal cannot
                be written.
        """
        from taskfarm_sdk._worker.options import WorkerOptions
        from taskfarm_sdk.worker import worker_of

        options = WorkerOptions(
            prefetch=prefetch,
            report_every_s=report_every_s,
            first_beat_s=first_beat_s,
            heartbeat_s=heartbeat_s,
            max_attempts=max_attempts,
            retry_delay_s=retry_delay_s,
            halt_after=halt_after,
            linger=linger,
            stale_after_s=stale_after_s,
            unleased_after_s=unleased_after_s,
            grace_s=grace_s,
            give_up_after_s=give_up_after_s,
            journal=journal,
            fleet_size=fleet_size,
        )
        return worker_of(self._link, self.uuid, self.num_tasks, options)

    def work(
        self,
        function: Callable[[Task], object],
        *,
        workers: int | None = None,
        executor: Executor | None = None,
        threads_per_task: int | None = None,
        progress: bool | Callable[[RunStatus], None] | None = None,
        linger: bool = True,
        linger_s: float | None = None,
        check: bool = True,
        report_every_s: float = 1.0,
        first_beat_s: float = 2.0,
        heartbeat_s: float = 30.0,
        max_attempts: int = 3,
        retry_delay_s: float = 30.0,
        halt_after: int = 10,
        stale_after_s: float = 120.0,
        unleased_after_s: float | Literal["auto", "stale_after_s"] = "auto",
        grace_s: float = 0.0,
        give_up_after_s: float = 600.0,
        journal: str | os.PathLike[str] | None = None,
    ) -> RunStatus:
        """Call a function with each task, in several processes, until the run is finished.

        ```python
        def compute(task: Task) -> None:
            ...


        run.work(compute)
        ```

        This process talks to the server, and its child processes compute. Closures and functions
        of scripts and notebooks can be used, and the main module is not run again. A task is
        completed when the function returns; the attempt fails when the function raises any
        exception or its process is killed. `update`, `fail` and `release` of the task take effect
        in this process, the last two once the function has returned. While tasks take less than
        `first_beat_s`, this process claims the next task and completes the last one while one is
        computed. Ctrl-C and, on the main thread, SIGTERM and SIGUSR1 end the children, and then
        give their tasks back.

        The children's `__main__` holds the script's functions and classes. Their log records reach
        this process's loggers. At the end they have 5 s for threads and exit handlers. Random
        generators that the function holds are copied to each child: use `Task.seed` instead.

        In an executor, `work` runs loops that claim tasks; the loops of one process share a
        worker. The function and the farm with its token are sent to the executor's processes, but
        not to threads. If a process is lost, the tasks that it computed lose an attempt.

        When the work ends early, no loop claims another task. Processes of a ProcessPoolExecutor
        get a SIGTERM, and give their tasks back. `work` waits for the tasks that threads and the
        ranks of an MPIPoolExecutor compute; a second Ctrl-C gives back those of threads. Dask
        workers finish their tasks while this process goes on, or give them back when they are
        closed themselves.

        Args:
            function: called with one task at a time; its return value is ignored. An `async def`
                or generator function is refused, because calling it runs nothing.
            workers: how many tasks to compute at a time: by default SLURM_CPUS_PER_TASK or the
                number of CPUs that this process can use; with an executor, the number of loops, by
                default as many as it can run at a time: known for Python's, Dask's and mpi4py's
                executors, required for others.
            executor: where to compute instead of in child processes: an executor of
                `concurrent.futures`, mpi4py's MPIPoolExecutor, a Dask client's `get_executor()`.
            threads_per_task: how many threads NumPy and similar libraries use in each child
                process, set by OMP_NUM_THREADS and the like; by default the CPUs divided by
                `workers`, but for variables that are already set. Not with an executor.
            progress: called in this thread with the run's status, about every 2 s and at the end;
                True draws that: see `watch`.
            linger: stay while other workers compute, and take over tasks that they lose.
            linger_s: how long at most to stay without a task while other workers compute; it begins
                with the server's answer that none waits.
            check: raise if tasks failed, or if `halt_after` ended the work.
            report_every_s: this and the following are as for `worker`.
            first_beat_s: see `worker`.
            heartbeat_s: see `worker`.
            max_attempts: see `worker`.
            retry_delay_s: see `worker`.
            halt_after: see `worker`.
            stale_after_s: see `worker`.
            unleased_after_s: see `worker`.
            grace_s: see `worker`.
            give_up_after_s: see `worker`.
            journal: see `worker`.

        Returns:
            The run's status at the end: finished, unless other workers still compute.

        Raises:
            ConfigurationError: an argument is wrong, the function cannot be sent to another
                process, or the executor would never run a loop; no task was claimed.
            TasksFailed: `check` is set and some tasks failed; its `tasks` names them, its
                `failures` say why, and its `__cause__` is the newest exception of the function.
            TooManyFailures: `check` is set and `halt_after` ended the work; it has the same fields.
            TaskfarmError: no child process can compute, or the executor broke or lost loops of
                this work, and the run is not finished.
        """
        from taskfarm_sdk import _bar, _run_notes, _validation
        from taskfarm_sdk._worker.options import WorkerOptions
        from taskfarm_sdk.execution.work_off import Place, Request, work_off

        _bar.checked(progress)
        _validation.flag("check", check)
        options = WorkerOptions(
            report_every_s=report_every_s,
            first_beat_s=first_beat_s,
            heartbeat_s=heartbeat_s,
            max_attempts=max_attempts,
            retry_delay_s=retry_delay_s,
            halt_after=halt_after,
            linger=linger,
            stale_after_s=stale_after_s,
            unleased_after_s=unleased_after_s,
            grace_s=grace_s,
            give_up_after_s=give_up_after_s,
            journal=journal,
        )
        place = Place(workers=workers, executor=executor, threads_per_task=threads_per_task)
        is_bar = progress is True
        chunks = _run_notes.chunks_of(self.uuid, self.num_tasks) if is_bar else None
        with _bar.telling(progress, chunks) as tell:
            request = Request(
                link=self._link,
                uuid=self.uuid,
                num_tasks=self.num_tasks,
                function=function,
                tell=tell,
                linger_s=linger_s,
            )
            return work_off(request, options, place, check=check)


class _Runs(list[Run]):
    """A list of runs, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the newest, which are the last."""
        from taskfarm_sdk import _html

        return _html.of_runs(len(self), [_cells(run) for run in self[-_html.MOST_ROWS :]])


def _cells(run: Run) -> tuple[object, ...]:
    return run.id, run.uuid, run.num_tasks_text


def runs_of(link: Link, rows: Iterable[RunRow]) -> list[Run]:
    """Return the runs of rows that were read over a link."""
    return _Runs(run_of(link, row) for row in rows)


def run_of(link: Link, row: RunRow) -> Run:
    """Return the run of a row that was read over a link."""
    return Run(link, row.uuid, row.id, row.num_tasks, str(row.held))
