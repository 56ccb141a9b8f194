"""The modes of manageTF: the one place where each is described and tied to what it does."""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.guard import printable
from taskfarm_cli.common.parser import number_of_tasks
from taskfarm_cli.manage.mode import PROGRAM, Mode, Uses, Value

if TYPE_CHECKING:
    from taskfarm_cli.manage.mode import Arguments
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Farm, Run

Action = Callable[["Arguments", "Output"], ExitStatus]
OfRun = Callable[["Arguments", "Run", "Output"], ExitStatus]


def _of_farm(act: Callable[[Arguments, Farm, Output], None]) -> Action:
    """Return an action that asks the server, and no run of it."""

    def action(arguments: Arguments, output: Output) -> ExitStatus:
        from taskfarm_cli.common.credentials import open_farm

        with open_farm(arguments) as farm:
            act(arguments, farm, output)
        return ExitStatus.OK

    return action


def _of_run(act: OfRun) -> Action:
    """Return an action on the run of the command line's UUID."""

    def action(arguments: Arguments, output: Output) -> ExitStatus:
        from taskfarm_cli.common.connection_options import GIVE_UP_AFTER_S
        from taskfarm_cli.common.credentials import open_farm
        from taskfarm_cli.common.log_lines import outage_log
        from taskfarm_cli.common.run_name import RunName

        name = RunName(arguments.uuid or "", whole=arguments.mode.uses is Uses.CHANGES_RUN)
        told = outage_log(PROGRAM) if arguments.mode.asks_for_each_task else nullcontext()
        with told, open_farm(arguments) as farm:
            # A server that was never there is told of soon, whatever the patience afterwards.
            return act(arguments, name.find(farm, GIVE_UP_AFTER_S), output)

    return action


def _changing(change: Callable[[Arguments, Run], int | None], question: str = "") -> Action:
    """Return an action that changes a run.

    Args:
        change: does it, and returns how many tasks it changed, where one can say.
        question: what a person is asked first, where work is lost by it.
    """

    def act(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
        if question:
            _make_sure(arguments, run, question)
        output.changed(run, change(arguments, run))
        return ExitStatus.OK

    return _of_run(act)


def _make_sure(arguments: Arguments, run: Run, what: str) -> None:
    """Ask before work is lost, where there is somebody to ask.

    Raises:
        CommandError: they do not want it.
    """
    from taskfarm_cli.common.terminal import can_ask, confirm

    if arguments.yes or not can_ask():
        return
    tasks = f"{printable(run.num_tasks_text)} tasks, {run.status().done} of them done"
    if not confirm(f"{what} run {run.uuid} ({tasks})?"):
        raise CommandError("nothing was changed")


def _delete(_: Arguments, run: Run) -> None:
    from taskfarm_cli.common import run_notes

    run.delete()
    run_notes.forget_note(run.uuid)


def _list(_: Arguments, farm: Farm, output: Output) -> None:
    output.runs(farm.runs())


def _create(arguments: Arguments, farm: Farm, output: Output) -> None:
    assert arguments.num_tasks is not None
    output.created(farm.create_run(arguments.num_tasks))


def _info(_: Arguments, run: Run, output: Output) -> ExitStatus:
    output.run(run, run.status())
    return ExitStatus.OK


def _tasks(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.tasks import list_tasks

    list_tasks(run, output, arguments.state)
    return ExitStatus.OK


def _wait(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.watch import wait

    return wait(run, output, arguments.timeout_s)


def _watch(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.watch import watch

    return watch(run, output, arguments.timeout_s)


def _repair(_: Arguments, run: Run) -> int:
    from taskfarm_cli.manage.tasks import repair

    return repair(run)


def _reset_task(arguments: Arguments, run: Run) -> int:
    return run.reset_tasks(itertools.chain(*arguments.task_ranges or ()))


def _log_in(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.login import log_in

    return log_in(arguments, output)


def _log_out(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.login import log_out

    return log_out(arguments, output)


def _who_am_i(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.login import who_am_i

    return who_am_i(arguments, output)


def _task_ranges(text: str) -> tuple[range, ...]:
    return tuple(_task_range(piece.strip()) for piece in text.split(","))


def _task_range(text: str) -> range:
    found = re.fullmatch(r"([0-9]{1,10})(?:-([0-9]{1,10}))?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no task's number, and no range like 7-9")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise argparse.ArgumentTypeError(f"{text} ends before it begins")
    return range(first, last + 1)


INFO = Mode("info", "get info about run", Uses.READS_RUN, _of_run(_info), short="-i", advises=True)

# In the order of --help.
MODES = (
    Mode("list", "list all runs", Uses.NO_RUN, _of_farm(_list), short="-l"),
    INFO,
    Mode(
        "tasks",
        "list the run's tasks and how each stands",
        Uses.READS_RUN,
        _of_run(_tasks),
        asks_for_each_task=True,
        takes=("state",),
    ),
    Mode(
        "reset",
        "reset not completed tasks",
        Uses.CHANGES_RUN,
        _changing(lambda _, run: run.reset()),
        short="-r",
        said="run {}: what was not done waits again",
    ),
    Mode(
        "reset-failed",
        "reset failed tasks and no others",
        Uses.CHANGES_RUN,
        _changing(lambda _, run: run.reset_failed()),
        asks_for_each_task=True,
        said="run {}: {} failed tasks wait again",
        counted="reset",
    ),
    Mode(
        "reset-all",
        "reset all tasks",
        Uses.CHANGES_RUN,
        _changing(lambda _, run: run.reset_all(), "Reset all tasks of"),
        short="-R",
        said="run {}: all tasks wait again",
    ),
    Mode(
        "repair",
        "mend a run that cannot hand out its tasks",
        Uses.CHANGES_RUN,
        _changing(_repair),
        asks_for_each_task=True,
        said="run {} is mended: {} missing tasks were made, and wait",
        counted="made",
    ),
    Mode(
        "delete",
        "delete run",
        Uses.CHANGES_RUN,
        _changing(_delete, "Delete"),
        short="-d",
        said="run {} is deleted",
    ),
    Mode(
        "wait",
        "wait until the run is finished, then show it as --info does",
        Uses.READS_RUN,
        _of_run(_wait),
        takes=("timeout_s",),
    ),
    Mode(
        "watch",
        "show the run whenever it changes until it is finished",
        Uses.READS_RUN,
        _of_run(_watch),
        short="-w",
        takes=("timeout_s",),
    ),
    Mode(
        "login",
        "get a token for a user and password, and keep it",
        Uses.NO_RUN,
        _log_in,
        said="logged in to {} as {}",
    ),
    Mode(
        "logout",
        "forget the token kept for a server",
        Uses.NO_RUN,
        _log_out,
        said="forgot the login for {} as {}",
    ),
    Mode("whoami", "show which server, user and credentials are used", Uses.NO_RUN, _who_am_i),
    Mode(
        "reset-task",
        "reset these tasks whatever they are at: 3,7-9",
        Uses.CHANGES_RUN,
        _changing(_reset_task),
        value=Value("task_ranges", "NUMBERS", _task_ranges),
        asks_for_each_task=True,
        said="run {}: {} tasks wait again that did not wait from the start already",
        counted="reset",
    ),
    Mode(
        "create",
        "create a run of so many tasks and print its UUID",
        Uses.NO_RUN,
        _of_farm(_create),
        short="-n",
        value=Value("num_tasks", "NUM_TASKS", number_of_tasks),
    ),
)
