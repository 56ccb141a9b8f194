"""Items of `farm.map`, from its results folder."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taskfarm_cli.outcomes.attempt import MOST_MESSAGE
from taskfarm_cli.outcomes.item_facts import DONE, FAILED, ItemFact
from taskfarm_sdk import Result, Results, results

# Of a representation that a user's class makes.
_MOST_TEXT = 200


class FunctionItems:
    """The items of a run of `farm.map`; see `ItemsFolder`.

    Args:
        folder: its folder.

    Raises:
        ConfigurationError: it may not be trusted.
    """

    def __init__(self, folder: Path) -> None:
        self._results: Results[Any] = results(folder)

    @property
    def run_uuid(self) -> str:
        """The run's UUID."""
        return self._results.run_uuid

    @property
    def num_items(self) -> int:
        """How many items the run has."""
        return len(self._results)

    def states(self) -> bytearray:
        """Return the state of each item."""
        states = bytearray([DONE]) * len(self._results)
        # What fails meanwhile has failed: `failed` is the later reading.
        for number in self._results.missing:
            states[number] = 0
        for number in self._results.failed:
            states[number] = FAILED
        return states

    def fact(self, number: int) -> ItemFact | None:
        """Return what became of an item; one that has an error has failed."""
        result = self._results[number]
        if result.attempts == 0:
            return None
        return _fact(result, failed=result.error is not None)

    def facts(self) -> Iterator[ItemFact]:
        """Yield what became of each item that has a result."""
        states = self.states()
        for result in self._results:
            # What was computed meanwhile is left to the next reading.
            if states[result.number] and result.attempts:
                yield _fact(result, failed=states[result.number] == FAILED)


def _fact(result: Result[Any], *, failed: bool) -> ItemFact:
    return ItemFact(
        result.number,
        _short(result.item),
        result.attempts,
        result.took_s,
        failed,
        _text_of(result.error)[:MOST_MESSAGE] if failed else "",
    )


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
        return reprlib.repr(item)[:_MOST_TEXT]
    except Exception:  # noqa: BLE001 - the user's class raises what it likes
        return f"<{type(item).__name__}>"[:_MOST_TEXT]
