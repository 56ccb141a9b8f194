"""Facts of the items of a run, as every folder of results tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from taskfarm_sdk.charts import Cell

# The states of items: of the others nothing is known.
DONE, FAILED = 1, 2


class ItemFact(NamedTuple):
    """An item that has a result.

    Attributes:
        number: its number, from 0.
        text: the item, shortened; empty if the folder does not hold it.
        attempts: how many attempts at it ended; None if the folder does not tell.
        took_s: how long the last one took; NaN if the folder does not tell.
        failed: whether it failed.
        message: why it failed; empty if it did not. It is cut after some thousands of characters.
        exit_status: its command's exit status, if it has one.
    """

    number: int
    text: str
    attempts: int | None
    took_s: float
    failed: bool
    message: str
    exit_status: int | None = None


class ItemsFolder(Protocol):
    """The results of the items of one run.

    `states` and `facts` also read what was added since the last time. What is stored in a folder of
    `farm.map` is unpickled, which runs code.
    """

    @property
    def run_uuid(self) -> str:
        """The run's UUID."""
        ...

    @property
    def num_items(self) -> int:
        """How many items the run has."""
        ...

    def states(self) -> bytearray:
        """Return the state of each item: `DONE`, `FAILED`, or 0 for one without a result.

        Raises:
            OSError: the folder cannot be read.
            TaskfarmError: it may not be trusted.
        """
        ...

    def fact(self, number: int) -> ItemFact | None:
        """Return what became of an item, or None if it had no result when `states` was called.

        Raises:
            OSError: the folder cannot be read.
            TaskfarmError: it may not be trusted.
        """
        ...

    def facts(self) -> Iterator[ItemFact]:
        """Yield what became of each item that has a result, by number.

        Raises:
            OSError: the folder cannot be read.
            TaskfarmError: it may not be trusted.
        """
        ...


def item_cells(states: bytearray, most: int) -> list[Cell]:
    """Return the cells of the grid of items.

    Args:
        states: the state of each item.
        most: the highest number of cells.
    """
    size = max(1, -(-len(states) // most))
    blocks = ((first, states[first : first + size]) for first in range(0, len(states), size))
    return [
        Cell(
            first=first,
            done=block.count(DONE),
            failed=block.count(FAILED),
            unknown=block.count(0),
        )
        for first, block in blocks
    ]
