"""Facts of the items of a run, gathered from its folder in one pass and in bounded memory."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from taskfarm_cli.outcomes.item_facts import DONE, FAILED, ItemFact, item_cells
from taskfarm_cli.outcomes.items import open_items
from taskfarm_cli.outcomes.states import MOST_TASKS
from taskfarm_cli.report.causes import Causes
from taskfarm_cli.report.facts import MOST_SLOWEST
from taskfarm_cli.report.failed import MOST_FAILED
from taskfarm_sdk.charts import Cell


class ItemFacts:
    """What became of the items of a run.

    Args:
        num_items: how many there are.
    """

    def __init__(self, num_items: int) -> None:
        self.num_items = num_items
        self.done = 0
        self.failed = 0
        self.done_by_attempts: Counter[int] = Counter()
        self.durations_s = array("d")
        self.causes = Causes()
        self.failures: list[ItemFact] = []
        self._states = bytearray(num_items) if num_items <= MOST_TASKS else None
        self._slowest: list[tuple[float, int, ItemFact]] = []

    @property
    def missing(self) -> int:
        """How many have no result so far."""
        return self.num_items - self.done - self.failed

    def add(self, fact: ItemFact) -> None:
        """Take note of an item that has a result."""
        if self._states is not None:
            self._states[fact.number] = FAILED if fact.failed else DONE
        if fact.failed:
            self.failed += 1
            self.causes.add(fact.number, fact.message, fact.exit_status)
            if len(self.failures) < MOST_FAILED:
                self.failures.append(fact)
            return
        self.done += 1
        if fact.attempts is not None:
            self.done_by_attempts[min(fact.attempts, 10)] += 1
        if math.isfinite(fact.took_s):
            self.durations_s.append(fact.took_s)
            heapq.heappush(self._slowest, (fact.took_s, -fact.number, fact))
            if len(self._slowest) > MOST_SLOWEST:
                heapq.heappop(self._slowest)

    def slowest(self) -> Sequence[ItemFact]:
        """Return the items that took longest, the slowest first."""
        return [fact for *_, fact in sorted(self._slowest, reverse=True)]

    def cells(self, most: int) -> list[Cell]:
        """Return the cells of the grid; none if there are too many items."""
        return item_cells(self._states or bytearray(), most)


def read_items(folder: Path) -> ItemFacts:
    """Read a results folder. Reading one of `farm.map` runs code that is stored in it.

    Raises:
        OSError: a folder of workTF cannot be read.
        TaskfarmError: a folder of `farm.map` may not be trusted, or its items are damaged.
    """
    items = open_items(folder)
    facts = ItemFacts(items.num_items)
    for fact in items.facts():
        facts.add(fact)
    return facts
