"""manageTF: see, make, reset and delete the runs of a taskfarm, and wait for them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from taskfarm_cli.arguments import (
    ASKS_FOR_EACH_TASK,
    CHANGES_A_RUN,
    PROGRAM,
    Arguments,
    Mode,
    parse,
)
from taskfarm_cli.exit_status import CommandError, ExitStatus
from taskfarm_cli.guard import guarded, printable

if TYPE_CHECKING:
    from taskfarm_cli.outputs import Output
    from taskfarm_sdk import Farm, Run


def main(argv: Sequence[str] | None = None) -> int:
    """Run manageTF.

    Args:
        argv: the words after the program's name; None for those of this process.

    Returns:
        The exit status.
    """
    return guarded(PROGRAM, lambda: _manage(parse(argv)))


def _manage(arguments: Arguments) -> ExitStatus:
    from taskfarm_cli import outputs
    from taskfarm_cli.outages import open_ways_told

    output = outputs.choose(arguments)
    _leave_the_log_alone()
    with open_ways_told():
        return _do(arguments, output)


def _do(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli import login

    match arguments.mode:
        case Mode.LOGIN:
            return login.log_in(arguments, output)
        case Mode.LOGOUT:
            return login.log_out(arguments, output)
        case Mode.WHOAMI:
            return login.who_am_i(arguments, output)
        case _:
            return _ask_farm(arguments, output)


def _ask_farm(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.connection import GIVE_UP_AFTER_S
    from taskfarm_cli.credentials import open_farm
    from taskfarm_cli.finding import RunName
    from taskfarm_cli.outages import outages_told

    if arguments.uuid is not None:
        name = RunName(arguments.uuid, whole=arguments.mode in CHANGES_A_RUN)
        told = outages_told() if arguments.mode in ASKS_FOR_EACH_TASK else nullcontext()
        with told, open_farm(arguments) as farm:
            # A server that was never there is told of soon, whatever the patience afterwards.
            return _of_run(arguments, name.find(farm, GIVE_UP_AFTER_S), output)
    with open_farm(arguments) as farm:
        return _of_farm(arguments, farm, output)


def _of_farm(arguments: Arguments, farm: Farm, output: Output) -> ExitStatus:
    if arguments.num_tasks is None:
        output.runs(farm.runs())
    else:
        output.created(farm.create_run(arguments.num_tasks))
    return ExitStatus.OK


def _of_run(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    match arguments.mode:
        case Mode.WAIT | Mode.WATCH:
            from taskfarm_cli import watch

            follow = watch.wait if arguments.mode is Mode.WAIT else watch.watch
            return follow(run, output, arguments.timeout_s)
        case Mode.TASKS:
            from taskfarm_cli import tasks

            tasks.list_tasks(run, output, arguments.state)
        case mode if mode in CHANGES_A_RUN:
            output.changed(mode, run, _change(arguments, run))
        case _:
            output.run(Mode.INFO, run, run.status())
    return ExitStatus.OK


def _change(arguments: Arguments, run: Run) -> int | None:
    """Change a run, and return how many of its tasks were, where one can say."""
    match arguments.mode:
        case Mode.REPAIR:
            from taskfarm_cli import tasks

            return tasks.repair(run)
        case Mode.RESET_FAILED:
            return run.reset_failed()
        case Mode.RESET_TASK:
            return run.reset_tasks(itertools.chain(*arguments.task_ranges or ()))
        case Mode.RESET:
            run.reset()
        case Mode.RESET_ALL:
            _make_sure(arguments, run, "Reset all tasks of")
            run.reset_all()
        case _:
            _make_sure(arguments, run, "Delete")
            run.delete()
    return None


def _make_sure(arguments: Arguments, run: Run, what: str) -> None:
    """Ask before work is lost, where there is somebody to ask.

    Raises:
        CommandError: they do not want it.
    """
    from taskfarm_cli.terminal import can_ask, confirm

    if arguments.yes or not can_ask():
        return
    tasks = f"{printable(run.num_tasks_text)} tasks, {run.status().done} of them done"
    if not confirm(f"{what} run {run.uuid} ({tasks})?"):
        raise CommandError("nothing was changed")


def _leave_the_log_alone() -> None:
    """Keep the SDK's warnings off stderr, where Python puts them if nobody else wants them."""
    import logging

    logging.getLogger("taskfarm_sdk").addHandler(logging.NullHandler())


if __name__ == "__main__":
    sys.exit(main())
