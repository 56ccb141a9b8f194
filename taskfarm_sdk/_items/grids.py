"""Grids: all combinations of the values of several names, computed and never written out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard

import attrs

from taskfarm_sdk._items import columns
from taskfarm_sdk._items.digests import definition, digest_of
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError

# len() gives no more.
MOST_POINTS = 2**63 - 1
# No list has an index of more digits, and Python reads no more than 4,300.
_RANGE = re.compile(r"(-?\d{1,25}):(-?\d{1,25})(?::(-?\d{1,25}))?")
_NUMBER = r"-?\d*(?:\.\d*)?"  # no digits at all, too
_LIKE_A_RANGE = re.compile(f"{_NUMBER}:{_NUMBER}(:{_NUMBER})?")


@attrs.frozen
class Axis:
    """A name of a grid with its values.

    Attributes:
        name: the name.
        values: its values; a range takes no memory for them.
    """

    name: str
    values: Sequence[Any]


class Grid:
    """The points of a grid: dicts, of which the first name varies slowest.

    Args:
        axes: the names with their values.

    Raises:
        ConfigurationError: there are no axes, a name is no identifier or stands twice, or there
            are too many points.
    """

    def __init__(self, axes: Iterable[Axis]) -> None:
        self.axes = tuple(axes)
        if not self.axes:
            raise ConfigurationError("a grid needs values for at least one name: grid(x=range(10))")
        self.columns = columns.checked([axis.name for axis in self.axes], "the grid")
        counts = [_count(axis) for axis in self.axes]
        self._num_points = math.prod(counts)
        if self._num_points > MOST_POINTS:
            raise ConfigurationError(
                f"the grid has more than {MOST_POINTS:,} points: divide it among several runs"
            )
        # After how many points each name's value changes.
        self._strides = [
            (axis.name, axis.values, math.prod(counts[place + 1 :]), counts[place])
            for place, axis in enumerate(self.axes)
        ]

    def __len__(self) -> int:
        return self._num_points

    def at(self, number: int) -> dict[str, Any]:
        """Return a point: 0 is the first, and numbers are below `len`."""
        return {
            name: values[number // stride % count] for name, values, stride, count in self._strides
        }

    def __iter__(self) -> Iterator[dict[str, Any]]:
        # Not product, which would write out the ranges.
        return map(self.at, range(self._num_points))

    def digest(self) -> str | None:
        """Return a SHA-256 of the names and values; None if values are not JSON-like.

        It is the definition's and not that of the points, so that it is quick for any grid.
        """
        return digest_of([[axis.name, definition(axis.values)] for axis in self.axes])


def axis(name: str, values: object) -> Axis:
    """Return an axis of a grid from what a user gave.

    Args:
        name: its name.
        values: a list, a range, an array or another iterable with at least one value.

    Raises:
        ConfigurationError: it is none.
    """
    if isinstance(values, AbstractSet):
        raise ConfigurationError(
            f"{name} of a grid is a set, which has another order in each process: use "
            f"{name}=sorted(…)"
        )
    if not _has_values(values):
        raise ConfigurationError(
            f"{name} of a grid needs a list or a range of values, not {shown(values)}: "
            f"write {name}=[{shown(values)}]"
        )
    known = values if isinstance(values, range) else _listed(values)
    if not known:
        raise ConfigurationError(f"{name} of a grid has no values: give it at least one")
    return Axis(name, known)


def parsed(text: str) -> Axis:
    """Return an axis from `NAME=VALUES`, as the command line has it.

    Args:
        text: the name, "=", and either values separated by commas, which stay texts as they are,
            or one range of integers, START:END or START:END:STEP, without its end.

    Raises:
        ConfigurationError: the text is none.
    """
    name, equals, values = text.partition("=")
    if not equals:
        raise ConfigurationError(
            f"{text!r} defines no values of a grid: write NAME=VALUES, such as lr=0.1,0.01 or "
            "seed=0:1000"
        )
    (name,) = columns.checked([name], "the grid")
    if found := _RANGE.fullmatch(values):
        return Axis(name, _range(text, *found.groups()))
    listed = tuple(values.split(","))
    if "" in listed:
        raise ConfigurationError(f"{text!r}: a value is empty. Write NAME=VALUE,VALUE or NAME=0:10")
    if odd := next((value for value in listed if _is_like_a_range(value, len(listed))), None):
        raise ConfigurationError(
            f"{text!r}: {odd!r} is no range of integers by itself. Write either one range, "
            f"{name}=START:END or {name}=START:END:STEP, or a list of values without ranges"
        )
    return Axis(name, listed)


def _count(axis: Axis) -> int:
    try:
        return len(axis.values)
    except OverflowError:
        raise ConfigurationError(
            f"{axis.name} of a grid has more than {MOST_POINTS:,} values: divide it among several "
            "runs"
        ) from None


def _is_like_a_range(value: str, among: int) -> bool:
    if _RANGE.fullmatch(value):
        return among > 1
    return value != "::" and len(value) > 1 and _LIKE_A_RANGE.fullmatch(value) is not None


def _range(text: str, start: str, end: str, step: str | None) -> range:
    if step is not None and int(step) == 0:
        raise ConfigurationError(f"{text!r}: the step of a range cannot be 0")
    values = range(int(start), int(end), 1 if step is None else int(step))
    if not values:
        raise ConfigurationError(
            f"{text!r}: the range is empty. Its end is excluded, and with a step below 0 it counts "
            "down"
        )
    return values


def _has_values(values: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping)


def _listed(values: Iterable[Any]) -> tuple[Any, ...]:
    # Arrays have a list of plain numbers, which need no library where they are read.
    plain: Callable[[], Iterable[Any]] | None = getattr(values, "tolist", None)
    return tuple(values if plain is None else plain())
