"""Read a results folder while work goes on: which items have values, and why others failed."""

from __future__ import annotations

from itertools import compress, count, islice
from pathlib import Path

from taskfarm_cli.common.text import shortened
from taskfarm_cli.outcomes.item_facts import FAILED, ItemsFolder, item_cells
from taskfarm_cli.outcomes.items import open_items
from taskfarm_cli.view.facts import MOST_FAILURES, MOST_MESSAGE, Failure, Picture

_MOST_CELLS = 1000


class ResultsFolder:
    """The results of the one run that a folder belongs to, of `farm.map` or of workTF.

    Args:
        folder: the folder.

    Raises:
        UsageError: it is no results folder.
        ConfigurationError: it may not be trusted.
        OSError: it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._items: ItemsFolder = open_items(folder)

    def num_items(self, uuid: str) -> int | None:
        """Return how many items a run has; None if the folder is another run's."""
        return self._items.num_items if uuid == self._items.run_uuid else None

    def picture(self, uuid: str) -> Picture | None:
        """Return the states of a run's items; None if the folder is another run's."""
        from taskfarm_sdk import TaskfarmError

        if uuid != self._items.run_uuid:
            return None
        try:
            return self._picture()
        except (TaskfarmError, OSError) as error:
            return Picture(
                origin="results folder",
                noun="item",
                cells=(),
                failures=(),
                num_failed=None,
                remark=f"It cannot be read: {error}",
            )

    def _picture(self) -> Picture:
        states = self._items.states()
        failed = compress(count(), (state == FAILED for state in states))
        return Picture(
            origin="results folder",
            noun="item",
            cells=tuple(item_cells(states, _MOST_CELLS)),
            failures=tuple(map(self._failure, islice(failed, MOST_FAILURES))),
            num_failed=states.count(FAILED),
            remark="An item without a result waits or is being computed; a failed one may be tried "
            "again.",
        )

    def _failure(self, number: int) -> Failure:
        fact = self._items.fact(number)
        if fact is None or not fact.failed:
            # It was computed after its state was read.
            return Failure(number=number, attempts=None, message=None, is_final=False)
        message = shortened(fact.message, MOST_MESSAGE) if fact.message else None
        return Failure(number=number, attempts=fact.attempts, message=message)
