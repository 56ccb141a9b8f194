"""The modes of manageTF: description and action of each."""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.parser import number_of_tasks
from taskfarm_cli.common.text import counted, printable
from taskfarm_cli.manage.mode import PROGRAM, Mode, Uses, Value

if TYPE_CHECKING:
    from taskfarm_cli.manage.mode import Arguments
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Run

Action = Callable[["Arguments", "Output"], ExitStatus]
OfRun = Callable[["Arguments", "Run", "Output"], ExitStatus]


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
            # The first request gives up soon, however long later requests are retried.
            return act(arguments, name.find(farm, GIVE_UP_AFTER_S), output)

    return action


def _of_runs(act: OfRun, *, silent: bool = False) -> Action:
    """Return an action on one run, or on several.

    Args:
        act: the action on one.
        silent: whether several are shown only when they are finished.
    """
    of_one = _of_run(act)

    def action(arguments: Arguments, output: Output) -> ExitStatus:
        if len(arguments.uuids) == 1:
            return of_one(arguments, output)
        from taskfarm_cli.manage.several import follow_several

        return follow_several(arguments, output, silent=silent)

    return action


def _changing(
    change: Callable[[Arguments, Run], int | None], question: str = "", *, resets_done: bool = False
) -> Action:
    """Return an action that changes a run.

    Args:
        change: changes the run, and returns how many tasks it changed, if that is known.
        question: the question asked first, if results are lost by it.
        resets_done: whether completed tasks wait again.
    """

    def act(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
        if question:
            _make_sure(arguments, run, question)
        try:
            count = change(arguments, run)
        finally:
            # Also where the outcome is unknown.
            _note_change(run)
        output.changed(run, count)
        if resets_done:
            _tell_what_is_kept(run)
        return ExitStatus.OK

    return _of_run(act)


def _note_change(run: Run) -> None:
    """Note that a run is no longer known to be finished."""
    from taskfarm_cli.common import run_files

    _say(run_files.reopen(run.uuid))


def _say(fault: str | None) -> None:
    """Say what could not be noted, if there is anything."""
    from taskfarm_cli.common.guard import complain

    if fault is not None:
        complain(PROGRAM, fault)


def _tell_what_is_kept(run: Run) -> None:
    """Say that a folder decides what is computed again, and how to compute everything anew."""
    from taskfarm_cli.common import run_files
    from taskfarm_cli.common.guard import complain

    folder = run_files.deciding_folder(run)
    if folder is not None:
        complain(
            PROGRAM,
            f"the items of this run that are in {folder} are not computed again; to compute all "
            "anew, create another run with a folder of its own",
        )


def _make_sure(arguments: Arguments, run: Run, what: str) -> None:
    """Ask before results are lost, if there is a terminal.

    Raises:
        CommandError: the answer was no.
    """
    from taskfarm_cli.common.terminal import can_ask, confirm

    if arguments.yes or not can_ask():
        return
    tasks = f"{counted(printable(run.num_tasks_text), 'task')}, {run.status().done} of them done"
    if not confirm(f"{what} run {run.uuid} ({tasks})?"):
        raise CommandError("nothing was changed")


def _delete(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.common import run_files
    from taskfarm_cli.common.run_name import NotedRunGone

    try:
        return _delete_run(arguments, output)
    except NotedRunGone as gone:
        told = run_files.forget(gone.uuid) or "what was noted about it here is removed now"
        raise CommandError(f"run {gone.uuid} is not known there; {told}", gone.status) from gone


def _delete_with_files(_: Arguments, run: Run) -> None:
    from taskfarm_cli.common import run_files

    run.delete()
    _say(run_files.forget(run.uuid))


_delete_run = _changing(_delete_with_files, "Delete")


def _list(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.listing import list_runs

    return list_runs(arguments, output)


def _create(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.create import create

    return create(arguments, output)


def _history(_: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.common import run_files

    notes, left_out = run_files.history(), run_files.unreadable()
    if notes or left_out is None:
        output.history(notes)
    if left_out is not None:
        raise CommandError(f"what is noted in {left_out} cannot be read")
    return ExitStatus.OK


def _info(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.common import run_files
    from taskfarm_cli.common.connection_options import GIVE_UP_AFTER_S
    from taskfarm_cli.common.credentials import open_farm
    from taskfarm_cli.common.run_name import RunName

    name = RunName(arguments.uuid or "", whole=False)
    with open_farm(arguments) as farm:
        run, status = name.find_with_status(farm, GIVE_UP_AFTER_S)
        output.run(run, status, run_files.items_of(run))
    return ExitStatus.OK


def _tasks(arguments: Arguments, output: Output) -> ExitStatus:
    if not arguments.map:
        return _of_run(_task_list)(arguments, output)
    from taskfarm_cli.manage.task_map import check_folders, show_map

    check_folders(arguments)
    return _of_run(show_map)(arguments, output)


def _task_list(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.tasks import list_tasks

    list_tasks(run, output, arguments.state)
    return ExitStatus.OK


def _wait(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.watch import wait

    return wait(run, output, arguments.timeout_s, arguments.baseurl)


def _watch(arguments: Arguments, run: Run, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.watch import watch

    return watch(run, output, arguments.timeout_s, arguments.baseurl)


def _report(arguments: Arguments, output: Output) -> ExitStatus:
    from taskfarm_cli.manage.report import report

    return report(arguments, output)


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
        raise argparse.ArgumentTypeError(f"{text!r} is neither a task number nor a range like 7-9")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise argparse.ArgumentTypeError(f"the range {text} ends before it begins")
    return range(first, last + 1)


INFO = Mode("info", "show the status of the run", Uses.READS_RUN, _info, short="-i", advises=True)

# In the order of --help.
MODES = (
    Mode("list", "list all runs", Uses.NO_RUN, _list, short="-l", takes=("unfinished",)),
    Mode(
        "history",
        "list the runs that were created here, on all servers, without asking any",
        Uses.NO_RUN,
        _history,
    ),
    INFO,
    Mode(
        "tasks",
        "list the run's tasks with their states",
        Uses.READS_RUN,
        _tasks,
        asks_for_each_task=True,
        takes=("state", "map", "journal", "results", "read_tasks"),
    ),
    Mode(
        "reset",
        "set all tasks waiting that are not completed",
        Uses.CHANGES_RUN,
        _changing(lambda _, run: run.reset()),
        short="-r",
        said="run {}: all tasks that were not completed wait again",
    ),
    Mode(
        "reset-failed",
        "set only the failed tasks waiting",
        Uses.CHANGES_RUN,
        _changing(lambda _, run: run.reset_failed()),
        asks_for_each_task=True,
        said="run {}: {} set waiting",
        changes="failed task",
        counted="reset",
    ),
    Mode(
        "reset-all",
        "set all tasks waiting, completed ones too",
        Uses.CHANGES_RUN,
        _changing(lambda _, run: run.reset_all(), "Reset all tasks of", resets_done=True),
        short="-R",
        said="run {}: all tasks wait again",
    ),
    Mode(
        "repair",
        "repair a run that hands out no task although tasks are left",
        Uses.CHANGES_RUN,
        _changing(_repair),
        asks_for_each_task=True,
        said="run {} is repaired: {} created, waiting",
        changes="missing task",
        counted="made",
    ),
    Mode(
        "delete",
        "delete the run and its tasks",
        Uses.CHANGES_RUN,
        _delete,
        short="-d",
        said="run {} is deleted",
    ),
    Mode(
        "wait",
        "wait until the run is finished, then show it as --info does",
        Uses.READS_RUN,
        _of_runs(_wait, silent=True),
        takes_several=True,
        takes=("timeout_s", "unfinished"),
    ),
    Mode(
        "watch",
        "show the run after each change until it is finished",
        Uses.READS_RUN,
        _of_runs(_watch),
        short="-w",
        takes_several=True,
        takes=("timeout_s", "unfinished"),
    ),
    Mode(
        "report",
        "write a page about the run to a file: OUT.html",
        Uses.READS_RUN,
        _report,
        value=Value("report", "OUT", str),
        takes=("journal", "results", "read_tasks"),
        said="the report of run {} is written",
    ),
    Mode(
        "login",
        "get a token for a user and password, and save it",
        Uses.NO_RUN,
        _log_in,
        said="logged in to {} as {}",
    ),
    Mode(
        "logout",
        "remove the token saved for a server",
        Uses.NO_RUN,
        _log_out,
        said="removed the login for {} as {}",
    ),
    Mode("whoami", "show which server, user and credentials are used", Uses.NO_RUN, _who_am_i),
    Mode(
        "reset-task",
        "set these tasks waiting, in any state: 3,7-9",
        Uses.CHANGES_RUN,
        _changing(_reset_task, resets_done=True),
        value=Value("task_ranges", "NUMBERS", _task_ranges),
        asks_for_each_task=True,
        said="run {}: {} set waiting (not counting those that already waited at 0 %)",
        counted="reset",
    ),
    Mode(
        "create",
        "create a run with NUM_TASKS tasks and print its UUID",
        Uses.NO_RUN,
        _create,
        short="-n",
        value=Value("num_tasks", "NUM_TASKS", number_of_tasks),
        takes=("name",),
    ),
)
