"""The position in a task's chunk of items, kept in the task's percentage."""

from __future__ import annotations

from collections.abc import Collection

from taskfarm_sdk._items.chunks import HUNDREDTHS, hundredths, position
from taskfarm_sdk.task import Task, handle_of


class ChunkPosition:
    """How many items from the first one on need no further work, as an attempt at a task goes on.

    The task's next report carries it, and so does what settles the task. It never asks for a
    report: the items may be short, and the server serves all workers.

    Args:
        task: the task.
        items: the numbers of its items.
        size: the number of items in the run's chunks, also for a shorter last chunk.
        open_items: those that need work; None if the percentage says it.

    Attributes:
        open_items: the items that need work at the beginning of the attempt, ascending.

    Raises:
        ConfigurationError: the task's percentage is none, or a size is not one of a chunk.
    """

    def __init__(
        self, task: Task, items: range, size: int, open_items: Collection[int] | None = None
    ) -> None:
        self._handle = handle_of(task)
        self._items = items
        self._size = size
        if open_items is None:
            open_items = items[position(task.percent_completed, size) :]
        self.open_items: list[int] = sorted(open_items)
        # By number, so that the next one to pass is found at once.
        self._done = set(items).difference(open_items)
        self._passed = 0
        self._move()

    @property
    def num_done(self) -> int:
        """How many items need no further work, wherever they are in the chunk."""
        return len(self._done)

    def done(self, item: int) -> None:
        """Note that an item was computed, and move on past those without a gap.

        Args:
            item: the item's number.
        """
        self._done.add(item)
        self._move()

    def _move(self) -> None:
        items = self._items
        while self._passed < len(items) and items[self._passed] in self._done:
            self._passed += 1
        self._handle.keep(100 * hundredths(self._passed, self._size) / HUNDREDTHS)
