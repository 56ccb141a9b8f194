"""Facts of the items of a run, gathered from its folder in one pass and in bounded memory."""

from __future__ import annotations

import heapq
import json
import math
import reprlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import one_line
from taskfarm_cli.report.causes import Causes
from taskfarm_cli.report.facts import MOST_FAILED, MOST_SLOWEST
from taskfarm_cli.report.tasks import MOST_TASKS
from taskfarm_cli.work.commands.identity import read_identity
from taskfarm_cli.work.show.kept import Kept
from taskfarm_cli.work.show.streams import Reader
from taskfarm_sdk.charts import Cell

_ORDER = "order.json"
_MOST_ORDER_BYTES = 1 << 20
_DONE, _FAILED = 1, 2


class ItemFact(NamedTuple):
    """One item.

    Attributes:
        number: its number, from 0.
        text: the item, shortened.
        attempts: how many attempts at it ended.
        took_s: how long the last one took.
        message: why it failed; empty if it did not.
    """

    number: int
    text: str
    attempts: int
    took_s: float
    message: str


class ItemFacts:
    """What became of the items of a run.

    Args:
        num_items: how many there are.
    """

    def __init__(self, num_items: int) -> None:
        self.num_items = num_items
        self.done = 0
        self.failed = 0
        self.durations_s = array("d")
        self.causes = Causes()
        self.failures: list[ItemFact] = []
        self._states = bytearray(num_items) if num_items <= MOST_TASKS else None
        self._slowest: list[tuple[float, int, ItemFact]] = []

    @property
    def missing(self) -> int:
        """How many have no result so far."""
        return self.num_items - self.done - self.failed

    def add(self, fact: ItemFact, *, failed: bool, exit_status: int | None = None) -> None:
        """Take note of an item that has a result, and of its command's exit status."""
        if self._states is not None:
            self._states[fact.number] = _FAILED if failed else _DONE
        if failed:
            self.failed += 1
            self.causes.add(fact.number, fact.message, exit_status)
            if len(self.failures) < MOST_FAILED:
                self.failures.append(fact)
            return
        self.done += 1
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
        states = self._states or bytearray()
        size = max(1, -(-len(states) // most))
        blocks = ((first, states[first : first + size]) for first in range(0, len(states), size))
        return [
            Cell(
                first=first,
                done=block.count(_DONE),
                failed=block.count(_FAILED),
                unknown=block.count(0),
            )
            for first, block in blocks
        ]


def check_results(folder: Path, run_uuid: str | None = None) -> None:
    """Check that a folder holds results of `farm.map` or of workTF, and of this run.

    Args:
        folder: the folder.
        run_uuid: the run's UUID; None to leave it unchecked.

    Raises:
        UsageError: it does not.
    """
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


def read_items(folder: Path) -> ItemFacts:
    """Read a results folder. Reading one of `farm.map` runs code that is stored in it.

    Raises:
        OSError: a folder of workTF cannot be read.
        TaskfarmError: a folder of `farm.map` may not be trusted, or its items are damaged.
    """
    return _of_functions(folder) if (folder / _ORDER).exists() else _of_commands(folder)


def _of_commands(folder: Path) -> ItemFacts:
    kept = Kept.of(folder)
    facts = ItemFacts(kept.num_items or 0)
    with Reader() as reader:
        for item in kept.numbers():
            record = kept.record(item)
            if record is None:
                continue
            said = f"exit status {record.exit}"
            if record.exit != 0 and (last := one_line(reader.last_line(record.stderr))):
                said = f"{said}: {last}"
            fact = ItemFact(item, "", record.attempt or 1, math.nan, said)
            facts.add(fact, failed=record.exit != 0, exit_status=record.exit)
    return facts


def _of_functions(folder: Path) -> ItemFacts:
    from taskfarm_sdk import results

    found = results(folder)
    facts = ItemFacts(len(found))
    is_failed = _members(found.failed, len(found))
    is_missing = _members(found.missing, len(found))
    for result in found:
        number = result.number
        if is_missing[number] or result.attempts == 0:
            continue
        failed = bool(is_failed[number])
        message = _text_of(result.error) if failed else ""
        text = _short(result.item)
        facts.add(ItemFact(number, text, result.attempts, result.took_s, message), failed=failed)
    return facts


def _members(numbers: Sequence[int], count: int) -> bytearray:
    found = bytearray(count)
    for number in numbers:
        found[number] = 1
    return found


def _run_of(folder: Path) -> str | None:
    if not (folder / _ORDER).exists():
        identity = read_identity(folder)
        return None if identity is None else identity.run
    try:
        with (folder / _ORDER).open("rb") as file:
            document = json.loads(file.read(_MOST_ORDER_BYTES))
        run_uuid = document["run_uuid"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return run_uuid if isinstance(run_uuid, str) else None


def _text_of(error: BaseException | None) -> str:
    if error is None:
        return ""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the user's class raises what it likes
        text = "its text cannot be read"
    kind = type(error).__name__
    # What stands for an exception that could not be stored names its type itself.
    return text if kind == "FunctionFailed" else f"{kind}: {text}"


def _short(item: object) -> str:
    try:
        return reprlib.repr(item)
    except Exception:  # noqa: BLE001 - the user's class raises what it likes
        return f"<{type(item).__name__}>"
