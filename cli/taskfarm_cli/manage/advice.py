"""Advice about a run, as far as its counts tell: reading each task would take too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_sdk import Run, RunStatus


def advice(run: Run, status: RunStatus) -> list[str]:
    """Return what may be wrong with a run, and the option that helps, a line each."""
    if run.num_tasks < 1:
        return ["nobody can work on a run without a sound number of tasks: --delete takes it away"]
    told = (_too_many_rows(status), _failed(status), _stuck(status), _broken(status))
    return [line for line in told if line]


def _too_many_rows(status: RunStatus) -> str:
    if status.rows <= status.num_tasks:
        return ""
    return (
        f"the server holds {status.rows} rows for {status.num_tasks} tasks: if it still does when "
        "no worker is at work, nothing mends this run; --delete it and make a new one"
    )


def _failed(status: RunStatus) -> str:
    if status.failed:
        return (
            f"{status.failed} failed: --tasks --state failed shows which, --reset-failed makes "
            "them wait again"
        )
    if status.finished and status.failed is None:
        return "the counts do not tell whether tasks failed: --tasks --state failed shows them"
    return ""


def _stuck(status: RunStatus) -> str:
    if status.waiting or not status.computing:
        return ""
    return (
        f"if nobody works on the last {status.computing} any more: --tasks --state computing shows "
        "which, --reset makes them wait again"
    )


def _broken(status: RunStatus) -> str:
    # A run that sleeps looks the same: only a hand-out tells, and that is for workers to ask for.
    none_waits_in_a_row = status.rows <= status.computing + status.done
    asleep = status.waiting > 0 and status.computing == 0 and status.done > 0
    if not asleep or not none_waits_in_a_row:
        return ""
    return "if workers find this run broken: --repair mends it"
