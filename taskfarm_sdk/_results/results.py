"""The results of a run's items, read from its folder, also while work goes on."""

from __future__ import annotations

import errno
import math
import os
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

from taskfarm_sdk import _validation
from taskfarm_sdk._items.stored import StoredItems
from taskfarm_sdk._results import failures, values
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.names import ITEMS
from taskfarm_sdk._results.order import Order, python_version
from taskfarm_sdk._results.places import NOTHING, Places
from taskfarm_sdk._results.reader import Damaged, RecordReader
from taskfarm_sdk._results.record import Outcome, Record
from taskfarm_sdk._results.result import Result, made
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import half_made

__all__ = ["Results", "results"]

T = TypeVar("T")
_SUCCESS = int(Outcome.SUCCESS)  # compared in half the time
# Value, error, attempts and seconds of an item.
_Known = tuple[T | None, BaseException | None, int, float]


class Results(Generic[T]):
    """The results of a run's items, in the order of the items.

    It reads the folder whenever it is used, so that it also has what was computed since. Nothing is
    kept in memory but where each result is. Safe among threads.

    Any method raises `ConfigurationError` if a file of the folder may not be trusted. `Farm.map`,
    `taskfarm_sdk.join` and `taskfarm_sdk.results` make it.
    """

    def __init__(
        self,
        folder: Folder,
        order: Order,
        items: Sequence[object] | None = None,
        columns: tuple[str, ...] | None = None,
    ) -> None:
        """Read an open results folder.

        Args:
            folder: the folder.
            order: what it is for.
            items: its items; None if it has none.
            columns: the columns of the items; None if they have none.
        """
        self._folder = folder
        self._order = order
        self._items = items
        self._columns = columns
        self._places = Places(folder, order.num_items)

    @half_made
    def __repr__(self) -> str:
        return f"Results('{self._folder.path}', {len(self)} items)"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: how many items have values, and the first of them."""
        from taskfarm_sdk._results import pages

        return pages.of_results(self._folder.path, self)

    def __len__(self) -> int:
        return self._order.num_items

    def __iter__(self) -> Iterator[Result[T]]:
        """Yield the result of each item, also of those that failed or were not computed."""
        self._places.read_on()
        items = self._each_item()
        with RecordReader(self._folder) as reader:
            for number in range(len(self)):
                yield self._result(reader, number, next(items))

    def __getitem__(self, number: int) -> Result[T]:
        """Return the result of an item.

        Args:
            number: the item's; negative numbers count from the end.

        Raises:
            IndexError: there is no such item.
        """
        place = range(len(self))[number]
        self._places.read_on()
        with RecordReader(self._folder) as reader:
            return self._result(reader, place, self._item(place))

    @property
    def run_uuid(self) -> str:
        """The UUID of the run that computes the items."""
        return self._order.run_uuid

    @property
    def server_url(self) -> str:
        """The API's URL of the run's server, as it was when the folder was made."""
        return self._order.server_url

    def values(self) -> Iterator[T]:
        """Yield what the function returned for each item, in order.

        Raises:
            Exception: an item has no value: its `Result.error`.
        """
        for value, error in self._outcomes():
            if error is not None:
                raise error
            yield cast("T", value)

    @property
    def failed(self) -> Sequence[int]:
        """The numbers of the items with failed attempts and no value, ascending."""
        self._places.read_on()
        return self._places.having(Outcome.FAILURE, Outcome.FINAL_FAILURE)

    @property
    def missing(self) -> Sequence[int]:
        """The numbers of the items without any attempt so far, ascending."""
        self._places.read_on()
        return self._places.having(NOTHING)

    def as_completed(
        self, *, poll_s: float = 0.5, stop: Callable[[], bool] | None = None
    ) -> Iterator[Result[T]]:
        """Yield the results as they come, each item once, until all items have one.

        A failed item counts once it has failed for good.

        Args:
            poll_s: how often to look.
            stop: asked at each look; once it returns True, what is there by then is yielded, failed
                items too, and this ends.

        Raises:
            ConfigurationError: `poll_s` is not a number of seconds, or `stop` no function.
        """
        poll_s = _validation.seconds("poll_s", poll_s)
        if stop is not None:
            _validation.function("stop", stop)
        return self._completed(poll_s, stop)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a table with a line for each item, in order.

        Its columns are those of the items (`item`, if these have none) and those of the values:
        their keys or fields, or else `value`. If some items have no value, it has a column `error`.

        Args:
            path: the file, which is replaced.

        Raises:
            ConfigurationError: `path` is none, or no file can have this name.
            OSError: the file cannot be written.
        """
        from taskfarm_sdk._results import tables

        name = _validation.file_name("path", path)
        try:
            tables.write_csv(name, self._outcomes(), self, self._columns)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise ConfigurationError(
                    f"path is too long for the name of a file: {shown(name)}"
                ) from error
            raise

    def to_frame(self) -> Any:
        """Return the table of `to_csv` as a data frame, of pandas or of polars.

        It is of the library that the program has imported, or else of the one that is installed; of
        pandas, if both are.

        Raises:
            ConfigurationError: neither is installed.
        """
        from taskfarm_sdk._results import tables

        return tables.frame(self._outcomes(), self, self._columns)

    def _completed(self, poll_s: float, stop: Callable[[], bool] | None) -> Iterator[Result[T]]:
        # Its own reading: this object's may be further already.
        places = Places(self._folder, len(self))
        yielded = bytearray(len(self))
        while True:
            is_over = stop is not None and stop()
            fresh: list[int] = []
            places.read_on(again=is_over, fresh=fresh)
            if is_over:
                fresh = places.having(*Outcome)
            self._places.read_on()
            with RecordReader(self._folder) as reader:
                for number in fresh:
                    is_final = is_over or places.outcome(number) != Outcome.FAILURE
                    if is_final and not yielded[number]:
                        yielded[number] = 1
                        yield self._result(reader, number, self._item(number))
            if is_over or yielded.count(1) == len(self):
                return
            time.sleep(poll_s)

    def _outcomes(self) -> Iterator[tuple[T | None, BaseException | None]]:
        """Yield the value and the error of each item."""
        self._places.read_on()
        with RecordReader(self._folder) as reader:
            for number in range(len(self)):
                yield self._known(reader, number)[:2]

    def _each_item(self) -> Iterator[object]:
        if self._items is None:
            return (None for _ in range(len(self)))
        return iter(self._items)

    def _item(self, number: int) -> object:
        return None if self._items is None else self._items[number]

    def _result(self, reader: RecordReader, number: int, item: object) -> Result[T]:
        value, error, attempts, took_s = self._known(reader, number)
        return made(number, item, value, attempts, took_s, error)

    def _known(self, reader: RecordReader, number: int) -> _Known[T]:
        # A million are read in seconds: no call that can be left out.
        try:
            place = self._places.place(number)
            record = None if place is None else reader.read(place[0], place[1], number)
        except Damaged:
            # Its writer cut it away after an error, or it was exchanged: look what is there now.
            self._places.read_on()
            try:
                record = self._read(reader, number)
            except Damaged:
                return None, failures.damaged(number), 0, math.nan
        if record is None:
            return None, failures.missing(number), 0, math.nan
        _, attempt, outcome, took_s, payload = record
        try:
            if outcome == _SUCCESS:
                return values.unpack(payload), None, attempt, took_s
            return None, failures.raised(number, values.unpack_failure(payload)), attempt, took_s
        except (Exception, SystemExit) as error:  # noqa: BLE001 - classes raise what they like
            why = failures.unreadable(number, error, self._order.python, python_version())
            return None, why, attempt, took_s

    def _read(self, reader: RecordReader, number: int) -> Record | None:
        place = self._places.place(number)
        return None if place is None else reader.read(*place, number)


