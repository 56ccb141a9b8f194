"""workTF: runs a command for each task of a run, several at a time, until the run is finished."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.guard import guarded
from taskfarm_cli.work import inputs as items
from taskfarm_cli.work.command_line.arguments import PROGRAM, Arguments
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.commands.template import Job, Template

if TYPE_CHECKING:
    from taskfarm_cli.common.run_name import RunName
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Farm, Run


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
    from taskfarm_cli.common.run_name import RunName
    from taskfarm_cli.work.screen import Screen

    name = None if arguments.uuid is None else RunName(arguments.uuid, whole=True)
    on_slurm = arguments.slurm is not None
    if on_slurm:
        from taskfarm_cli.work.slurm import submit as slurm

        slurm.check(arguments)
    inputs = None if arguments.inputs is None else items.load(arguments.inputs, nul=arguments.nul)
    template = Template(arguments.command, shell=arguments.shell, has_inputs=inputs is not None)
    screen = Screen(PROGRAM)
    if on_slurm:
        return _on_slurm(arguments, name, template, inputs, screen)
    return _here(arguments, name, template, inputs, screen)


def _here(
    arguments: Arguments,
    name: RunName | None,
    template: Template,
    inputs: Sequence[str] | None,
    screen: Screen,
) -> ExitStatus:
    from taskfarm_cli.common.credentials import open_farm
    from taskfarm_cli.work.create import num_tasks

    if arguments.dry_run and name is None:
        return _dry_run(template, inputs, num_tasks(arguments, inputs))
    if (fault := _fault_of_program(template)) is not None:
        raise fault
    with screen.told(), open_farm(arguments) as farm:
        run = _find_or_create(arguments, name, farm, inputs, screen)
        if arguments.dry_run:
            return _dry_run(template, inputs, run.num_tasks)
        from taskfarm_cli.work.work_off import work_off

        return work_off(arguments, run, template, inputs, screen)


def _on_slurm(
    arguments: Arguments,
    name: RunName | None,
    template: Template,
    inputs: Sequence[str] | None,
    screen: Screen,
) -> ExitStatus:
    from taskfarm_cli.work.slurm import submit as slurm

    with screen.told(), slurm.open_farm(arguments) as farm:
        if arguments.dry_run and name is None:
            return slurm.dry_run(arguments, farm, slurm.NEW_RUN, screen)
        if (fault := _fault_of_program(template)) is not None:
            screen.say(f"{fault}: the nodes look for themselves")
        run = _find_or_create(arguments, name, farm, inputs, screen)
        if arguments.dry_run:
            return slurm.dry_run(arguments, farm, run.uuid, screen)
        return slurm.submit(arguments, farm, run, screen)


def _find_or_create(
    arguments: Arguments,
    name: RunName | None,
    farm: Farm,
    inputs: Sequence[str] | None,
    screen: Screen,
) -> Run:
    from taskfarm_cli.work import manifest
    from taskfarm_cli.work.create import create

    if name is None:
        return create(arguments, farm, inputs, screen)
    run = name.find(farm)
    manifest.check(run, inputs)
    return run


def _dry_run(template: Template, inputs: Sequence[str] | None, num_tasks: int) -> ExitStatus:
    for task in range(num_tasks):
        text = None if inputs is None else inputs[task]
        print(shlex.join(template.fill(Job(task, text, 0))))
    return ExitStatus.OK


def _fault_of_program(template: Template) -> CommandError | None:
    """Return what is wrong with a program that is not there, before anything is claimed."""
    from taskfarm_cli.work.commands.runner import cannot_execute

    program = template.program
    if program is None or shutil.which(program) is not None:
        return None
    is_there = Path(program).exists() if "/" in program else False
    return cannot_execute(
        program,
        PermissionError(13, "it is not executable")
        if is_there
        else FileNotFoundError(2, "it is not there"),
    )


if __name__ == "__main__":
    sys.exit(main())
