"""A process's view of a results folder: its items, what is open, and where results go."""

from __future__ import annotations

import threading
from contextlib import suppress
from weakref import WeakValueDictionary, finalize

import attrs

from taskfarm_sdk._items.stored import StoredItems
from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.names import ITEMS
from taskfarm_sdk._results.order import Order
from taskfarm_sdk._results.results import stored_items
from taskfarm_sdk._results.writer import ResultsWriter
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError


@attrs.frozen(eq=False)
class Workplace:
    """The view that all threads of a process share.

    Attributes:
        folder: the results folder.
        items: the items.
        index: which of them have values.
        writer: gets what is computed here.
    """

    folder: Folder
    items: StoredItems
    index: Index
    writer: ResultsWriter


class Workplaces:
    """The workplaces of this process, while they are used.

    They are told apart by the files of their items, which they keep open: a path can be that of
    another folder by now, as where a notebook removed one and maps again, and still has the error
    of the mapping before.
    """

    def __init__(self) -> None:
        self.after_fork()
        renew_in_children(self)

    def after_fork(self) -> None:
        """Have a lock that no thread of the parent holds."""
        self._lock = threading.Lock()
        self._open: WeakValueDictionary[tuple[int, int], Workplace] = WeakValueDictionary()

    def of(self, index: Index, run_uuid: str) -> Workplace:
        """Return the workplace of an index's folder; made of that index if there is none.

        Args:
            index: of the folder.
            run_uuid: the UUID of the run that the folder is for.

        Raises:
            TaskfarmError: the folder cannot be used here, or is another run's.
        """
        folder = index.folder
        with self._lock:
            key = folder.identity(ITEMS)
            if key is None:
                raise _without_items(folder)
            place = self._open.get(key)
            if place is None:
                place = self._open[key] = _opened(folder, index, run_uuid)
        return place


workplaces: Workplaces = Workplaces()


def _opened(folder: Folder, index: Index, run_uuid: str) -> Workplace:
    order = Order.load(folder)
    if order is None or order.run_uuid != run_uuid:
        raise ConfigurationError(
            f"'{folder.path}' is not the folder of run {run_uuid} any more: was it replaced while "
            "work went on? Put it back and start again"
        )
    items = stored_items(folder)
    if items is None:
        raise _without_items(folder)
    # Between the pickling of an index and its use here others may have computed.
    index.read_on()
    writer = ResultsWriter(folder)
    place = Workplace(folder, items, index, writer)
    finalize(place, _close, writer)
    return place


def _without_items(folder: Folder) -> ConfigurationError:
    return ConfigurationError(
        f"'{folder.path}' has no items any more: were its files removed? Start again with another "
        "folder"
    )


def _close(writer: ResultsWriter) -> None:
    # Each attempt had its results on disk, or failed.
    with suppress(TaskfarmError):
        writer.close()
