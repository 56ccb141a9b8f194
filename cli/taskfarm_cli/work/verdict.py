"""The exit status of workTF, from how the run stands at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common import run_notes
from taskfarm_cli.common.exit_status import CommandError, ExitStatus
from taskfarm_cli.common.text import counted, manage_command

if TYPE_CHECKING:
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run


def verdict(
    run: Run,
    screen: Screen,
    *,
    limited: bool = False,
    halted: bool = False,
    baseurl: str | None = None,
    place: str | None = None,
) -> ExitStatus:
    """Say how the run stands now, and return what workTF ends with.

    Args:
        run: the run.
        screen: where it is said.
        limited: whether a limit that was asked for ended the work.
        halted: whether failures ended it.
        baseurl: the URL given with -b, which commands in messages need too.
        place: where the tasks' output is kept, if it is.

    Raises:
        CommandError: it ends with another status than 0.
    """
    status = run.status()
    if status.finished and status.failed is None:
        # Counts alone do not tell; `wait` looks at the tasks then.
        status = run.wait(0)
    # Before the run is finished, nobody knows how many failed.
    failed = "" if status.failed is None else f", {status.failed} failed"
    screen.say(f"run {run.uuid}: {status.done} of {status.num_tasks} done{failed}")
    if status.failed:
        listing = manage_command(baseurl, "--tasks", "--state", "failed", run.uuid)
        reset = manage_command(baseurl, "--reset-failed", run.uuid)
        raise CommandError(
            f"{status.failed} of {counted(status.num_tasks, 'task')} of run {run.uuid} failed: "
            f"{listing} lists them, {reset} sets them waiting"
            + ("" if place is None else f"; their output: {place}"),
            ExitStatus.TASKS_FAILED,
        )
    if status.finished:
        run_notes.forget_note(run.uuid)
        return ExitStatus.OK
    if limited:
        raise CommandError(
            f"ended by a limit as asked; {status.waiting} waiting, {status.computing} computing",
            ExitStatus.NOT_FINISHED,
        )
    if halted:
        raise CommandError(f"too many failures in a row; {counted(status.waiting, 'task')} waiting")
    return ExitStatus.OK
