"""Create the run of `--create`, and its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common import new_name, run_files
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import counted
from taskfarm_cli.work import manifest

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Farm, Run


def create(plan: Plan, farm: Farm, screen: Screen) -> Run:
    """Create the run.

    Raises:
        UsageError: an unfinished run of the same work was created here, or the name is taken.
    """
    count, options = plan.num_tasks, plan.options
    digest = None if plan.inputs is None else plan.inputs.digest()
    work = manifest.Work(farm.url, options.command, options.shell, count, plan.num_items, digest)
    if not options.new and (uuid := manifest.unfinished(farm, work)) is not None:
        raise UsageError(
            f"run {uuid} of the same work was created here and is not finished: give its UUID "
            "instead of --create to continue it, or --new to create another"
        )
    with new_name.claimed(options.name, farm) as unknown:
        run = farm.create_run(count)
        run_files.unname(unknown)
        of_several = f"{counted(plan.num_items, 'item')} in " if plan.chunk > 1 else ""
        called = "" if options.name is None else f" ({options.name})"
        screen.say(f"run {run.uuid}{called}: {of_several}{counted(count, 'task')}")
        try:
            manifest.write(run, work, options.kept_in, options.name)
        except OSError as error:
            screen.say(f"cannot write the run's manifest to {Path.cwd()}: {error.strerror}")
        if options.name is not None and not run_files.is_named(run.uuid, options.name):
            screen.say(f"the name {options.name!r} could not be kept: run {run.uuid} has none")
    return run
