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
        cells: list[object] = [result.item] if self.item is None else []
        cells += [_cell(result.item, name) for name in self.item or ()]
        keyed: Mapping[str, object] = _keyed(result.value) if result.error is None else {}
        cells += [keyed.get(key) for key in self.values]
        if self.error:
            cells.append(None if result.error is None else describe(result.error))
        return cells


def layout(results: Iterable[Result[Any]], item_columns: tuple[str, ...] | None) -> Layout:
    """Return the columns that results need, each value's keys in the order of their appearance."""
    keys: dict[str, None] = {}
    error = False
    for result in results:
        if result.error is None:
            keys.update(dict.fromkeys(_keyed(result.value)))
        else:
            error = True
    taken = {*((ITEM,) if item_columns is None else item_columns), *((ERROR,) if error else ())}
    columns: dict[str, str] = {}
    for key in keys:
        name = key
        while name in taken or (name != key and name in keys):
            name = PREFIX + name
        taken.add(name)
        columns[key] = name
    return Layout(item_columns, columns, error)


def write_csv(
    path: str | os.PathLike[str],
    results: Iterable[Result[Any]],
    item_columns: tuple[str, ...] | None,
) -> None:
    """Write results to a CSV file; they are gone through twice, and never held."""
    table = layout(results, item_columns)
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.header)
        writer.writerows(map(table.row, results))


def frame(results: Iterable[Result[Any]], item_columns: tuple[str, ...] | None) -> Any:
    """Return results as a data frame.

    Raises:
        ConfigurationError: neither pandas nor polars is installed.
    """
    library = _frame_library()
    table = layout(results, item_columns)
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


def _cell(item: object, name: str) -> object:
    return cast("Mapping[str, object]", item).get(name) if isinstance(item, Mapping) else None


def _keyed(value: Any) -> Mapping[str, object]:
    """Return a value's columns: its keys or fields, or itself as one."""
    names = _names(cast("Any", type(value)))
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
