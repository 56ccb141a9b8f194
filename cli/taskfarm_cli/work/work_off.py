"""Compute tasks of a run on this machine."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.text import counted
from taskfarm_cli.work import jobs_file, manifest, resume, time_limit
from taskfarm_cli.work.after import Awaited
from taskfarm_cli.work.commands.chunk import ChunkRunner
from taskfarm_cli.work.commands.failure_text import place_of_outputs
from taskfarm_cli.work.commands.joblog import JobLog
from taskfarm_cli.work.commands.kept import Log, Results
from taskfarm_cli.work.commands.output import Passing
from taskfarm_cli.work.commands.runner import CommandRunner
from taskfarm_cli.work.commands.slots import slots_for
from taskfarm_cli.work.jobs_file import JobsFile
from taskfarm_cli.work.paused import PausedRun
from taskfarm_cli.work.reopening import Reopening
from taskfarm_cli.work.slurm import job_environment
from taskfarm_cli.work.status_line import StatusLine
from taskfarm_cli.work.verdict import verdict
from taskfarm_sdk.execution.parts import Deadline, Dispatcher, Jobs, worker_of_chunks

if TYPE_CHECKING:
    from taskfarm_cli.work.commands.output import Sink
    from taskfarm_cli.work.plan import Options, Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.verdict import Ended
    from taskfarm_sdk import Run, Worker

LOOK_EVERY_S = 0.2
# The exit statuses after the signals with which a batch system asks a job to end.
ASKED = tuple(
    ExitStatus.of_signal(getattr(signal, name))
    for name in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGUSR2", "SIGXCPU")
)


def work_off(
    plan: Plan,
    run: Run,
    screen: Screen,
    *,
    before: Awaited = Awaited(),  # noqa: B008 - frozen
    ended: Ended | None = None,
) -> ExitStatus:
    """Work until no task is left for this worker; return the exit status of workTF.

    Args:
        plan: the plan for the run.
        run: the run.
        screen: shows the messages.
        before: the runs that are waited for first.
        ended: called if the run is finished in the end.

    Raises:
        CommandError: the exit status is not 0.
    """
    try:
        return _work_off(plan, run, screen, before, ended)
    except CommandError as planned:
        if not plan.options.batch or planned.status != ExitStatus.NOT_FINISHED:
            raise
        screen.say(str(planned))
    except (SystemExit, KeyboardInterrupt) as asked:
        if not was_asked_to_end(asked):
            raise
        if not plan.options.batch:
            resume.tell(plan, run, screen)
            raise
        screen.say("asked to end; running tasks were released")
    return ExitStatus.OK


def was_asked_to_end(error: BaseException) -> bool:
    """Return whether an exception ends the process because a signal asked for that."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, SystemExit) and error.code in ASKED
    )


def _work_off(
    plan: Plan, run: Run, screen: Screen, before: Awaited, ended: Ended | None
) -> ExitStatus:
    options = plan.options
    in_chunks, chunks = plan.chunk > 1, plan.chunks(run.num_tasks)
    end = time_limit.end(options, screen)
    # Ctrl-C is handled above, where it is while tasks run.
    with resume.told_after(plan, run, screen, CommandError):
        before.wait(screen, end)
    reopening = Reopening.of(plan, run, screen)
    if reopening is not None:
        reopening.open_again(failed=options.retry_failed)
    while True:
        with ExitStack() as undo:
            crew = _crew(undo, plan, run, screen, reopening, Deadline(end.at, in_parts=in_chunks))
            _see_it_done(end, crew.dispatcher, StatusLine(run, crew.dispatcher, screen, chunks))
        if not crew.saw_the_end or reopening is None or not reopening.open_cut_short():
            break
    return verdict(
        run,
        screen,
        limited=crew.dispatcher.limited,
        halted=crew.worker.stopping and not crew.dispatcher.was_left,
        baseurl=options.baseurl,
        place=place_of_outputs(options, in_chunks=in_chunks),
        chunks=chunks,
        kept_in=options.kept_in,
        retry_failed=options.retry_failed,
        check_whole=None if reopening is None else reopening.check_whole,
        ended=ended,
    )


class _Crew(NamedTuple):
    """Those who work: the worker claims, the dispatcher has commands run in its slots."""

    worker: Worker
    dispatcher: Dispatcher

    @property
    def saw_the_end(self) -> bool:
        """Whether they stopped because no task was left, and for no other reason."""
        return not (self.worker.stopping or self.dispatcher.limited)


