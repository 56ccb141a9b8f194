"""The exit status of workTF, from the run's status at its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.item_counts import items_done
from taskfarm_cli.common.text import command, counted, manage_command
from taskfarm_cli.work.command_line.arguments import PROGRAM

if TYPE_CHECKING:
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, RunStatus
    from taskfarm_sdk._items.chunks import Chunks


def verdict(
    run: Run,
    screen: Screen,
    *,
    limited: bool = False,
    halted: bool = False,
    baseurl: str | None = None,
    place: str | None = None,
    chunks: Chunks | None = None,
    kept_in: str | None = None,
) -> ExitStatus:
    """Report the run's status, and return the exit status of workTF.

    Args:
        run: the run.
        screen: shows the report.
        limited: whether a limit that was asked for ended the work.
        halted: whether failures ended it.
        baseurl: the URL given with -b, which commands in messages need too.
        place: where the tasks' output is kept, if it is.
        chunks: the items of each task, if they are known.
        kept_in: the folder that the output is kept in.

    Raises:
        CommandError: the exit status is not 0.
    """
    status = run.status()
    if status.finished and status.failed is None:
        # The counts do not show failures; `wait` reads the tasks.
        status = run.wait(0)
    # The number of failed tasks is known only once the run is finished.
    failed = "" if status.failed is None else f", {status.failed} failed"
    done = f"{status.done} of {status.num_tasks}"
    count = items_done(chunks, status)
    if count is None:
        screen.say(f"run {run.uuid}: {done} done{failed}")
    else:
        screen.say(f"run {run.uuid}: {count}; tasks: {done} done{failed}")
    if status.failed:
        said = _of_failed(run, status, baseurl, None if count is None else kept_in)
        output = "" if place is None else f"; their output: {place}"
        raise CommandError(f"{said}{output}", ExitStatus.TASKS_FAILED)
    if status.finished:
        run_files.finish(run.uuid)
        return ExitStatus.OK
    if limited:
        raise CommandError(
            f"stopped at the requested limit: {status.waiting} waiting, "
            f"{status.computing} computing",
            ExitStatus.NOT_FINISHED,
        )
    if halted:
        raise CommandError(f"too many failures in a row; {counted(status.waiting, 'task')} waiting")
    return ExitStatus.OK


def _of_failed(run: Run, status: RunStatus, baseurl: str | None, kept_in: str | None) -> str:
    """Return how many tasks failed, of which items, and the commands that help.

    Args:
        run: the run.
        status: its status.
        baseurl: see `verdict`.
        kept_in: the folder that knows the items; None where it is not known which failed.
    """
    tasks = counted(status.failed or 0, "task")
    reset = manage_command(baseurl, "--reset-failed", run.uuid)
    items = None if kept_in is None else _failed_items(kept_in)
    if kept_in is None or not items:
        listing = manage_command(baseurl, "--tasks", "--state", "failed", run.uuid)
        return (
            f"{status.failed} of {counted(status.num_tasks, 'task')} of run {run.uuid} failed: "
            f"{listing} lists them, {reset} sets them waiting"
        )
    listing = command(PROGRAM, "--show", kept_in, "--failed")
    return (
        f"{counted(items, 'item')} of {tasks} of run {run.uuid} failed: {listing} lists them, "
        f"{reset} sets their tasks waiting"
    )


def _failed_items(kept_in: str) -> int | None:
    """Return how many items failed, as a folder of output tells; None if it cannot be read."""
    from taskfarm_cli.work.show.kept import Kept

    try:
        return sum(1 for _ in Kept.of(Path(kept_in)).failed())
    except OSError:
        return None
