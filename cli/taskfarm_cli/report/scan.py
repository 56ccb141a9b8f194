"""The facts that reading each task from the server tells, gathered in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from taskfarm_cli.report.failed import MOST_FAILED
from taskfarm_sdk import charts

if TYPE_CHECKING:
    from taskfarm_sdk import TaskInfo, TaskState

_MOST_CELLS = 1000


class TaskFacts:
    """The states of the tasks of a run, as the server has them.

    Args:
        infos: the tasks, from task 0.
        num_tasks: how many there are.
        read: called with the number of tasks that were read.
    """

    def __init__(
        self, infos: Iterable[TaskInfo], num_tasks: int, read: Callable[[int], None]
    ) -> None:
        self.attempts: Counter[int] = Counter()
        self.failed: list[tuple[int, int]] = []
        self.num_failed = 0
        self._read = read
        self.cells = charts.cells(self._states(infos), num_tasks=num_tasks, most=_MOST_CELLS)

    def _states(self, infos: Iterable[TaskInfo]) -> Iterator[tuple[TaskState, float]]:
        for info in infos:
            self._read(info.number + 1)
            self.attempts[info.attempts] += 1
            if info.state == "failed":
                self.num_failed += 1
                if len(self.failed) < MOST_FAILED:
                    self.failed.append((info.number, info.attempts))
            yield info.state, info.percent_completed
