"""Advice about a run, from its counts alone: reading each task would take too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import command as shell_command
from taskfarm_cli.common.text import counted, manage_command

if TYPE_CHECKING:
    from taskfarm_sdk import Run, RunStatus

Command = Callable[..., str]


def advice(
    run: Run, status: RunStatus, baseurl: str | None = None, kept_in: str | None = None
) -> list[str]:
    """Return what may be wrong with a run, with the command that helps, one line each.

    Args:
        run: the run.
        status: its status.
        baseurl: the URL that was given with -b, or None.
        kept_in: the folder of the results or output of the run's items, if it is known.
    """

    def command(*options: str) -> str:
        return manage_command(baseurl, *options, run.uuid)

    if run.num_tasks < 1:
        delete = command("--delete")
        return [f"no worker can process a run without a valid number of tasks: {delete} deletes it"]
    checks = (_too_many_rows, _failed, _stuck, _broken)
    lines = [line for check in checks if (line := check(status, command))]
    return lines if kept_in is None or not status.failed else [*lines, _items(kept_in)]


def _items(kept_in: str) -> str:
    return f"{shell_command('workTF', '--show', kept_in, '--failed')} lists the items that failed"


def _too_many_rows(status: RunStatus, command: Command) -> str:
    if status.rows <= status.num_tasks:
        return ""
    return (
        f"the server stores {counted(status.rows, 'row')} for {counted(status.num_tasks, 'task')}: "
        "if it still does when no worker is running, the run cannot be repaired; delete it with "
        f"{command('--delete')} and create a new one"
    )


def _failed(status: RunStatus, command: Command) -> str:
    listing = command("--tasks", "--state", "failed")
    if status.failed:
        return (
            f"{status.failed} failed: {listing} lists them, {command('--reset-failed')} sets them "
            "waiting"
        )
    if status.finished and status.failed is None:
        return f"the counts do not show whether tasks failed: {listing} lists failed tasks"
    return ""


def _stuck(status: RunStatus, command: Command) -> str:
    if status.waiting or not status.computing:
        return ""
    return (
        f"if no worker computes the last {counted(status.computing, 'task')} any more: "
        f"{command('--tasks', '--state', 'computing')} lists what is computing, "
        f"{command('--reset')} sets it waiting"
    )


def _broken(status: RunStatus, command: Command) -> str:
    # A run without running workers looks the same: only a claim would tell, and this is no worker.
    none_waits_in_a_row = status.rows <= status.computing + status.done
    idle = status.waiting > 0 and status.computing == 0 and status.done > 0
    if not idle or not none_waits_in_a_row:
        return ""
    return f"if workers report that this run is broken: {command('--repair')} repairs it"
