"""Checks of the names of columns, which commands and environment variables contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast

from taskfarm_sdk.errors import ConfigurationError


def checked(names: Sequence[str], source: str) -> tuple[str, ...]:
    """Return the names of columns if each is an identifier, and none stands twice.

    Args:
        names: the names.
        source: what they are columns of, for the error.

    Raises:
        ConfigurationError: a name is missing, is no identifier or stands twice.
    """
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise ConfigurationError(f"column {number} of {source} has no name: give it one")
        if not name.isidentifier():
            raise ConfigurationError(
                f"{name!r} cannot be the name of a column of {source}: use letters, digits and _, "
                f"such as {_identifier_like(name)}"
            )
        if name in names[: number - 1]:
            raise ConfigurationError(
                f"{source} has two columns {name}: give one of them another name"
            )
    return tuple(names)


class Shared:
    """The keys that all of many values have."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] | None = None
        self._possible = True

    def add(self, values: Iterable[object]) -> bool:
        """Add values, and return whether all so far are dicts with the same keys, all texts."""
        if self._possible:
            self._possible = all(map(self._fits, values))
        return self._possible

    def value(self) -> tuple[str, ...] | None:
        """Return the keys in the order of the first value; None if a value has others."""
        return self._names if self._possible else None

    def _fits(self, value: object) -> bool:
        if not isinstance(value, dict):
            return False
        keys = cast("dict[object, object]", value).keys()
        if self._names is None:
            self._names = tuple(key for key in keys if isinstance(key, str))
        return len(keys) == len(self._names) and all(name in keys for name in self._names)


def of_values(values: Iterable[object]) -> tuple[str, ...] | None:
    """Return the keys that all values have; None if one is no dict, or has others."""
    shared = Shared()
    shared.add(values)
    return shared.value()


def _identifier_like(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.strip()).strip("_")
    if not plain:
        return "x"
    return plain if plain.isidentifier() else f"x{plain}"
