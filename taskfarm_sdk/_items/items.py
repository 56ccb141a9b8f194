"""The public sequence of the inputs of a run."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

from taskfarm_sdk import _validation
from taskfarm_sdk._items.grids import Grid, axis
from taskfarm_sdk._items.lines import Lines, check_utf8, read
from taskfarm_sdk._items.sources import Given, Part, Source, given
from taskfarm_sdk._models import counted
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import half_made

__all__ = ["Items"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Items(Sequence[T_co]):
    """The inputs of a run: a sequence that takes little memory, and is read in order.

    ```python
    Items.lines("files.txt")
    Items.csv("sites.csv")
    Items.grid(lr=[0.1, 0.01], seed=range(1000))
    Items.glob("data/*.nc")
    Items([3, 5, 8])
    ```

    A slice is another `Items`.

    Args:
        values: a sequence or another iterable, as for `Items.of`.

    Raises:
        ConfigurationError: it is empty, a single text, a dict or a set.
    """

    _source: Source[T_co]
    _described: str

    def __init__(self, values: Iterable[T_co]) -> None:
        self._source = given(values)
        self._described = f"Items({type(values).__name__})"

    @staticmethod
    def lines(path: str | os.PathLike[str]) -> Items[str]:
        """Return the lines of a text file: item N is line N, without its end.

        The file is read once, in UTF-8; later changes to it have no effect. An empty line is an
        item.

        Args:
            path: the file.

        Raises:
            ConfigurationError: it cannot be read, is empty, or is not UTF-8.
        """
        name = _validation.file_name("the file of items", path)
        content = read(name)
        check_utf8(content, name)
        return _filled(Lines(content), f"Items.lines({name!r})", f"{name} contains no lines")

    @staticmethod
    def csv(path: str | os.PathLike[str], *, delimiter: str = ",") -> Items[dict[str, str]]:
        """Return the rows of a CSV file, as dicts of texts by the names in its first row.

        The file is read once, in UTF-8; later changes to it have no effect. Empty lines are passed
        over.

        Args:
            path: the file.
            delimiter: what separates its columns.

        Raises:
            ConfigurationError: it cannot be read, has no rows, is not UTF-8 or not CSV, a column
                has no name, one that is no identifier or that of another, or a row has more or
                fewer fields than the first.
        """
        from taskfarm_sdk._items.tables import Table

        name = _validation.file_name("the file of items", path)
        table = Table(read(name), name, delimiter=delimiter)
        return _filled(table, f"Items.csv({name!r})", f"{name} has no rows below its header")

    @staticmethod
    def grid(**values: Iterable[Any]) -> Items[dict[str, Any]]:
        """Return all combinations of values, as dicts by the names given.

        They are computed when they are needed, so a grid of 10**9 takes no more memory than its
        values. The first name varies slowest.

        Args:
            values: a list, a range, an array or another iterable for each name.

        Raises:
            ConfigurationError: a name has no values, or there are no names.
        """
        axes = [axis(name, listed) for name, listed in values.items()]
        grid = Grid(axes)
        described = ", ".join(f"{one.name}: {counted(len(one.values), 'value')}" for one in axes)
        return made_from(grid, f"Items.grid({described})")

    @staticmethod
    def glob(pattern: str | os.PathLike[str]) -> Items[str]:
        """Return the names of the files that match a pattern now, sorted.

        Args:
            pattern: as the shell's: `*`, `?`, `[…]`, and `**` for folders at any depth.

        Raises:
            ConfigurationError: no file matches.
        """
        from glob import glob

        text = _validation.file_name("the pattern", pattern)
        names = tuple(sorted(glob(text, recursive=True)))  # noqa: PTH207 - names as the user wrote
        return _filled(Given(names), f"Items.glob({text!r})", f"no file matches {text!r}")

    @staticmethod
    def of(values: Iterable[T]) -> Items[T]:
        """Return a sequence as items; items are returned as they are.

        Args:
            values: a sequence, which is kept, so that one of your own can compute its items when
                they are needed. A list or any other iterable is copied.

        Raises:
            ConfigurationError: it is empty, a single text, a dict or a set.
        """
        return values if isinstance(values, Items) else Items(values)

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The keys that all items have; None if they are no dicts with the same keys."""
        return self._source.columns

    def digest(self) -> str | None:
        """Return a SHA-256 of the items, the same in each process and on each machine.

        That of a grid or a range is of its definition, and differs from that of a list of the same
        values.

        Returns:
            The digest; None if an item is neither JSON-like nor a path.
        """
        return self._source.digest()

    def __len__(self) -> int:
        return len(self._source)

    @overload
    def __getitem__(self, index: int) -> T_co: ...

    @overload
    def __getitem__(self, index: slice) -> Items[T_co]: ...

    def __getitem__(self, index: int | slice) -> T_co | Items[T_co]:
        numbers = range(len(self))
        if isinstance(index, slice):
            part = numbers[index]
            return made_from(Part(self._source, part), f"a part of {self._described}")
        try:
            place = operator.index(index)
        except TypeError:
            raise TypeError(f"index must be an integer or a slice, not {shown(index)}") from None
        try:
            return self._source.at(numbers[place])
        except IndexError:
            raise IndexError(
                f"there is no item {shown(index)}: there are {len(self):,} items"
            ) from None

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._source)

    @half_made
    def __repr__(self) -> str:
        return f"<{self._described}: {counted(len(self), 'item')}>"


def source_of(items: Items[T]) -> Source[T]:
    """Return what items are read from, for the code that stores them."""
    return items._source  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def made_from(source: Source[T], described: str) -> Items[T]:
    """Return items that are read from a source.

    Args:
        source: the source.
        described: what their repr says of it.
    """
    items: Items[T] = object.__new__(Items)  # pyright: ignore[reportUnknownVariableType]
    items._source, items._described = source, described  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return items


def _filled(source: Source[T], described: str, fault: str) -> Items[T]:
    if not len(source):
        raise ConfigurationError(f"{fault}: a run has at least 1 task")
    return made_from(source, described)
