"""A run of a taskfarm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

import attrs

from taskfarm_sdk._flows import runs
from taskfarm_sdk._protocol.operations import RunRow
from taskfarm_sdk._session.link import Link

# Imported where they are used: most commands and programs need few of them.
if TYPE_CHECKING:
    from concurrent.futures import Executor

    from taskfarm_sdk._models import RunStatus, TaskInfo, TaskState
    from taskfarm_sdk._worker.options import WorkerOptions
    from taskfarm_sdk.task import Task
    from taskfarm_sdk.worker import Worker

__all__ = ["Run"]


@attrs.frozen
class Run:
    """A run: plain data, and methods that ask the server. `Farm` makes them.

    Methods that send requests raise `RunNotFound` if the run was deleted, and what those of `Farm`
    raise. A wrong argument raises `ConfigurationError`, and nothing is sent.

    Attributes:
        uuid: what the server and the command line know it by, 32 hex digits.
        id: its number on the server.
        num_tasks: how many tasks it has; 0 for an odd run that another client made with something
            that is not a number of tasks. Such a run can be seen and deleted, not worked on.
        num_tasks_text: what the server holds for the number of tasks, as text.
    """

    _link: Link = attrs.field(repr=False, eq=False)
    uuid: str
    id: int
    num_tasks: int
    num_tasks_text: str = attrs.field(repr=False)

    def status(self) -> RunStatus:
        """Ask how the run stands."""
        return self._link.drive(runs.status(self._link.session, self.uuid))

    def watch(self, poll_s: float = 2.0, *, timeout_s: float | None = None) -> Iterator[RunStatus]:
        """Yield how the run stands, now and after every `poll_s`, until it is finished.

        An outage of the server, once the first answer is there, is sat out, however long. Where
        a request takes long, the pauses grow, to 19 times as long as it.

        Args:
            poll_s: seconds between two looks, more than 0.
            timeout_s: how long to watch at most, 0 or more seconds; None watches for ever.

        Raises:
            WaitTimeout: the time is over; its `run_status` says how the run stood last.
        """
        from taskfarm_sdk._flows import waiting

        session = self._link.session
        return self._link.stream(waiting.watch(session, self.uuid, poll_s, timeout_s))

    def wait(
        self, timeout_s: float | None = None, *, poll_s: float = 2.0, check: bool = False
    ) -> RunStatus:
        """Wait until the run is finished, and return how it ended.

        Args:
            timeout_s: how long to wait at most, 0 or more seconds; None waits for ever and sits
                out an outage of any length.
            poll_s: seconds between two looks, more than 0.
            check: raise if tasks failed, as `subprocess.run` would.

        Raises:
            WaitTimeout: the time is over; its `run_status` says how the run stood last.
            TasksFailed: `check`, and some tasks failed; its `tasks` names them, and its
                `failures` say why, as far as this process saw it.
        """
        from taskfarm_sdk._flows import waiting

        session = self._link.session
        flow = waiting.wait(session, self.uuid, poll_s, timeout_s, check=check)
        return self._link.drive(flow)

    def task_info(self, number: int) -> TaskInfo:
        """Ask how one task stands; claims nothing, and never makes the task.

        Args:
            number: 0 to num_tasks - 1.
        """
        from taskfarm_sdk._flows import tasks

        session = self._link.session
        return self._link.drive(tasks.info(session, self.uuid, self.num_tasks, number))

    def task_infos(self, state: TaskState | None = None) -> Iterator[TaskInfo]:
        """Yield how the tasks stand, by number, with one request for each that exists.

        They are read some 32 at a time, with up to 8 requests under way; no task is ever made.

        Args:
            state: only the tasks in this state: "waiting", "computing", "done" or "failed".
        """
        from taskfarm_sdk._flows import tasks

        session = self._link.session
        return self._link.stream(tasks.infos(session, self.uuid, self.num_tasks, state))

    def reset(self) -> None:
        """Set all computing tasks waiting, those of live workers too; finished work stays.

        Also queues what was called done under 100 %, failed tasks among it. Tasks stuck computing
        at 100 % or at no number at all, which the server's own restart passes over, are looked
        for, twice 2 s apart, and start from 0.

        Raises:
            OutcomeUnknown: the reply to the restart was lost; resetting again does no harm.
        """
        from taskfarm_sdk._flows import resetting

        self._link.drive(resetting.reset(self._link.session, self.uuid, self.num_tasks))

    def reset_all(self) -> None:
        """Set every task waiting at 0 %, the finished ones too.

        Raises:
            OutcomeUnknown: the reply was lost; see `status()`.
        """
        self._link.drive(runs.restart(self._link.session, self.uuid, everything=True))

    def reset_failed(self) -> int:
        """Set the tasks that failed waiting, from 0 % and with no attempts; no other is touched.

        Returns:
            How many there were.
        """
        from taskfarm_sdk._flows import resetting

        return self._link.drive(resetting.reset_failed(self._link.session, self.uuid))

    def reset_tasks(self, numbers: Iterable[int]) -> int:
        """Set these tasks waiting, from 0 % and with no attempts, whatever they are at.

        Finished ones are computed again. One that a live worker computes may be computed twice.

        Args:
            numbers: 0 to num_tasks - 1, in any order; all are checked before anything is sent.

        Returns:
            How many were set waiting: those that waited from 0 already are not counted.
        """
        from taskfarm_sdk._flows import resetting

        session = self._link.session
        flow = resetting.reset_tasks(session, self.uuid, self.num_tasks, numbers)
        return self._link.drive(flow)

    def repair(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Mend a broken run: make the tasks that are missing, so that it is handed out again.

        It is broken when workers raise `RunBroken`: another client read or wrote a task before
        its turn. A run that is not broken is refused, and stays as it is. Stop all workers first,
        and let one program alone mend it. Two that begin within a minute of each other are kept
        apart, and so are later ones that see tasks being made; beyond that nothing does.

        Takes one request for each task, one after the other. If it is broken off, let workers
        compute what waits then, and call it again when they find the run broken once more.

        Args:
            progress: called after each task with how many were seen to, and with num_tasks.

        Returns:
            How many tasks were missing.

        Raises:
            RunBroken: the run has more rows than tasks, before or afterwards, which nothing mends.
            OutcomeUnknown: the reply to a hand-out, asked for to see whether the run is sound, was
                lost; a task may compute with nobody now.
            TaskfarmError: the run is not broken, or somebody else is mending it.
        """
        from taskfarm_sdk._flows import repair

        session = self._link.session
        return self._link.drive(repair.repair(session, self.uuid, self.num_tasks, progress))

    def delete(self) -> None:
        """Delete the run and its tasks from the server."""
        self._link.drive(runs.delete(self._link.session, self.uuid))

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
            prefetch: 1 takes the next task and sends completions in the background while
                iterating, which hides a slow network from short tasks; 0 does one after the other.
                While tasks last longer than `first_beat_s` nothing is taken ahead.
            report_every_s: how often, at most, a task's progress is sent, and how long after its
                hand-out at the earliest.
            first_beat_s: after how long a task in hand gets its first sign of life, at most 30 s.
            heartbeat_s: how often it gets one then, at most 30 s, which others count on.
            max_attempts: after how many counted attempts a task has failed for good, 1 to 98.
                Ones whose worker was lost count, and so do hand-outs whose reply was lost on the
                way, which look the same: on a bad network allow more.
            retry_delay_s: how long a failed task is held back before anyone can try it again,
                while others wait.
            halt_after: after how many tasks in a row that failed, each for the first time in this
                worker, the worker stops; repeats of failed tasks do not count.
            linger: stay while others compute, though nothing waits, and take back what they lost:
                so a run finishes as long as one worker lives.
            stale_after_s: for how long a task shows no sign of life before it counts as lost, at
                least 3 times `heartbeat_s`. Its attempt is counted.
            unleased_after_s: the same for a task that never showed one: another client's, or one
                lost in its first seconds. "auto" is 1200 s until this worker has finished a task,
                then 10 times its longest one, at least `stale_after_s` and at most 1 h.
                "stale_after_s" is for runs that only workers of this SDK work on: the same as
                `stale_after_s`, until a percentage of another client is seen in the run. What a
                killed process of this host and boot held is taken back at once.
            grace_s: in `with worker:` on the main thread, SIGTERM, SIGINT and SIGUSR1 give open
                tasks back, uncounted, and end the process with 128 + the signal's number; so long
                after the signal, for functions that look at `task.stop_requested`. So do SIGHUP,
                SIGUSR2 and SIGXCPU where they would end the process. While C code runs no handler
                can; then a thread gives them back, and ends the process a second later.
            give_up_after_s: how long each of its requests is tried while the server is away.
            journal: a folder for lines of JSON that tell what became of each attempt, in one file
                for each host and process; docs/reference/journal.md says what they hold.
            fleet_size: how many workers of the run start at about this moment, on all machines:
                its first claim waits for a random time of up to 0.02 s for each other one, 5 s at
                most, so that they do not all ask at once.

        Raises:
            ConfigurationError: an argument is wrong, the run is an odd one, or the journal cannot
                be written.
        """
        from taskfarm_sdk._worker.options import WorkerOptions

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
        return self._worker(options)

    def _worker(self, options: WorkerOptions) -> Worker:
        from taskfarm_sdk._worker.core import WorkerCore
        from taskfarm_sdk.worker import Worker

        return Worker(WorkerCore(self._link, self.uuid, self.num_tasks, options))

    def work(
        self,
        function: Callable[[Task], object],
        *,
        workers: int | None = None,
        executor: Executor | None = None,
        threads_per_task: int | None = None,
        progress: Callable[[RunStatus], None] | None = None,
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

        This process talks to the server, and child processes of its own compute. Functions of
        scripts and notebooks and closures travel too, and the main module is not run again. A
        task is completed when the function returns, and fails an attempt when it raises, whatever
        that is, or its process is killed. What the function does to the task (`update`, `fail`,
        `release`) happens here, the last two once it has returned. While tasks take less than
        `first_beat_s`, the next one is handed out, and the last one completed, while one is
        computed. Ctrl-C and, on the main thread, SIGTERM and SIGUSR1 end the children, and then
        give their tasks back.

        The children's `__main__` holds the script's functions and classes. Their log records reach
        this process's loggers. At the end they have 5 s for threads and exit handlers. Random
        generators that the function holds travel by value: use `Task.seed`.

        With an executor, loops run in it that each take tasks with a worker of their own; those in
        one process share one. The function travels in the same way, but for threads, and the farm
        with its token. A loop that is lost with its process costs what that computed an attempt.

        When the work is to end before its time, no loop claims anything more. Processes of a
        ProcessPoolExecutor get a SIGTERM, and give their tasks back. What threads and the ranks of
        an MPIPoolExecutor compute is waited for; a second Ctrl-C gives back what threads compute.
        A Dask cluster's workers finish it while this process goes on, or give it back when they
        are closed themselves.

        Args:
            function: called with one task at a time; what it returns is ignored. An `async def`
                or generator function is refused, for calling it runs nothing.
            workers: how many compute at a time: by default SLURM_CPUS_PER_TASK or as many as there
                are CPUs for this process; with an executor, how many loops, by default as many as
                it can run at a time: Python's own, Dask's and mpi4py's tell that, others need the
                number.
            executor: where to compute in place of child processes: an executor of
                `concurrent.futures`, mpi4py's MPIPoolExecutor, a Dask client's `get_executor()`.
            threads_per_task: how many threads NumPy and the like use in each child process, by
                OMP_NUM_THREADS and its kin; by default the CPUs shared by `workers`, but for
                variables that are set already. Not with an executor.
            progress: called in this thread with how the run stands, about every 2 s and at the
                end.
            linger: stay while others compute, and take back what they lost.
            linger_s: for how long at most to stay with nothing to do while others compute.
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
            How the run stood at the end: finished, unless others still compute.

        Raises:
            ConfigurationError: an argument is wrong, or the function cannot travel, or nothing
                would ever run in the executor; nothing was claimed.
            TasksFailed: `check`, and some tasks failed; its `tasks` names them, its `failures` say
                why, and its `__cause__` is the newest exception of the function.
            TooManyFailures: `check`, and `halt_after` ended the work; it tells why in the same way.
            TaskfarmError: no child process can compute, or the executor broke, or lost loops of
                this work, so that the run is not finished.
        """
        from pathlib import Path

        from taskfarm_sdk._worker.options import WorkerOptions
        from taskfarm_sdk.execution import work as working
        from taskfarm_sdk.execution.executors import submit

        submit.refuse_threads(executor, threads_per_task)
        engine = None if executor is None else submit.engine_of(executor, workers, grace_s)
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
            # Elsewhere another folder may be the current one.
            journal=None if journal is None else Path(journal).absolute(),
            # Children share one worker, and so do threads.
            fleet_size=1 if engine is None or engine.is_here else engine.loops,
        )
        make_worker = partial(self._worker, options)
        work = working.Work(
            self._link, self.uuid, self.num_tasks, function, make_worker, progress, linger_s
        )
        if engine is None:
            halted = working.by_children(work, workers, threads_per_task)
        else:
            halted = submit.by_executor(work, engine)
        return work.end(halted=halted, check=check)


def run_of(link: Link, row: RunRow) -> Run:
    """Return the run of a row that was asked for over a link."""
    return Run(link, row.uuid, row.id, row.num_tasks, str(row.held))
