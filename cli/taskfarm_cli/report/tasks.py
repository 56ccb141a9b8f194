"""The last state of each task by its attempts, in nine bytes a task."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from taskfarm_cli.report.journal import Attempt
from taskfarm_sdk.charts import Cell

# Of larger runs the report shows no grid, so that its memory is bounded.
MOST_TASKS = 5_000_000
_DONE, _FAILED = 1, 2
# Attempts that end otherwise leave the task waiting; one that was taken over says nothing of it.
_CODES = {"completed": _DONE, "failed for good": _FAILED, "failed": 3, "released": 4}
_OPEN = (0, 3, 4)


class TaskStates:
    """What the last attempt at each task came to.

    Args:
        num_tasks: the number of tasks.
    """

    def __init__(self, num_tasks: int) -> None:
        self._states = bytearray(num_tasks)
        self._ends = array("d", bytes(8 * num_tasks))

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt; the order in which they come does not matter."""
        code = _CODES.get(attempt.outcome)
        if code is None:
            return
        # Clocks of machines differ a little: within a second, the attempt's number decides.
        place = int(attempt.end_s) + min(attempt.number, 99) / 128
        if place >= self._ends[attempt.task]:
            self._ends[attempt.task] = place
            self._states[attempt.task] = code

    @property
    def done(self) -> int:
        """How many tasks were completed."""
        return self._states.count(_DONE)

    @property
    def failed(self) -> int:
        """How many have failed for good."""
        return self._states.count(_FAILED)

    def has_failed(self, task: int) -> bool:
        """Return whether a task has failed for good."""
        return self._states[task] == _FAILED

    def failed_tasks(self) -> Iterator[int]:
        """Yield the numbers of the tasks that have failed for good, ascending."""
        place = self._states.find(_FAILED)
        while place >= 0:
            yield place
            place = self._states.find(_FAILED, place + 1)

    def cells(self, open_state: str, most: int) -> list[Cell]:
        """Return the cells of the grid.

        Args:
            open_state: the state of tasks that are neither done nor failed.
            most: the highest number of cells.
        """
        size = max(1, -(-len(self._states) // most))
        return [
            self._cell(first, self._states[first : first + size], open_state)
            for first in range(0, len(self._states), size)
        ]

    def _cell(self, first: int, states: bytearray, open_state: str) -> Cell:
        left = sum(states.count(code) for code in _OPEN)
        return Cell(
            first=first,
            done=states.count(_DONE),
            failed=states.count(_FAILED),
            waiting=left if open_state == "waiting" else 0,
            computing=left if open_state == "computing" else 0,
            unknown=left if open_state == "unknown" else 0,
        )
