"""Inputs of `--grid` and of `:::`: all combinations of values, computed and never written out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import cast

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources import limits
from taskfarm_cli.work.sources.inputs import Columns, Input
from taskfarm_cli.work.sources.rows import Rows
from taskfarm_sdk._items.grids import Axis, Grid, parsed

# Before the number of a group, because a grid's names are identifiers.
_GROUP = "_"


def load(definitions: Sequence[str]) -> Rows:
    """Return the points of a grid.

    Args:
        definitions: `NAME=VALUES` for each column; the first varies slowest.

    Raises:
        UsageError: a command cannot be given one of the points.
        ConfigurationError: a definition is none.
    """
    grid = Grid([parsed(text) for text in definitions])
    for axis in grid.axes:
        _check(axis.values)
    # The quotes, the colon, the comma and the blanks of a JSON object.
    _check_together(
        len(json.dumps(axis.name)) + _longest_json(axis.values) + 4 for axis in grid.axes
    )
    return Rows(grid, "the grid")


class Combinations:
    """Inputs that are combinations of the words of groups; the first group varies slowest.

    The columns are named 1, 2 and so on, and the whole input is the words with blanks between.

    Args:
        groups: the words of each group.

    Raises:
        UsageError: a group is empty, or a command cannot be given one of the combinations.
    """

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        for place, group in enumerate(groups, start=1):
            if not group:
                which = ":::" if len(groups) == 1 else f"::: number {place}"
                raise UsageError(
                    f"no values follow {which}: is a shell variable unset, or does no file match?"
                )
            _check(group)
        _check_together(max(map(_length, group)) + 1 for group in groups)
        self._grid = Grid(
            Axis(f"{_GROUP}{place}", tuple(group)) for place, group in enumerate(groups, start=1)
        )
        self.columns = Columns(
            tuple(name.removeprefix(_GROUP) for name in self._grid.columns), "the ::: values"
        )

    def __len__(self) -> int:
        return len(self._grid)

    def at(self, number: int) -> Input:
        """Return a combination."""
        words = cast("list[str]", list(self._grid.at(number).values()))
        return Input(" ".join(words), dict(zip(self.columns.names, words, strict=True)))

    def digest(self) -> str:
        """Return the digest of the groups, which is quick however many combinations there are."""
        return cast("str", self._grid.digest())  # texts have one


def _check(values: Sequence[object]) -> None:
    if not isinstance(values, range):
        for number, value in enumerate(values):
            limits.check(number, str(value))


def _check_together(lengths: Iterable[int]) -> None:
    if (longest := sum(lengths)) > limits.LONGEST:
        raise limits.too_long(f"the longest of the inputs has about {longest} bytes")


def _longest_json(values: Sequence[object]) -> int:
    if isinstance(values, range):
        return max(len(str(values[0])), len(str(values[-1]))) + 2
    return max(_length(json.dumps(str(value), ensure_ascii=False)) for value in values)


def _length(text: str) -> int:
    return len(text.encode(errors="surrogateescape"))
