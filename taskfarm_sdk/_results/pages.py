"""The page that a notebook shows of results."""

from __future__ import annotations

import itertools
import reprlib
from pathlib import Path
from typing import Any

from taskfarm_sdk import _caught, _html
from taskfarm_sdk._results.result import Result
from taskfarm_sdk.errors import TaskfarmError

MOST_SHOWN = 10
_MOST_TEXT = 60


def of_results(folder: Path, results: Any) -> str:
    """Return how many items have values, and what the first items have.

    Args:
        folder: the results folder.
        results: the results in it.
    """
    try:
        failed, missing = len(results.failed), len(results.missing)
        first: list[Result[Any]] = list(itertools.islice(results, MOST_SHOWN))
    except (OSError, TaskfarmError) as error:
        # The output of a cell: an error here would hide what the cell did.
        return _html.block(_html.line(f"Results in {folder} cannot be read: {error}"))
    whole = len(results)
    values = whole - failed - missing
    said = (
        f"{values:,} of {whole:,} items have a value, {failed:,} failed, {missing:,} not computed"
    )
    parts = [(values, _html.DONE), (failed, _html.FAILED)]
    rows = [(result.number, _short(result.item), _answer(result)) for result in first]
    return _html.block(
        _html.line(f"Results in {folder}"),
        _html.line(said),
        _html.bar(parts, whole, said),
        _html.table(rows, head=("number", "item", "value")),
        *([_html.line(f"… and {whole - len(first):,} more")] if whole > len(first) else []),
    )


def _answer(result: Result[Any]) -> str:
    if result.error is not None:
        return _cut(_caught.describe(result.error))
    return _short(result.value)


def _short(value: object) -> str:
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = _MOST_TEXT
    return _cut(short.repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
