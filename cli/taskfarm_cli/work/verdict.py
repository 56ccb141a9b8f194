"""The exit status of workTF, from the run's status at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.text import command, counted, manage_command
from taskfarm_cli.work.command_line.arguments import PROGRAM
from taskfarm_sdk._items.counts import ItemCount, items_done

if TYPE_CHECKING:
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, RunStatus
    from taskfarm_sdk._items.chunks import Chunks

# Called with a finished run and its status.
Ended = Callable[["Run", "RunStatus"], None]


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
    retry_failed: bool = True,
    check_whole: Callable[[], None] | None = None,
    ended: Ended | None = None,
) -> ExitStatus:
    """Report the run's status, and return the exit status of workTF.

    Args:
        run: the run.
        screen: shows the report.
        limited: whether a limit that was asked for ended the work.
        halted: whether failures ended it.
        baseurl: the URL given with -b, which commands in messages need too.
        place: where the tasks' output is kept, if it is.
        chunks: the items of each task; None to look for a note about them.
        kept_in: the folder that the output is kept in.
        retry_failed: whether the same command tries again what failed.
        check_whole: raises an error if that folder lacks items; None where it decides nothing.
        ended: called if the run is finished.

    Raises:
        CommandError: the exit status is not 0.
    """
    status = run.status()
    if status.finished and status.failed is None:
        # The counts do not show failures; `wait` reads the tasks.
        status = run.wait(0)
    # The number of failed tasks is known only once the run is finished.
    failed = "" if status.failed is None else f", {status.failed} failed"
    if chunks is None and (noted := run_files.items_of(run)) is not None:
        chunks, kept_in = noted.chunks, kept_in or noted.kept_in
    done = f"{status.done} of {status.num_tasks}"
    count = items_done(chunks, status)
    kept = None if count is None or not status.failed else _counts(kept_in)
    if count is None:
        screen.say(f"run {run.uuid}: {done} done{failed}")
    else:
        screen.say(f"run {run.uuid}: {_with_kept(count, kept)}; tasks: {done} done{failed}")
    if status.finished:
        _finish(run, status, check_whole, ended)
    if status.failed:
        again = "the same command" if retry_failed else "the same command without --no-retry-failed"
        items = 0 if kept is None else kept[1]
        said = _of_failed(run, status, baseurl, kept_in, items, again)
        output = "" if place is None else f"; their output: {place}"
        raise CommandError(f"{said}{output}", ExitStatus.TASKS_FAILED)
    if status.finished:
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


def _finish(
    run: Run, status: RunStatus, check_whole: Callable[[], None] | None, ended: Ended | None
) -> None:
    """Note that a run is finished, and tell whoever wants to know.

    Raises:
        CommandError: items are missing in the folder that decides what is done.
    """
    if not status.failed:
        if check_whole is not None:
            check_whole()
        run_files.finish(run.uuid)
    if ended is not None:
        ended(run, status)


def _counts(kept_in: str | None) -> tuple[int, int] | None:
    """Return how many items succeeded and failed, as a folder of output tells.

    Returns:
        The numbers; None where there is no such folder, or it cannot be read.
    """
    from taskfarm_cli.work.show.kept import Kept

    try:
        return None if kept_in is None else Kept.of(Path(kept_in)).counts()
    except OSError:
        return None


def _with_kept(count: ItemCount, kept: tuple[int, int] | None) -> ItemCount:
    """Return how many items are done, where a folder knows some of them."""
    if kept is None:
        return count
    # Each machine may have a folder of its own.
    is_whole = sum(kept) == count.total
    return ItemCount(max(kept[0], count.done), count.total, "exactly" if is_whole else "at least")


def _of_failed(
    run: Run, status: RunStatus, baseurl: str | None, kept_in: str | None, items: int, again: str
) -> str:
    """Return how many tasks failed, of which items, and the commands that help.

    Args:
        run: the run.
        status: its status.
        baseurl: see `verdict`.
        kept_in: see `verdict`.
        items: how many items failed, as the folder tells; 0 where it does not.
        again: the command that tries them again, in words.
    """
    tasks = counted(status.failed or 0, "task")
    if kept_in is None or not items:
        reset = manage_command(baseurl, "--reset-failed", run.uuid)
        listing = manage_command(baseurl, "--tasks", "--state", "failed", run.uuid)
        return (
            f"{status.failed} of {counted(status.num_tasks, 'task')} of run {run.uuid} failed: "
            f"{listing} lists them, {reset} sets them waiting"
        )
    listing = command(PROGRAM, "--show", kept_in, "--failed")
    return (
        f"{counted(items, 'item')} of {tasks} of run {run.uuid} failed: {listing} says how, and "
        f"{again} tries them again"
    )
