"""Rows as inputs: dicts by column, of which the whole input is a JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from taskfarm_cli.work.sources import limits
from taskfarm_cli.work.sources.inputs import Columns, Input

if TYPE_CHECKING:
    from taskfarm_sdk._items.sources import Source


class Rows:
    """Inputs that are rows by column.

    Args:
        rows: the rows; their values are texts or integers.
        named: what they are rows of, for messages.
    """

    def __init__(self, rows: Source[Mapping[str, str | int]], named: str) -> None:
        self._rows = rows
        self.columns = Columns(rows.columns or (), named, is_strict=True)

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, number: int) -> Input:
        """Return a row; its whole text is a JSON object of texts."""
        return _input(self._rows.at(number))

    def digest(self) -> str:
        """Return the digest of the rows; that of a grid is quick whatever its size."""
        return cast("str", self._rows.digest())  # texts and integers have one

    def check_each(self) -> None:
        """Refuse rows that no command can be given.

        Raises:
            UsageError: there is one.
        """
        for number, row in enumerate(self._rows):
            whole, values = _input(row)
            limits.check(number, whole)
            for value in values.values():
                limits.check(number, value)


def _input(row: Mapping[str, str | int]) -> Input:
    values = {name: str(value) for name, value in row.items()}
    return Input(json.dumps(values, ensure_ascii=False), values)
