"""workTF: runs a command for each task of a run, several at a time, until the run is finished."""

from __future__ import annotations

import math
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.guard import guarded
from taskfarm_cli.work import inputs as items
from taskfarm_cli.work.arguments import PROGRAM, Arguments, parse
from taskfarm_cli.work.template import Job, Template

if TYPE_CHECKING:
    from taskfarm_cli.work.bench import Bench
    from taskfarm_cli.work.progress import Standing
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.streams import Sink
    from taskfarm_sdk import Farm, Run, Worker
    from taskfarm_sdk.crew import Crew

LOOK_EVERY_S = 0.2


def main(argv: Sequence[str] | None = None) -> int:
    """Run workTF.

    Args:
        argv: the words after the program's name; None for those of this process.

    Returns:
        The exit status.
    """
    return guarded(PROGRAM, lambda: _work(parse(argv)))


def _work(arguments: Arguments) -> ExitStatus:
    if sys.platform == "win32":
        raise CommandError("workTF needs Linux or macOS: run.work in Python runs here")
    from taskfarm_cli.credentials import open_farm
    from taskfarm_cli.finding import RunName
    from taskfarm_cli.work import manifest
    from taskfarm_cli.work.screen import Screen

    name = None if arguments.uuid is None else RunName(arguments.uuid, whole=True)
    inputs = None if arguments.inputs is None else items.load(arguments.inputs, nul=arguments.nul)
    template = Template(arguments.command, shell=arguments.shell, has_inputs=inputs is not None)
    if arguments.dry_run and name is None:
        return _dry_run(template, inputs, _num_tasks(arguments, inputs))
    _check_program(template)
    screen = Screen(PROGRAM)
    with screen.told(), open_farm(arguments) as farm:
        if name is None:
            run = _create(arguments, farm, inputs, screen)
        else:
            run = name.find(farm)
            manifest.check(run, inputs)
        if arguments.dry_run:
            return _dry_run(template, inputs, run.num_tasks)
        return _work_off(arguments, run, template, inputs, screen)


def _num_tasks(arguments: Arguments, inputs: Sequence[str] | None) -> int:
    return len(inputs) if inputs is not None else arguments.num_tasks or 0


def _dry_run(template: Template, inputs: Sequence[str] | None, num_tasks: int) -> ExitStatus:
    for task in range(num_tasks):
        text = None if inputs is None else inputs[task]
        print(shlex.join(template.fill(Job(task, text, 0))))
    return ExitStatus.OK


def _check_program(template: Template) -> None:
    """Refuse a program that is not there before anything is claimed."""
    from taskfarm_cli.work.bench import cannot_execute

    program = template.program
    if program is None or shutil.which(program) is not None:
        return
    is_there = Path(program).exists() if "/" in program else False
    raise cannot_execute(
        program,
        PermissionError(13, "it is not executable")
        if is_there
        else FileNotFoundError(2, "it is not there"),
    )


def _create(arguments: Arguments, farm: Farm, inputs: Sequence[str] | None, screen: Screen) -> Run:
    from taskfarm_cli.work import manifest

    num_tasks = _num_tasks(arguments, inputs)
    digest = None if inputs is None else items.digest(inputs)
    work = manifest.Work(farm.url, arguments.command, arguments.shell, num_tasks, digest)
    if not arguments.new and (uuid := manifest.unfinished(farm, work)) is not None:
        raise UsageError(
            f"run {uuid} of the same work was made here and is not finished: give its UUID in "
            "place of --create to go on with it, or --new for another one"
        )
    run = farm.create_run(num_tasks)
    screen.say(f"run {run.uuid}: {num_tasks} tasks")
    try:
        manifest.write(run, work)
    except OSError as error:
        screen.say(f"what the run is about is not kept: {error.strerror} ({Path.cwd()})")
    return run


