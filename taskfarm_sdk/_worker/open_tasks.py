"""Count a worker's open and in-flight tasks, and wait for that count to change.

While no other worker computes, there are no tasks of others to watch: a thread without a task waits
here until a task may wait again or none is left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

# After so long the caller checks again for other workers.
PATIENCE_S = 5.0


class OpenTasks:
    """Counts a worker's open tasks, and the claims under way that may become some.

    Args:
        count_open: how many tasks are open.
        stopping: whether to stop waiting.
    """

    def __init__(self, count_open: Callable[[], int], stopping: Callable[[], bool]) -> None:
        self._count_open = count_open
        self._stopping = stopping
        # A signal's handler may come while its own thread has it.
        self._changed = threading.Condition(threading.RLock())
        self._claiming = 0
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often so far a task may have begun to wait for any worker."""
        return self._changes

    def count(self) -> int:
        """Return how many tasks the server may count as computing for this worker."""
        with self._changed:
            return self._count_open() + self._claiming

    @contextmanager
    def claiming(self) -> Generator[None]:
        """Count a task that is being claimed until it is open, or is known not to be."""
        with self._changed:
            self._claiming += 1
        try:
            yield
        finally:
            with self._changed:
                self._claiming -= 1
                self._changed.notify_all()

    def has_gone(self, *, waits: bool) -> None:
        """Note that a task is no longer open.

        Args:
            waits: whether it may now wait for any worker.
        """
        with self._changed:
            self._changes += waits
            self._changed.notify_all()

    def wake(self) -> None:
        """Wake the waiting threads to check whether to stop."""
        with self._changed:
            self._changed.notify_all()

    def wait_until_claimed(self) -> None:
        """Wait until no claim is under way, or for a short time.

        Another thread's claim would look like a task that others compute: two threads claiming in
        turn would never watch the tasks of others.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopping() or not self._claiming, PATIENCE_S)

    def wait_for_change(self, changes: int) -> None:
        """Wait until there are more changes than so many, or no task is open, or briefly."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping() or self._changes != changes or not self.count(), PATIENCE_S
            )
