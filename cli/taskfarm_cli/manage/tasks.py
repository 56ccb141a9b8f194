"""`--tasks` and `--repair`, which send a request for each task and show the progress."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

from taskfarm_cli.manage.progress import Progress

if TYPE_CHECKING:
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Run, TaskInfo, TaskState


def list_tasks(run: Run, output: Output, state: TaskState | None) -> None:
    """Show the run's tasks by number, optionally only those in one state."""
    with Progress() as progress, closing(_found(run, state, progress)) as found:
        output.tasks(run, found)


def repair(run: Run) -> int:
    """Repair a broken run, and return how many tasks were missing."""
    with Progress() as progress:
        return run.repair(progress.show)


def _found(run: Run, state: TaskState | None, progress: Progress) -> Generator[TaskInfo]:
    # Filtered here, not by the SDK, so that skipped tasks count as progress.
    for info in run.task_infos():
        if state in (None, info.state):
            progress.clear()
            yield info
        progress.show(info.number + 1, run.num_tasks)
