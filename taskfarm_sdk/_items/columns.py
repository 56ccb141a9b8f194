"""Checks of the names of columns, which commands and environment variables contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

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


def of_values(values: Iterable[object]) -> tuple[str, ...] | None:
    """Return the keys that all of these values have, in the first one's order.

    Returns:
        The keys; None if a value is no mapping, or has other keys, or keys that are no texts.
    """
    found: tuple[str, ...] | None = None
    expected: set[str] = set()
    for value in values:
        if not isinstance(value, Mapping):
            return None
        keys: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        if found is None:
            found = tuple(key for key in keys if isinstance(key, str))
            expected = set(found)
        if len(keys) != len(found) or expected != set(keys):
            return None
    return found


def _identifier_like(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.strip()).strip("_")
    if not plain:
        return "x"
    return plain if plain.isidentifier() else f"x{plain}"
