"""The exit status of workTF, from how the run stands at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common import run_notes
from taskfarm_cli.common.exit_status import CommandError, ExitStatus

if TYPE_CHECKING:
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run


def verdict(
    run: Run,
    screen: Screen,
    *,
    limited: bool = False,
    halted: bool = False,
    place: str | None = None,
) -> ExitStatus:
    """Say how the run stands now, and return what workTF ends with.

    Args:
        run: the run.
        screen: where it is said.
        limited: whether a limit that was asked for ended the work.
        halted: whether failures ended it.
        place: where the tasks' output is kept, if it is.

    Raises:
        CommandError: it ends with another status than 0.
    """
    status = run.status()
    if status.finished and status.failed is None:
        # Counts alone do not tell; `wait` looks at the tasks then.
        status = run.wait(0)
    screen.say(
        f"run {run.uuid}: {status.done} of {status.num_tasks} done, {status.failed or 0} failed"
    )
    if status.failed:
        raise CommandError(
            f"{status.failed} of {status.num_tasks} tasks of run {run.uuid} failed: manageTF "
            "--tasks --state failed shows which, --reset-failed makes them wait again"
            + ("" if place is None else f"; their output: {place}"),
            ExitStatus.TASKS_FAILED,
        )
    if status.finished:
        run_notes.forget_note(run.uuid)
        return ExitStatus.OK
    if limited:
        raise CommandError(
            f"ended by a limit as asked; {status.waiting} tasks wait, {status.computing} are "
            "computed",
            ExitStatus.NOT_FINISHED,
        )
    if halted:
        raise CommandError(f"too many failures in a row; {status.waiting} tasks wait")
    return ExitStatus.OK
