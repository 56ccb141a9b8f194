"""The last state of each task by its attempts, in nine bytes a task."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from taskfarm_cli.outcomes.attempt import FAILURES, Attempt
from taskfarm_sdk.charts import Cell

# Of larger runs the report shows no grid, so that its memory is bounded.
MOST_TASKS = 5_000_000
_DONE, _FAILED = 1, 2
# Attempts that end otherwise leave the task waiting; one that was taken over says nothing of it.
_CODES = {"completed": _DONE, "failed for good": _FAILED, "failed": 3, "released": 4}
# Of a task in one of these states, some attempt failed before.
_HAS_FAILED = 8
_STATE = _HAS_FAILED - 1


def difference(settled: int, done: int) -> str:
    """Return the sentence about a journal and a server whose counts differ, or an empty text.

    Args:
        settled: how many tasks are completed or failed for good by the journal.
        done: how many are done by the server, which counts both.
    """
    if settled == done:
        return ""
    return (
        f"By the journal {settled:,} tasks are done or failed, and by the server {done:,}: workers "
        "without a journal, an attempt whose worker was killed, or a reset make that difference."
    )


class TaskStates:
    """What the last attempt at each task came to.

    Args:
        num_tasks: the number of tasks; it grows with what is added.
    """

    def __init__(self, num_tasks: int = 0) -> None:
        self._states = bytearray(num_tasks)
        self._ends = array("d", bytes(8 * num_tasks))

    def __len__(self) -> int:
        return len(self._states)

    def add(self, attempt: Attempt) -> bool:
        """Take note of an attempt; the order in which they come does not matter.

        Returns:
            Whether it is the last one of its task so far.
        """
        task, code = attempt.task, _CODES.get(attempt.outcome)
        if code is None:
            return False
        if task >= len(self._states):
            self._reach(task)
        if attempt.outcome in FAILURES:
            self._states[task] |= _HAS_FAILED
        # Clocks of machines differ a little: within a second, the attempt's number decides.
        place = int(attempt.end_s) + min(attempt.number, 99) / 128
        if place < self._ends[task]:
            return False
        self._ends[task] = place
        self._states[task] = self._states[task] & _HAS_FAILED | code
        return True

    @property
    def settled(self) -> int:
        """How many tasks are done as the server counts them: completed or failed for good."""
        return self.done + self.failed

    @property
    def done(self) -> int:
        """How many tasks were completed."""
        return self._count(_DONE)

    @property
    def failed(self) -> int:
        """How many have failed for good."""
        return self._count(_FAILED)

    @property
    def known(self) -> int:
        """Of how many tasks an attempt is known that says something of their state."""
        return len(self._states) - self._states.count(0)

    @property
    def failed_before(self) -> int:
        """How many have failed attempts, and did not fail for good."""
        states = self._states
        codes = (code | _HAS_FAILED for code in range(_STATE + 1) if code != _FAILED)
        return sum(states.count(code) for code in codes)

    def is_done(self, task: int) -> bool:
        """Return whether a task was completed."""
        return task < len(self._states) and self._states[task] & _STATE == _DONE

    def has_failed(self, task: int) -> bool:
        """Return whether a task has failed for good."""
        return task < len(self._states) and self._states[task] & _STATE == _FAILED

    def failed_tasks(self) -> Iterator[int]:
        """Yield the numbers of the tasks that have failed for good, ascending."""
        place = self._states.find(_FAILED | _HAS_FAILED)
        while place >= 0:
            yield place
            place = self._states.find(_FAILED | _HAS_FAILED, place + 1)

    def cells(self, open_state: str, most: int, num_tasks: int | None = None) -> list[Cell]:
        """Return the cells of the grid.

        Args:
            open_state: the state of tasks that are neither done nor failed.
            most: the highest number of cells.
            num_tasks: the number of the run's tasks; None if it was given before.
        """
        total = len(self._states) if num_tasks is None else num_tasks
        size = max(1, -(-total // most))
        return [
            self._cell(first, min(size, total - first), open_state)
            for first in range(0, total, size)
        ]

    def _cell(self, first: int, count: int, open_state: str) -> Cell:
        states = self._states[first : first + count]
        done = states.count(_DONE) + states.count(_DONE | _HAS_FAILED)
        failed = states.count(_FAILED | _HAS_FAILED)
        left = count - done - failed
        return Cell(
            first=first,
            done=done,
            failed=failed,
            waiting=left if open_state == "waiting" else 0,
            computing=left if open_state == "computing" else 0,
            unknown=left if open_state == "unknown" else 0,
        )

    def _count(self, code: int) -> int:
        return self._states.count(code) + self._states.count(code | _HAS_FAILED)

    def _reach(self, task: int) -> None:
        more = task + 1 - len(self._states)
        self._states.extend(bytes(more))
        self._ends.frombytes(bytes(8 * more))
