"""Tell tasks that nobody had before from those that are handed out again."""

from __future__ import annotations

import threading

from taskfarm_sdk._protocol.operations import TaskRow


class HandOuts:
    """The hand-outs of one worker; safe among threads.

    A number that is not 0 shows that somebody had the task. A restart by the server, and other
    clients, set tasks waiting at 0: but the server creates tasks in order, so that one below a task
    that this worker knew of when it asked is not new either.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._highest = -1
        self._some_came_again = False

    @property
    def highest(self) -> int:
        """The highest number handed out so far; -1 before the first."""
        return self._highest

    def is_new(self, row: TaskRow, highest_before: int) -> bool:
        """Note a hand-out, and return whether surely nobody had the task before.

        Args:
            row: the task as it was handed out.
            highest_before: `highest` when the task was asked for.
        """
        with self._lock:
            self._highest = max(self._highest, row.number)
            if row.percent not in (None, 0):
                return False
            # From then on others of these may come that are above all that this worker has seen.
            self._some_came_again |= row.number <= highest_before
            return not self._some_came_again