def _crew(
    undo: ExitStack,
    plan: Plan,
    run: Run,
    screen: Screen,
    reopening: Reopening | None,
    deadline: Deadline,
) -> _Crew:
    """Return the crew, whose number follows the file of jobs; `undo` takes what is to be closed."""
    options = plan.options
    file, jobs = first_jobs(options, screen)
    slots = slots_for(max(1, min(jobs.number, run.num_tasks)), screen.say)
    sink = undo.enter_context(closing(_sink(options, screen)))
    runner = CommandRunner(
        plan,
        run.num_tasks,
        sink=sink,
        joblog=undo.enter_context(_joblog(options)),
        folder=Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="taskfarm-"))),
        say=screen.say,
        open_files=slots.open_files,
        jobs=slots.number,
    )
    perform = runner.perform
    if plan.chunk > 1:
        known = None if reopening is None else reopening.known
        perform = ChunkRunner(
            runner, plan, run.num_tasks, sink=sink, open_items=known, deadline=deadline
        ).perform
    worker = undo.enter_context(_worker(plan, run))
    dispatcher = Dispatcher(
        worker,
        min(jobs.number, slots.number),
        perform,
        interrupt=runner.interrupt,
        max_tasks=options.max_tasks,
        linger_s=options.linger_s,
        deadline=deadline,
    )
    resizing = _Resizing(dispatcher, runner, jobs.number, run.num_tasks, screen)
    undo.enter_context(jobs.followed_by(resizing))
    paused = PausedRun(run, jobs).look
    undo.enter_context(jobs_file.followed(file, jobs, screen.say, paused=paused))
    return _Crew(worker, dispatcher)


class _Resizing:
    """Changes how many commands run at a time, with all that depends on it.

    Args:
        dispatcher: keeps the slots busy.
        runner: runs the commands.
        jobs: how many there are wanted to be at first.
        most: how many there can be at most.
        screen: shows a message if this machine allows fewer.
    """

    def __init__(
        self, dispatcher: Dispatcher, runner: CommandRunner, jobs: int, most: int, screen: Screen
    ) -> None:
        self._dispatcher = dispatcher
        self._runner = runner
        self._jobs = jobs
        self._most = most
        self._say = screen.say

    def resize(self, size: int) -> None:
        """Run so many commands at a time from now on."""
        if size == self._jobs:
            return
        self._jobs = size
        if size:
            slots = slots_for(min(size, self._most), self._say)
            self._runner.resize(slots.number, slots.open_files)
            size = slots.number
        self._dispatcher.resize(size)

    def leave(self) -> None:
        """Claim no more tasks."""
        self._dispatcher.leave()


def _see_it_done(end: time_limit.End, dispatcher: Dispatcher, status_line: StatusLine) -> None:
    """Run the dispatcher and show the status line, until the work or the time is over."""

    def tick() -> None:
        status_line.show()
        if time.monotonic() >= end.at:
            dispatcher.abort(end.error())

    dispatcher.run(
        tick, min(status_line.every_s, LOOK_EVERY_S) if end.is_known else status_line.every_s
    )


def first_jobs(options: Options, screen: Screen) -> tuple[JobsFile | None, Jobs]:
    """Return the file of `--jobs-file`, if there is one, and how many jobs there are at first."""
    if options.jobs_file is None:
        return None, Jobs(_jobs(options, screen))
    file = JobsFile(options.jobs_file, screen.say)
    return file, Jobs(file.first(lambda: _jobs(options, screen)))


def _jobs(options: Options, screen: Screen) -> int:
    if options.jobs is not None:
        return options.jobs
    from taskfarm_sdk.execution.parts import usable_cpus

    jobs = usable_cpus()
    screen.say(f"{counted(jobs, 'job')} at a time, one for each CPU; -j sets another number")
    return jobs


def _sink(options: Options, screen: Screen) -> Sink:
    try:
        if options.results is not None:
            return Results(options.results)
        if options.log is not None:
            return Log(options.log)
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename}: {error.strerror}") from error
    return Passing(screen, tag=options.tag, line_buffer=options.line_buffer)


def _joblog(options: Options) -> AbstractContextManager[JobLog | None]:
    return nullcontext() if options.joblog is None else closing(JobLog(options.joblog))


def _worker(plan: Plan, run: Run) -> Worker:
    options = plan.options
    worker = run.worker(
        max_attempts=options.max_attempts,
        retry_delay_s=options.retry_delay_s,
        halt_after=options.halt_after,
        linger=options.linger,
        unleased_after_s=manifest.unleased_after_s(run, options.unleased_after_s),
        journal=options.journal,
        fleet_size=job_environment.fleet_size(),
    )
    return worker_of_chunks(worker) if plan.chunk > 1 else worker
