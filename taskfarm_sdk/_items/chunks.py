"""The arithmetic of chunks: which items each task has, and the position kept in its percentage."""

from __future__ import annotations

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError

# Up to here the hundredths of a percentage hold any position exactly, and those of an unfinished
# chunk are at most 99.99, which is the most that a lease keeps.
MOST_ITEMS = 9_999
HUNDREDTHS = 10_000  # of 100 %
# Python writes no integer of more than 4,300 digits.
MOST_WRITTEN = 10**18


@attrs.frozen
class Chunks:
    """The items of a run, cut into one chunk of consecutive items for each task.

    Whoever knows the number of items and the run's number of tasks derives the same chunks.

    Args:
        items: the number of items.
        tasks: the number of the run's tasks.

    Raises:
        ConfigurationError: items cannot be cut into this many chunks.
    """

    items: int
    tasks: int

    def __attrs_post_init__(self) -> None:
        _check_items(self.items)
        _validation.number_of_tasks(self.tasks)
        _check_size(self.size, self.items)
        needed = -(-self.items // self.size)
        if needed != self.tasks:
            raise ConfigurationError(
                f"{self.items:,} items cannot be the chunks of {self.tasks:,} tasks: chunks of "
                f"{self.size:,} are {needed:,} tasks. Check that the items are those of this run, "
                "or create a run for them"
            )

    @classmethod
    def cut(cls, items: int, size: int) -> Chunks:
        """Return the chunks of a new run.

        Args:
            items: the number of items.
            size: the number of items in a chunk that was asked for. The chunks have at most this
                many: as few as the same number of tasks needs, so all but the last are equal.

        Raises:
            ConfigurationError: `size` is not 1 to 9,999, there are no items, or they would be more
                tasks than a run can have.
        """
        _check_items(items)
        _check_size(_validation.at_least_one("chunk", size), items)
        tasks = -(-items // size)
        if tasks > _validation.MAX_TASKS:
            raise ConfigurationError(
                f"{items:,} items in chunks of {size:,} are {tasks:,} tasks, and a run has at most "
                f"{_validation.MAX_TASKS:,}: {_advice_for(items)}"
            )
        return cls(items, tasks)

    @property
    def size(self) -> int:
        """The number of items in each chunk; the last one may have fewer."""
        return -(-self.items // self.tasks)

    def of(self, task: int) -> range:
        """Return the numbers of a task's items.

        Raises:
            ConfigurationError: the run has no task with this number.
        """
        first = _validation.task_number(task, self.tasks) * self.size
        return range(first, min(first + self.size, self.items))

    def task_of(self, item: int) -> int:
        """Return the number of the task that an item belongs to.

        Raises:
            ConfigurationError: there is no item with this number.
        """
        if type(item) is not int or not 0 <= item < self.items:
            raise ConfigurationError(
                f"an item's number must be an integer from 0 to {self.items - 1}, not {shown(item)}"
            )
        return item // self.size


def hundredths(done: int, size: int) -> int:
    """Return the hundredths of a percentage that keep a position in a chunk.

    Args:
        done: how many items of the chunk need no further work, counted from its first.
        size: the number of items in the run's chunks, also for a shorter last chunk.
    """
    return HUNDREDTHS * done // size


def position(percent: float, size: int) -> int:
    """Return how many items of a chunk need no further work, by its task's percentage.

    It is what was given to `hundredths`, for chunks of up to 9,999 items.

    Args:
        percent: the percentage, without its lease. Only one that carried a lease of this SDK is a
            position; without one, a chunk begins at 0.
        size: the number of items in the run's chunks, also for a shorter last chunk.

    Raises:
        ConfigurationError: `percent` is not a number from 0 to 100.
    """
    # In integers: the same in floats passes over an item in chunks of 500, 1,000 and 5,000.
    kept = round(_validation.percentage(percent) * 100)
    return -(-kept * size // HUNDREDTHS)


def _check_items(items: int) -> None:
    if type(items) is not int or items < 1:
        raise ConfigurationError(
            f"the number of items must be an integer of at least 1, not {shown(items)}"
        )


def _check_size(size: int, items: int) -> None:
    if size > MOST_ITEMS:
        raise ConfigurationError(
            f"a chunk has at most {MOST_ITEMS:,} items, not {_written(size)}: {_advice_for(items)}"
        )


def _written(size: int) -> str:
    return f"{size:,}" if size < MOST_WRITTEN else shown(size)


def _advice_for(items: int) -> str:
    least = -(-items // MOST_ITEMS)
    if least <= _validation.MAX_TASKS:
        return f"use chunks of up to {MOST_ITEMS:,}, which are {least:,} tasks or more"
    return "divide the items among several runs"
