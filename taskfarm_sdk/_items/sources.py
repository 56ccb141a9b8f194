"""Sources of items: any sequence, and a part of another source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Generic, Protocol, TypeVar, cast

from taskfarm_sdk._items import columns
from taskfarm_sdk._items.digests import definition, digest_of
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """What items are read from.

    Attributes:
        columns: the keys of each item; None where items are no dicts, or not all alike.
    """

    @property
    def columns(self) -> tuple[str, ...] | None: ...

    def __len__(self) -> int: ...

    def at(self, number: int) -> T_co:
        """Return an item; numbers are from 0 to below `len`."""
        ...

    def __iter__(self) -> Iterator[T_co]: ...

    def digest(self) -> str | None:
        """Return a SHA-256 of the items; None if one is neither JSON-like nor a path."""
        ...


class Given(Generic[T]):
    """Items that a user has as a sequence.

    Attributes:
        values: the sequence.
    """

    def __init__(self, values: Sequence[T]) -> None:
        self.values = values

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The keys of each item, where all are dicts with the same."""
        return columns.of_values(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def at(self, number: int) -> T:
        """Return an item."""
        return self.values[number]

    def __iter__(self) -> Iterator[T]:
        return iter(self.values)

    def digest(self) -> str | None:
        """Return the digest of the items; that of a range is quick whatever its length."""
        if isinstance(self.values, range):
            return digest_of([definition(self.values)])
        return digest_of(self.values)


class Part(Generic[T_co]):
    """Some of the items of another source."""

    def __init__(self, whole: Source[T_co], numbers: range) -> None:
        self._whole, self._numbers = whole, numbers

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of the whole source."""
        return self._whole.columns

    def __len__(self) -> int:
        return len(self._numbers)

    def at(self, number: int) -> T_co:
        """Return an item."""
        return self._whole.at(self._numbers[number])

    def __iter__(self) -> Iterator[T_co]:
        return map(self._whole.at, self._numbers)

    def digest(self) -> str | None:
        """Return the digest of these items."""
        return digest_of(self)


def given(values: Iterable[T]) -> Given[T]:
    """Return a source of what a user gave as items.

    Sequences that are not lists are kept as they are, so that they can compute their items.

    Raises:
        ConfigurationError: it has no items, or not in an order of its own.
    """
    if fault := _fault_of(values):
        raise ConfigurationError(fault)
    # A list can change while it is worked on.
    kept = isinstance(values, Sequence) and not isinstance(values, list)
    known: Sequence[T] = cast("Sequence[T]", values) if kept else tuple(values)
    try:
        number = len(known)
    except OverflowError:  # of a range
        raise ConfigurationError(
            "there are too many items: divide them among several runs"
        ) from None
    if not number:
        raise ConfigurationError("there are no items: a run has at least 1 task")
    return Given(known)


def _fault_of(values: object) -> str:
    """Return why something is no items, and what to give instead; an empty text if it may be."""
    kind = type(values).__name__
    if isinstance(values, str | bytes | bytearray):
        return (
            f"items must be a sequence, and a single {kind} is none: put it into a list, or use "
            "Items.lines(path), Items.csv(path) or Items.glob(pattern)"
        )
    if isinstance(values, Mapping):
        return f"items must be a sequence, not a {kind}: use list(items.items()), or Items.grid"
    if isinstance(values, AbstractSet):
        return f"a {kind} has another order in each process: use sorted(items)"
    if type(values) is int:
        return (
            f"items must be a sequence, not {shown(values)}: use range({shown(values)}) for numbers"
        )
    if not isinstance(values, Iterable):
        return f"items must be a sequence, not a {kind}: put it into a list"
    return _fault_of_frame(cast("object", values), kind)


def _fault_of_frame(values: object, kind: str) -> str:
    # Data frames of pandas and of polars.
    if not hasattr(values, "columns"):
        return ""
    if hasattr(values, "to_dicts"):
        return f"items of a {kind} could be its rows or its columns: use .to_dicts() for its rows"
    if hasattr(values, "to_dict"):
        return (
            f"items of a {kind} could be its rows or its columns: use .to_dict('records') for its "
            "rows"
        )
    return ""
