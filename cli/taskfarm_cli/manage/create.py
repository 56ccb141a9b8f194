"""`--create`, which creates a run and notes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common import new_name, run_files
from taskfarm_cli.common.credentials import open_farm
from taskfarm_cli.common.exit_status import ExitStatus
from taskfarm_cli.common.guard import complain
from taskfarm_cli.common.run_files import RunNote
from taskfarm_cli.manage.mode import PROGRAM

if TYPE_CHECKING:
    from taskfarm_cli.manage.mode import Arguments
    from taskfarm_cli.manage.output.base import Output


def create(arguments: Arguments, output: Output) -> ExitStatus:
    """Create the run that was asked for.

    Raises:
        CommandError: its name is invalid or taken; nothing was created.
        TaskfarmError: the run cannot be created.
    """
    count, name = arguments.num_tasks or 0, arguments.name
    new_name.check(name)
    with open_farm(arguments) as farm, new_name.claimed(name, farm) as unknown:
        run = farm.create_run(count)
        run_files.unname(unknown)
        note = RunNote(run=run.uuid, url=farm.url, num_tasks=count, items=count, chunk=1, name=name)
        if not run_files.write_note(note) and name is not None:
            complain(PROGRAM, f"the name {name!r} could not be kept: run {run.uuid} has none")
        output.created(run)
    return ExitStatus.OK