def _work_off(
    arguments: Arguments,
    run: Run,
    template: Template,
    inputs: Sequence[str] | None,
    screen: Screen,
) -> ExitStatus:
    from taskfarm_cli.work.progress import Standing
    from taskfarm_sdk.crew import Crew

    with ExitStack() as undo:
        jobs = min(_jobs(arguments, screen), run.num_tasks)
        bench = _bench(
            arguments, undo, (template, inputs), run.num_tasks, _sink(arguments, jobs, screen)
        )
        worker = undo.enter_context(_worker(arguments, run))
        crew = Crew(
            worker,
            jobs,
            bench.perform,
            interrupt=bench.interrupt,
            max_tasks=arguments.max_tasks,
            linger_s=arguments.linger_s,
        )
        _see_it_done(arguments, crew, Standing(run, crew, bench, screen))
    return _verdict(run, worker, crew, screen)


def _bench(
    arguments: Arguments,
    undo: ExitStack,
    work: tuple[Template, Sequence[str] | None],
    num_tasks: int,
    sink: Sink,
) -> Bench:
    from taskfarm_cli.work.bench import Bench, Limits
    from taskfarm_cli.work.joblog import JobLog

    undo.callback(sink.close)
    joblog = None
    if arguments.joblog is not None:
        joblog = undo.enter_context(closing(JobLog(arguments.joblog)))
    return Bench(
        *work,
        num_tasks=num_tasks,
        sink=sink,
        joblog=joblog,
        limits=Limits(arguments.timeout_s, arguments.grace_s),
        folder=Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="taskfarm-"))),
    )


def _see_it_done(arguments: Arguments, crew: Crew, standing: Standing) -> None:
    """Show how it goes until all is done, or the time asked for is over."""
    stop_after_s = arguments.stop_after_s
    ends_at = math.inf if stop_after_s is None else time.monotonic() + stop_after_s

    def tick() -> None:
        standing.show()
        if time.monotonic() >= ends_at:
            crew.abort(_time_is_over(arguments))

    crew.run(tick, standing.every_s if stop_after_s is None else LOOK_EVERY_S)


def _time_is_over(arguments: Arguments) -> CommandError:
    return CommandError(
        f"ended after {arguments.stop_after_s:g} s as asked; what ran was given back",
        ExitStatus.NOT_FINISHED,
    )


def _jobs(arguments: Arguments, screen: Screen) -> int:
    if arguments.jobs is not None:
        return arguments.jobs
    from taskfarm_sdk.crew.cpus import usable_cpus

    jobs = usable_cpus()
    screen.say(f"{jobs} jobs at a time, for the CPUs that are there; -j sets another number")
    return jobs


def _sink(arguments: Arguments, jobs: int, screen: Screen) -> Sink:
    from taskfarm_cli.work.streams import Log, Passing, Results

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
    )


def _verdict(run: Run, worker: Worker, crew: Crew, screen: Screen) -> ExitStatus:
    """Say how the run stands now, and return or raise what workTF ends with."""
    status = run.status()
    if status.finished and status.failed is None:
        # Counts alone do not tell; `wait` looks at the tasks then.
        status = run.wait(0)
    screen.say(
        f"run {run.uuid}: {status.done} of {status.num_tasks} done, {status.failed or 0} failed"
    )
    if status.failed:
        raise CommandError(
            f"{status.failed} of {status.num_tasks} tasks of run {run.uuid} failed: manageTF "
            "--tasks --state failed shows which, --reset-failed makes them wait again",
            ExitStatus.TASKS_FAILED,
        )
    if status.finished:
        return ExitStatus.OK
    if crew.limited:
        raise CommandError(
            f"ended by a limit as asked; {status.waiting} tasks wait, {status.computing} are "
            "computed",
            ExitStatus.NOT_FINISHED,
        )
    if worker.stopping:
        raise CommandError(f"too many failures in a row; {status.waiting} tasks wait")
    return ExitStatus.OK


if __name__ == "__main__":
    sys.exit(main())
