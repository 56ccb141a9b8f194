"""workTF: runs a command for each task of a run, several at a time, until the run is finished."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.guard import guarded
from taskfarm_cli.common.parser import Words, command_line
from taskfarm_cli.common.text import manage_command, shell_words
from taskfarm_cli.work.command_line.arguments import PROGRAM
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.command_line.show_arguments import parse_show

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options, Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.steering import Steering
    from taskfarm_cli.work.template import Template
    from taskfarm_sdk import Farm, Run


def main(argv: Sequence[str] | None = None) -> int:
    """Run workTF.

    Args:
        argv: the words after the program's name; None for those of this process.

    Returns:
        The exit status.
    """
    words = command_line(argv)
    del argv
    return guarded(PROGRAM, lambda: _run(words))


def _run(words: Words) -> ExitStatus:
    shown = parse_show(words)
    if shown is None:
        return _work(parse(words))
    from taskfarm_cli.work.show.entry import show

    return show(shown)


def _work(options: Options) -> ExitStatus:
    if sys.platform == "win32":
        raise CommandError("workTF needs Linux or macOS; on Windows, use run.work in Python")
    from taskfarm_cli.work.plan import Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_cli.work.steering import Steering

    steering = Steering.of(options)
    if options.join is not None:
        from taskfarm_cli.work.join import join, join_on_slurm

        work = join if options.slurm is None else join_on_slurm
        return work(options.join, options, Screen(PROGRAM), steering)
    if options.slurm is None:
        return _here(Plan.of(options), Screen(PROGRAM), steering)
    from taskfarm_cli.work.slurm import submit as slurm

    slurm.check(options)
    return _on_slurm(Plan.of(options), Screen(PROGRAM), steering)


def _here(plan: Plan, screen: Screen, steering: Steering) -> ExitStatus:
    from taskfarm_cli.common.credentials import open_farm
    from taskfarm_cli.work import kept_folder, output_paths

    if plan.options.dry_run and plan.name is None:
        return _dry_run(plan, plan.num_items)
    if (fault := _fault_of_program(plan.template)) is not None:
        raise fault
    _warn_of_unused_inputs(plan, screen)
    paths = nullcontext() if plan.options.dry_run else output_paths.checked(plan.options)
    with screen.told(), open_farm(plan.options) as farm, paths:
        if not plan.options.dry_run:
            kept_folder.check(plan)
        before = steering.after.find(farm)
        run, plan = _find_or_create(plan, farm, screen)
        before.refuse(run)
        if plan.options.dry_run:
            kept_folder.check_of(plan, run)
            return _dry_run(plan, plan.chunks(run.num_tasks).items)
        kept_folder.take(plan, run, farm.url)
        from taskfarm_cli.work.work_off import work_off

        ended = steering.hooks.bound(farm.url, screen)
        return work_off(plan, run, screen, before=before, ended=ended)


def _on_slurm(plan: Plan, screen: Screen, steering: Steering) -> ExitStatus:
    from taskfarm_cli.work import kept_folder, resume
    from taskfarm_cli.work.reopening import Reopening
    from taskfarm_cli.work.slurm import submit as slurm

    options = plan.options
    _warn_of_unused_inputs(plan, screen)
    with screen.told(), slurm.open_farm(options) as farm:
        if options.dry_run and plan.name is None:
            return slurm.dry_run(plan.options_of_workers, farm, slurm.NEW_RUN, screen)
        if (fault := _fault_of_program(plan.template)) is not None:
            screen.say(f"{fault}; each node checks again")
        kept_folder.check(plan)
        if plan.name is None:
            slurm.probe(options, farm, screen)
        before = steering.after.find(farm)
        run, plan = _find_or_create(plan, farm, screen)
        before.refuse(run)
        options = plan.options_of_workers
        kept_folder.check_of(plan, run)
        if options.dry_run:
            return slurm.dry_run(options, farm, run.uuid, screen)
        with resume.told_after(plan, run, screen, CommandError, KeyboardInterrupt):
            before.wait(screen)
        reopening = Reopening.of(plan, run, screen)
        if reopening is not None and plan.name is not None:
            # Once, for all of the workers: each has --no-retry-failed.
            reopening.open_again(failed=options.retry_failed)
        ended = steering.hooks.bound(farm.url, screen)
        return slurm.submit(
            options,
            farm,
            run,
            screen,
            is_new=plan.name is None,
            ended=ended,
            chunks=plan.chunks(run.num_tasks),
            check_whole=None if reopening is None else reopening.check_whole,
        )


def _find_or_create(plan: Plan, farm: Farm, screen: Screen) -> tuple[Run, Plan]:
    """Return the run, and the plan for it."""
    from taskfarm_cli.work import manifest
    from taskfarm_cli.work.create import create

    if plan.name is None:
        return create(plan, farm, screen), plan
    run = plan.name.find(farm)
    if run.num_tasks < 1:
        delete = manage_command(plan.options.baseurl, "--delete", run.uuid)
        raise UsageError(
            f"run {run.uuid} was created by another client with an invalid number of tasks and "
            f"cannot be worked on; {delete} removes it"
        )
    return run, manifest.check(run, plan)


def _warn_of_unused_inputs(plan: Plan, screen: Screen) -> None:
    # A worker of --slurm, which has --batch, would repeat it in each job.
    if plan.inputs is None or plan.template.uses_input or plan.options.batch:
        return
    columns = plan.inputs.columns.names
    place = f"{{{columns[0]}}}" if columns else "{input}"
    variable = f"TASKFARM_IN_{columns[0]}" if columns else "TASKFARM_INPUT"
    screen.say(
        f"the command contains neither {place} nor {variable}: items use their inputs only if its "
        f"program reads {variable} from the environment"
    )


def _dry_run(plan: Plan, num_items: int) -> ExitStatus:
    for item in range(num_items):
        print(shell_words(plan.template.fill(plan.job(item, 0))))
    return ExitStatus.OK


def _fault_of_program(template: Template) -> CommandError | None:
    """Return the error of a program that is missing or not executable, or None."""
    from taskfarm_cli.work.commands.programs import fault_of_program

    return None if template.program is None else fault_of_program(template.program)


if __name__ == "__main__":
    sys.exit(main())
