"""`--tasks` and `--repair`, which ask for each task of a run, with progress while they do."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

from taskfarm_cli.manage.progress import Progress

if TYPE_CHECKING:
    from taskfarm_cli.manage.output.base import Output
    from taskfarm_sdk import Run, TaskInfo, TaskState


def list_tasks(run: Run, output: Output, state: TaskState | None) -> None:
    """Show the run's tasks by number, or only those in a state."""
    with Progress() as progress, closing(_found(run, state, progress)) as found:
        output.tasks(run, found)


def repair(run: Run) -> int:
    """Mend a broken run, and return how many tasks were missing."""
    with Progress() as progress:
        return run.repair(progress.show)


def _found(run: Run, state: TaskState | None, progress: Progress) -> Generator[TaskInfo]:
    # Chosen here, not by the SDK: what is passed over is progress too.
    for info in run.task_infos():
        if state in (None, info.state):
            progress.clear()
            yield info
        progress.show(info.number + 1, run.num_tasks)
