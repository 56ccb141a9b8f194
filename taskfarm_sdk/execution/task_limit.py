"""The number of tasks that a dispatcher may claim, of which only claims that found one count."""

from __future__ import annotations

import threading


class TaskLimit:
    """Counts claims; safe among threads.

    Args:
        most: how many tasks may be claimed; None for no limit.
    """

    def __init__(self, most: int | None) -> None:
        self._left = most
        # Each of them may yet find nothing.
        self._claiming = 0
        self._changed = threading.Condition()

    @property
    def used_up(self) -> bool:
        """Whether as many tasks were claimed as may be."""
        return self._left == 0

    def begin(self) -> bool:
        """Begin a claim; False if there may be none, once that is certain."""
        with self._changed:
            if self._left is not None and self._left <= self._claiming:
                # A thread that ended before the others know would be missing after a pause.
                self._changed.wait_for(lambda: not self._left or self._claiming < self._left)
                return False
            self._claiming += 1
            return True

    def end(self, *, found: bool) -> None:
        """End a claim.

        Args:
            found: whether it found a task.
        """
        with self._changed:
            self._claiming -= 1
            if found and self._left is not None:
                self._left -= 1
            self._changed.notify_all()

    def give_back(self) -> None:
        """Have a claimed task, which was not begun, not count."""
        with self._changed:
            if self._left is not None:
                self._left += 1
            self._changed.notify_all()
