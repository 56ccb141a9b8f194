"""Tables of results: a line for each item, with the columns of the items and of the values."""

from __future__ import annotations

import csv
import dataclasses
import importlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import attrs

from taskfarm_sdk._caught import describe
from taskfarm_sdk._results.result import Result
from taskfarm_sdk.errors import ConfigurationError

ITEM = "item"
VALUE = "value"
ERROR = "error"
# Before the name of a value's column, where an item has one of that name.
PREFIX = "value_"
FRAMES = ("pandas", "polars")

# The value of an item and its error, one of which is None.
Outcome = tuple[Any, BaseException | None]


@attrs.frozen
class Layout:
    """The columns of a table.

    Attributes:
        item: the items' columns; None if items are one column.
        values: the keys of the values, each with the name of its column.
        error: whether there is a column for errors.
    """

    item: tuple[str, ...] | None
    values: dict[str, str]
    error: bool

    @property
    def header(self) -> list[str]:
        """The names of all columns."""
        first = [ITEM] if self.item is None else self.item
        return [*first, *self.values.values(), *([ERROR] if self.error else ())]

    def row(self, result: Result[Any]) -> list[object]:
        """Return the cells of a result; None where there is nothing."""
        if self.item is None:
            cells: list[object] = [result.item]
        else:
            columns = _columns_of(result.item)
            cells = [columns.get(name) for name in self.item]
        keyed: Mapping[str, object] = _keyed(result.value) if result.error is None else {}
        cells += [keyed.get(key) for key in self.values]
        if self.error:
            cells.append(None if result.error is None else describe(result.error))
        return cells


def layout(outcomes: Iterable[Outcome], item_columns: tuple[str, ...] | None) -> Layout:
    """Return the columns that results need, each value's keys in the order of their appearance."""
    keys, error = _keys_of(outcomes)
    taken = {*((ITEM,) if item_columns is None else item_columns), *((ERROR,) if error else ())}
    columns: dict[str, str] = {}
    for key in keys:
        name = key
        while name in taken or (name != key and name in keys):
            name = PREFIX + name
        taken.add(name)
        columns[key] = name
    return Layout(item_columns, columns, error)


def _keys_of(outcomes: Iterable[Outcome]) -> tuple[dict[str, None], bool]:
    """Return the keys of all values, and whether there are errors."""
    keys: dict[str, None] = {}
    error = False
    alike: set[Any] = set()  # whose values all have the same keys, which are known by now
    for value, why in outcomes:
        kind = cast("Any", type(value))
        if why is not None:
            error = True
        elif kind not in alike:
            keys.update(dict.fromkeys(_keyed(value)))
            if _names(kind) is not None:
                alike.add(kind)
    return keys, error


def write_csv(
    path: str | os.PathLike[str],
    outcomes: Iterable[Outcome],
    results: Iterable[Result[Any]],
    item_columns: tuple[str, ...] | None,
) -> None:
    """Write results to a CSV file; none is held.

    Args:
        path: the file, which is replaced.
        outcomes: the value and the error of each result, for the header.
        results: the results, for the lines.
        item_columns: the items' columns; None if items are one column.
    """
    table = layout(outcomes, item_columns)
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.header)
        writer.writerows(map(table.row, results))


def frame(
    outcomes: Iterable[Outcome],
    results: Iterable[Result[Any]],
    item_columns: tuple[str, ...] | None,
) -> Any:
    """Return results as a data frame; the arguments are as for `write_csv`.

    Raises:
        ConfigurationError: neither pandas nor polars is installed.
    """
    library = _frame_library()
    table = layout(outcomes, item_columns)
    columns: list[list[object]] = [[] for _ in table.header]
    for result in results:
        for column, cell in zip(columns, table.row(result), strict=True):
            column.append(cell)
    named = dict(zip(table.header, columns, strict=True))
    # Else polars refuses a column of 1 and 2.5.
    more = {"strict": False} if library.__name__ == "polars" else {}
    return library.DataFrame(named, **more)


def _frame_library() -> ModuleType:
    for name in sorted(FRAMES, key=lambda name: name not in sys.modules):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    raise ConfigurationError(
        "data frames need pandas or polars, and neither is installed: pip install pandas (or "
        "polars), or use to_csv()"
    )


def _columns_of(item: object) -> Mapping[str, object]:
    # The first question is quicker, and nearly always answered.
    if type(item) is dict or isinstance(item, Mapping):
        return cast("Mapping[str, object]", item)
    return {}


def _keyed(value: Any) -> Mapping[str, object]:
    """Return a value's columns: its keys or fields, or itself as one."""
    names = _names(cast("Any", type(value)))
    if names == ():
        return {VALUE: value}
    if names is None:
        return {str(key): cell for key, cell in value.items()}
    return {name: getattr(value, name) for name in names} or {VALUE: value}


@cache
def _names(kind: Any) -> Sequence[str] | None:
    """Return the fields of a class's values; None if they have keys."""
    if issubclass(kind, Mapping):
        return None
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    if attrs.has(kind):
        return [field.name for field in attrs.fields(kind)]
    # A named tuple has them.
    return getattr(kind, "_fields", ())
