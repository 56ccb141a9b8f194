"""The number of items that have results, as far as the counts of the tasks show it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from taskfarm_sdk._items.chunks import Chunks
    from taskfarm_sdk._models import RunStatus

Certainty = Literal["exactly", "about", "at least"]


class ItemCount(NamedTuple):
    """How many items of a run have results.

    Attributes:
        done: the number.
        total: the number of all items.
        certainty: "exactly"; "about", as the mean of the tasks' percentages tells; or "at least",
            because a failed task does not show how many of its items succeeded.
    """

    done: int
    total: int
    certainty: Certainty

    @property
    def is_exact(self) -> bool:
        """Whether the number is exact."""
        return self.certainty == "exactly"

    def __str__(self) -> str:
        said = f"{self.done:,} of {self.total:,} items done"
        return said if self.is_exact else f"{self.certainty} {said}"


def items_done(chunks: Chunks | None, status: RunStatus) -> ItemCount | None:
    """Return how many items have results; None where each task is an item, or this is unknown.

    Args:
        chunks: the items of each task, or None if they are not known.
        status: the run's status.
    """
    if chunks is None or chunks.size == 1 or chunks.tasks != status.num_tasks:
        return None
    if status.succeeded:
        return ItemCount(chunks.items, chunks.items, "exactly")
    if status.finished and status.failed is not None:
        return ItemCount(_of_tasks(chunks, status.done - status.failed), chunks.items, "at least")
    if not (status.done or status.computing or status.percent_done):
        return ItemCount(0, chunks.items, "exactly")
    percent = status.percent_done
    if not math.isfinite(percent) or not 0 <= percent <= 100:  # another client's number
        return ItemCount(_of_tasks(chunks, status.done), chunks.items, "about")
    share = percent / 100 * chunks.tasks
    return ItemCount(min(chunks.items, int(share * chunks.size)), chunks.items, "about")


def _of_tasks(chunks: Chunks, tasks: int) -> int:
    """Return how many items so many tasks have at least, the last task among them."""
    return max(0, chunks.items - (chunks.tasks - tasks) * chunks.size)
