"""The rule of `chunk="auto"`: how many items make a chunk, by how long the first ones took."""

from __future__ import annotations

import math
from collections.abc import Sequence

from taskfarm_sdk._items.chunks import MOST_ITEMS

# Longer items are tasks of their own: the two requests of a task cost a fraction of a percent.
LONG_ITEM_S = 5.0
# A chunk of 2 to 5 s costs little for its requests, and waits little for the last one at the end.
SHORTEST_CHUNK_S = 2.0
CHUNK_S = 3.5
# So many chunks for each worker that all of them end at about the same time.
CHUNKS_PER_WORKER = 8
# Beyond this many tasks a run is slow to list and to reset; longer chunks are the smaller evil.
MANY_TASKS = 10_000
LONGEST_CHUNK_OF_MANY_S = 60.0


def auto_size(durations_s: Sequence[float], items: int, workers: int) -> int:
    """Return the number of items in a chunk.

    Args:
        durations_s: how long each of the items took that were tried, in the order of the trial; at
            least one. With three or more the first is left out, because it often includes imports
            and compilation.
        items: the number of items of the run, at least 1.
        workers: how many items are computed at the same time, at least 1.
    """
    typical_s = _typical_s(durations_s)
    if typical_s > LONG_ITEM_S:
        return 1
    fair = max(1, items // (CHUNKS_PER_WORKER * workers))
    return min(max(_by_time(typical_s), _for_few_tasks(typical_s, items)), fair, MOST_ITEMS)


def _typical_s(durations_s: Sequence[float]) -> float:
    warm = durations_s[1:] if len(durations_s) > 2 else durations_s
    return math.fsum(warm) / len(warm)


def _by_time(typical_s: float) -> int:
    """Return how many items take about CHUNK_S, and at least SHORTEST_CHUNK_S."""
    size = _that_fit(CHUNK_S, typical_s)
    return size if size * typical_s >= SHORTEST_CHUNK_S else min(size + 1, MOST_ITEMS)


def _for_few_tasks(typical_s: float, items: int) -> int:
    """Return how many items a chunk needs for MANY_TASKS tasks, or as many as a minute allows."""
    return min(-(-items // MANY_TASKS), _that_fit(LONGEST_CHUNK_OF_MANY_S, typical_s))


def _that_fit(time_s: float, typical_s: float) -> int:
    """Return how many items fit into a time: 1 to MOST_ITEMS."""
    if typical_s * MOST_ITEMS <= time_s:
        return MOST_ITEMS
    return max(1, math.floor(time_s / typical_s))
