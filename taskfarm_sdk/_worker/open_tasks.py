"""Count a worker's open and in-flight tasks, and wait for that count to change.

Where nobody but the worker itself computes, it has nobody to look after: a thread that finds
nothing to do waits here, until there may be something again or nothing is left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

# After so long it is seen anew whether somebody else has come.
PATIENCE_S = 5.0


class OpenTasks:
    """Counts a worker's open tasks, and the claims under way that may become some.

    Args:
        count_open: how many tasks are open.
        stopping: whether to wait no more.
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
        """How often so far a task may have come to wait for anyone."""
        return self._changes

    def count(self) -> int:
        """Return how many tasks the server may have handed out and not got back."""
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
        """Note that a task is open no more.

        Args:
            waits: whether it may wait for anyone now.
        """
        with self._changed:
            self._changes += waits
            self._changed.notify_all()

    def wake(self) -> None:
        """Have those that wait see whether to stop."""
        with self._changed:
            self._changed.notify_all()

    def wait_until_claimed(self) -> None:
        """Wait until no claim is under way, or a little.

        One of another thread would pass for a task that others compute: two threads in turn would
        never look after those.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopping() or not self._claiming, PATIENCE_S)

    def wait_for_change(self, changes: int) -> None:
        """Wait until there were more changes than so many, or nothing is in hand, or a little."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping() or self._changes != changes or not self.count(), PATIENCE_S
            )