def results(folder: str | os.PathLike[str]) -> Results[Any]:
    """Return the results in a folder; neither server nor function is needed.

    Args:
        folder: the results folder's path. Reading results runs code that is stored in them, so it
            must be this user's own, and not writable by others.

    Raises:
        ConfigurationError: there is no such folder, it is no results folder, or it may not be
            trusted.
        TaskfarmError: its items are damaged.
    """
    opened = Folder.open(folder)
    order = Order.load(opened)
    if order is None:
        raise ConfigurationError(
            f"'{opened.path}' holds no results: give the folder that `farm.map` or `farm.prepare` "
            "was given"
        )
    return results_of(opened, order)


def results_of(folder: Folder, order: Order) -> Results[Any]:
    """Return the results in an open folder.

    Raises:
        ConfigurationError: the file of the items may not be trusted.
        TaskfarmError: it is damaged.
    """
    items = stored_items(folder)
    return Results(folder, order, items, None if items is None else items.columns)


def stored_items(folder: Folder) -> StoredItems | None:
    """Return the items of a results folder; None if it has none.

    Raises:
        ConfigurationError: their file may not be trusted.
        TaskfarmError: it is damaged.
    """
    try:
        descriptor = folder.open_file(ITEMS)
    except FileNotFoundError:
        return None
    try:
        items = StoredItems(os.fdopen(descriptor, "rb", closefd=False), str(folder.path))
    except BaseException:
        os.close(descriptor)
        raise
    # Nobody closes results: the file ends with the items.
    weakref.finalize(items, os.close, descriptor).atexit = False
    return items
