"""The items of each task of a run, by what is known of it: one rule for page and report."""

from __future__ import annotations

from taskfarm_cli.common import run_files
from taskfarm_cli.outcomes.rates import Points
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk.errors import ConfigurationError


def chunks_of(run: str, num_tasks: int, num_items: int | None = None) -> Chunks | None:
    """Return the items of each task of a run; None where each is one, or nothing tells.

    A results folder knows better than a note: that of `manageTF --create` knows no inputs.

    Args:
        run: the run's UUID.
        num_tasks: how many tasks it has.
        num_items: how many items its results folder has; None without one.
    """
    found: Chunks | None = None
    if num_items is not None:
        found = _cut(num_items, num_tasks)
    elif (noted := run_files.noted_items(run, num_tasks)) is not None:
        found = noted.chunks
    return None if found is None or found.size == 1 else found


def rates_of_items(points: Points, chunks: Chunks | None) -> Points:
    """Return rates of tasks as those of their items; unchanged where these are not known."""
    if chunks is None:
        return points
    # The last task may have fewer: by the mean, all tasks together have all items.
    per_task = chunks.items / chunks.tasks
    return [(time_s, rate * per_task) for time_s, rate in points]


def noun_of(chunks: Chunks | None) -> str:
    """Return what is counted, in the plural."""
    return "tasks" if chunks is None else "items"


def _cut(num_items: int, num_tasks: int) -> Chunks | None:
    try:
        return Chunks(num_items, num_tasks)
    except ConfigurationError:
        return None
