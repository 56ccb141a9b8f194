"""The exit status of workTF, from the run's status at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common import run_files
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
    """Report the run's status, and return the exit status of workTF.

    Args:
        run: the run.
        screen: shows the report.
        limited: whether a limit that was asked for ended the work.
        halted: whether failures ended it.
        baseurl: the URL given with -b, which commands in messages need too.
        place: where the tasks' output is kept, if it is.

    Raises:
        CommandError: the exit status is not 0.
    """
    status = run.status()
    if status.finished and status.failed is None:
        # The counts do not show failures; `wait` reads the tasks.
        status = run.wait(0)
    # The number of failed tasks is known only once the run is finished.
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
