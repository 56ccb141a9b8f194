"""Read what became of the items of a run from its folder, of `farm.map` or of workTF."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.commands.kept_items import read_identity
from taskfarm_sdk.charts import Cell

_ORDER = "order.json"
_MOST_ORDER_BYTES = 1 << 20
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

    @property
    def num_items(self) -> int:
        """How many items the run has."""

    def states(self) -> bytearray:
        """Return the state of each item: `DONE`, `FAILED`, or 0 for one without a result.

        Raises:
            OSError: the folder cannot be read.
            TaskfarmError: it may not be trusted.
        """

    def fact(self, number: int) -> ItemFact | None:
        """Return what became of an item, or None if it had no result when `states` was called.

        Raises:
            OSError: the folder cannot be read.
            TaskfarmError: it may not be trusted.
        """

    def facts(self) -> Iterator[ItemFact]:
        """Yield what became of each item that has a result, by number.

        Raises:
            OSError: the folder cannot be read.
            TaskfarmError: it may not be trusted.
        """


def open_items(folder: Path) -> ItemsFolder:
    """Open a folder of results, of either kind.

    Raises:
        UsageError: it is none.
        ConfigurationError: a folder of `farm.map` may not be trusted.
        OSError: it cannot be read.
    """
    check_results(folder)
    if (folder / _ORDER).exists():
        from taskfarm_cli.outcomes.functions import FunctionItems

        return FunctionItems(folder)
    from taskfarm_cli.outcomes.commands import CommandItems

    return CommandItems(folder)


def check_results(folder: Path, run_uuid: str | None = None) -> None:
    """Check that a folder holds results of `farm.map` or of workTF, and of this run.

    Args:
        folder: the folder.
        run_uuid: the run's UUID; None to leave it unchecked.

    Raises:
        UsageError: it does not.
    """
    if not folder.is_dir():
        raise UsageError(f"--results: there is no folder {str(folder)!r}")
    its_run = _run_of(folder)
    if its_run is None:
        raise UsageError(
            f"--results: {str(folder)!r} does not say of which run it holds results: name the "
            "folder of `farm.map`, or of `workTF --results` or `--log`"
        )
    if run_uuid is not None and its_run != run_uuid:
        raise UsageError(
            f"--results: {str(folder)!r} holds the results of run {its_run}, not of {run_uuid}"
        )


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


def _run_of(folder: Path) -> str | None:
    try:
        if not (folder / _ORDER).exists():
            identity = read_identity(folder)
            return None if identity is None else identity.run
        with (folder / _ORDER).open("rb") as file:
            document = json.loads(file.read(_MOST_ORDER_BYTES))
        run_uuid = document["run_uuid"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return run_uuid if isinstance(run_uuid, str) else None
