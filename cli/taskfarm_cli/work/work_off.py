"""Works a run off on this machine."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.work import time_limit
from taskfarm_cli.work.commands.joblog import JobLog
from taskfarm_cli.work.commands.output import Log, Passing, Results
from taskfarm_cli.work.commands.runner import CommandRunner, Limits
from taskfarm_cli.work.slurm import job_environment
from taskfarm_cli.work.status_line import StatusLine
from taskfarm_cli.work.verdict import verdict
from taskfarm_sdk.execution import Deadline, Dispatcher

if TYPE_CHECKING:
    from taskfarm_cli.work.command_line.arguments import Arguments
    from taskfarm_cli.work.commands.output import Sink
    from taskfarm_cli.work.commands.template import Template
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, Worker

LOOK_EVERY_S = 0.2
# What a batch system asks by for a job's end, and what workTF ends with then outside one.
ASKED = tuple(
    ExitStatus.of_signal(getattr(signal, name))
    for name in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGUSR2", "SIGXCPU")
)


def work_off(
    arguments: Arguments,
    run: Run,
    template: Template,
    inputs: Sequence[str] | None,
    screen: Screen,
) -> ExitStatus:
    """Work until nothing is left to do here; return what workTF ends with.

    Raises:
        CommandError: it ends with another status than 0.
    """
    if not arguments.batch:
        return _work_off(arguments, run, template, inputs, screen)
    try:
        return _work_off(arguments, run, template, inputs, screen)
    except CommandError as planned:
        if planned.status != ExitStatus.NOT_FINISHED:
            raise
        screen.say(str(planned))
    except (SystemExit, KeyboardInterrupt) as asked:
        if isinstance(asked, SystemExit) and asked.code not in ASKED:
            raise
        screen.say("asked to end; what ran was given back")
    return ExitStatus.OK


def _work_off(
    arguments: Arguments,
    run: Run,
    template: Template,
    inputs: Sequence[str] | None,
    screen: Screen,
) -> ExitStatus:
    end = time_limit.end(arguments, screen)
    with ExitStack() as undo:
        jobs = min(_jobs(arguments, screen), run.num_tasks)
        runner = _runner(
            arguments, undo, (template, inputs), run.num_tasks, _sink(arguments, jobs, screen)
        )
        worker = undo.enter_context(_worker(arguments, run))
        dispatcher = Dispatcher(
            worker,
            jobs,
            runner.perform,
            interrupt=runner.interrupt,
            max_tasks=arguments.max_tasks,
            linger_s=arguments.linger_s,
            deadline=Deadline(end.at),
        )
        _see_it_done(end, dispatcher, StatusLine(run, dispatcher, runner, screen))
    return verdict(run, screen, limited=dispatcher.limited, halted=worker.stopping)


def _runner(
    arguments: Arguments,
    undo: ExitStack,
    work: tuple[Template, Sequence[str] | None],
    num_tasks: int,
    sink: Sink,
) -> CommandRunner:
    undo.callback(sink.close)
    joblog = None
    if arguments.joblog is not None:
        joblog = undo.enter_context(closing(JobLog(arguments.joblog)))
    return CommandRunner(
        *work,
        num_tasks=num_tasks,
        sink=sink,
        joblog=joblog,
        limits=Limits(arguments.timeout_s, arguments.grace_s),
        folder=Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="taskfarm-"))),
    )


def _see_it_done(end: time_limit.End, dispatcher: Dispatcher, status_line: StatusLine) -> None:
    """Show how it goes until all is done, or the time is over."""

    def tick() -> None:
        status_line.show()
        if time.monotonic() >= end.at:
            dispatcher.abort(end.error())

    dispatcher.run(
        tick, min(status_line.every_s, LOOK_EVERY_S) if end.is_known else status_line.every_s
    )


def _jobs(arguments: Arguments, screen: Screen) -> int:
    if arguments.jobs is not None:
        return arguments.jobs
    from taskfarm_sdk.execution import usable_cpus

    jobs = usable_cpus()
    screen.say(f"{jobs} jobs at a time, for the CPUs that are there; -j sets another number")
    return jobs


def _sink(arguments: Arguments, jobs: int, screen: Screen) -> Sink:
    try:
        if arguments.results is not None:
            return Results(arguments.results)
        if arguments.log is not None:
            return Log(arguments.log, jobs)
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename}: {error.strerror}") from error
    return Passing(screen, jobs, tag=arguments.tag, line_buffer=arguments.line_buffer)


def _worker(arguments: Arguments, run: Run) -> Worker:
    return run.worker(
        max_attempts=arguments.max_attempts,
        halt_after=arguments.halt_after,
        linger=arguments.linger,
        journal=arguments.journal,
        fleet_size=job_environment.fleet_size(),
    )
