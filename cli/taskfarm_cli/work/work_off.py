"""Compute tasks of a run on this machine."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.text import counted
from taskfarm_cli.work import manifest, resume, time_limit
from taskfarm_cli.work.commands.chunk import ChunkRunner
from taskfarm_cli.work.commands.failure_text import place_of_outputs
from taskfarm_cli.work.commands.joblog import JobLog
from taskfarm_cli.work.commands.kept import Log, Results
from taskfarm_cli.work.commands.output import Passing
from taskfarm_cli.work.commands.runner import CommandRunner
from taskfarm_cli.work.commands.slots import slots_for
from taskfarm_cli.work.reopening import Reopening
from taskfarm_cli.work.slurm import job_environment
from taskfarm_cli.work.status_line import StatusLine
from taskfarm_cli.work.verdict import verdict
from taskfarm_sdk.execution import Deadline, Dispatcher, worker_of_chunks

if TYPE_CHECKING:
    from taskfarm_cli.work.commands.output import Sink
    from taskfarm_cli.work.plan import Options, Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, Worker

LOOK_EVERY_S = 0.2
# The exit statuses after the signals with which a batch system asks a job to end.
ASKED = tuple(
    ExitStatus.of_signal(getattr(signal, name))
    for name in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGUSR2", "SIGXCPU")
)


def work_off(plan: Plan, run: Run, screen: Screen) -> ExitStatus:
    """Work until no task is left for this worker; return the exit status of workTF.

    Raises:
        CommandError: the exit status is not 0.
    """
    try:
        return _work_off(plan, run, screen)
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


def _work_off(plan: Plan, run: Run, screen: Screen) -> ExitStatus:
    options = plan.options
    in_chunks, chunks = plan.chunk > 1, plan.chunks(run.num_tasks)
    end = time_limit.end(options, screen)
    reopening = Reopening.of(plan, run, screen)
    if reopening is not None:
        reopening.open_again(failed=options.retry_failed)
    with ExitStack() as undo:
        slots = slots_for(min(_jobs(options, screen), run.num_tasks), screen.say)
        sink = undo.enter_context(closing(_sink(options, slots.number, screen)))
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
        deadline = Deadline(end.at, in_parts=in_chunks)
        perform = runner.perform
        if in_chunks:
            known = None if reopening is None else reopening.known
            perform = ChunkRunner(
                runner, plan, run.num_tasks, sink=sink, open_items=known, deadline=deadline
            ).perform
        worker = undo.enter_context(_worker(plan, run))
        dispatcher = Dispatcher(
            worker,
            slots.number,
            perform,
            interrupt=runner.interrupt,
            max_tasks=options.max_tasks,
            linger_s=options.linger_s,
            deadline=deadline,
        )
        _see_it_done(end, dispatcher, StatusLine(run, dispatcher, screen, chunks))
    return verdict(
        run,
        screen,
        limited=dispatcher.limited,
        halted=worker.stopping,
        baseurl=options.baseurl,
        place=place_of_outputs(options, in_chunks=in_chunks),
        chunks=chunks,
        kept_in=options.kept_in,
        check_whole=None if reopening is None else reopening.check_whole,
    )


def _see_it_done(end: time_limit.End, dispatcher: Dispatcher, status_line: StatusLine) -> None:
    """Run the dispatcher and show the status line, until the work or the time is over."""

    def tick() -> None:
        status_line.show()
        if time.monotonic() >= end.at:
            dispatcher.abort(end.error())

    dispatcher.run(
        tick, min(status_line.every_s, LOOK_EVERY_S) if end.is_known else status_line.every_s
    )


def _jobs(options: Options, screen: Screen) -> int:
    if options.jobs is not None:
        return options.jobs
    from taskfarm_sdk.execution import usable_cpus

    jobs = usable_cpus()
    screen.say(f"{counted(jobs, 'job')} at a time, one for each CPU; -j sets another number")
    return jobs


def _sink(options: Options, jobs: int, screen: Screen) -> Sink:
    try:
        if options.results is not None:
            return Results(options.results)
        if options.log is not None:
            return Log(options.log, jobs)
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename}: {error.strerror}") from error
    return Passing(screen, jobs, tag=options.tag, line_buffer=options.line_buffer)


def _joblog(options: Options) -> AbstractContextManager[JobLog | None]:
    return nullcontext() if options.joblog is None else closing(JobLog(options.joblog))


def _worker(plan: Plan, run: Run) -> Worker:
    options = plan.options
    worker = run.worker(
        max_attempts=options.max_attempts,
        halt_after=options.halt_after,
        linger=options.linger,
        unleased_after_s=manifest.unleased_after_s(run, options.unleased_after_s),
        journal=options.journal,
        fleet_size=job_environment.fleet_size(),
    )
    return worker_of_chunks(worker) if plan.chunk > 1 else worker
