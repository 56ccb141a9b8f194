"""The rules of an attempt at a chunk: in which order, when it ends early, and what it says."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taskfarm_sdk._models import counted

# Of a longer list of items, a reason names so many.
NAMED_MOST = 20


def in_order(
    open_items: Sequence[int],
    *,
    attempts: int,
    failed: Collection[int] = (),
    skipped: Collection[int] = (),
) -> list[int]:
    """Return the order in which an attempt computes the open items of a chunk.

    Items that failed before come after the others. An item that ended the process of each attempt
    before leaves no failure; it is among the first items without a record, as many as there were
    attempts, and these come last.

    Args:
        open_items: the items without a value, ascending.
        attempts: how many attempts at the chunk were counted before.
        failed: the items with a failure on record.
        skipped: items that are not computed in this attempt.
    """
    if not (attempts or failed or skipped):
        return list(open_items)
    left = [item for item in open_items if item not in skipped]
    untried = [item for item in left if item not in failed]
    again = [item for item in left if item in failed]
    return [*untried[attempts:], *again, *untried[:attempts]]


def recorded_attempts(max_attempts: int) -> int:
    """Return how many failed attempts an item has on record that ended its process each time.

    The first attempt at a chunk leaves no record of the item that it was ended at. An item with
    fewer failed attempts may have been in hand by chance when its worker was killed.

    Args:
        max_attempts: after how many attempts a chunk has failed for good.
    """
    return max(1, max_attempts - 1)


def is_hopeless(failed: int, *, advanced: bool, halt_after: int) -> bool:
    """Return whether an attempt ends early, because nothing but failures came.

    Args:
        failed: how many items failed in it.
        advanced: whether an item of the chunk has a value, from this attempt or before.
        halt_after: how many failures are too many.
    """
    return not advanced and failed >= halt_after


def reason(failed: Sequence[int], size: int, *, untried: int = 0) -> str:
    """Return why an attempt at a chunk failed.

    Args:
        failed: the items that failed.
        size: how many items the chunk has.
        untried: how many items were left out after these.
    """
    said = f"{len(failed)} of {counted(size, 'item')} failed: {listed(failed)}"
    return f"{said}; {untried} more were not tried, because none succeeded" if untried else said


def listed(items: Sequence[int]) -> str:
    """Return the numbers of items for a sentence, the first of many."""
    shown = ", ".join(map(str, sorted(items)[:NAMED_MOST]))
    more = len(items) - NAMED_MOST
    return f"{shown} and {more:,} more" if more > 0 else shown
