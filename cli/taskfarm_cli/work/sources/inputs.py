"""The protocol of inputs: what each item of a run is given, as a text and by column."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

import attrs

if TYPE_CHECKING:
    from taskfarm_sdk._items.sources import Source

# Encoded at a time: enough that the calls cost little, and little memory.
_BATCH = 10_000


@attrs.frozen
class Columns:
    """The columns of inputs.

    Attributes:
        names: their names, in order; none where inputs are texts only.
        source: what they are columns of, for messages.
        is_strict: whether any other name in braces is an error.
        without: names that look like columns and are none, with the reason.
    """

    names: tuple[str, ...] = ()
    source: str = ""
    is_strict: bool = False
    without: Mapping[str, str] = attrs.field(factory=dict[str, str])


class Input(NamedTuple):
    """The input of an item.

    Attributes:
        text: the whole input.
        values: the values of its columns by their names.
    """

    text: str
    values: Mapping[str, str]


class Inputs(Protocol):
    """The inputs of a run's items, in order.

    Attributes:
        columns: their columns.
    """

    @property
    def columns(self) -> Columns: ...  # noqa: D102 - the class tells

    def __len__(self) -> int: ...

    def at(self, number: int) -> Input:
        """Return an item's input: 0 is the first, and numbers are below `len`."""
        ...

    def digest(self) -> str:
        """Return a SHA-256 of the inputs, whatever their file's format is."""
        ...


class Texts:
    """Inputs without columns.

    Args:
        texts: the inputs.
        columns: names that are no columns, with the reason.
    """

    def __init__(self, texts: Source[str], columns: Columns | None = None) -> None:
        self._texts = texts
        self.columns = Columns() if columns is None else columns

    def __len__(self) -> int:
        return len(self._texts)

    def at(self, number: int) -> Input:
        """Return an input."""
        return Input(self._texts.at(number), {})

    def digest(self) -> str:
        """Return the digest of the texts."""
        return digest(self._texts)


def digest(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts, each followed by a NUL."""
    made = hashlib.sha256()
    remaining = iter(texts)
    while batch := list(islice(remaining, _BATCH)):
        made.update(os.fsencode("\0".join(batch) + "\0"))
    return made.hexdigest()
