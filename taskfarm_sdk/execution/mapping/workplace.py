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
    """The workplaces of this process, while they are used, by their folders."""

    def __init__(self) -> None:
        self.after_fork()
        renew_in_children(self)

    def after_fork(self) -> None:
        """Have a lock that no thread of the parent holds."""
        self._lock = threading.Lock()
        self._open: WeakValueDictionary[str, Workplace] = WeakValueDictionary()

    def of(self, index: Index) -> Workplace:
        """Return the workplace of an index's folder; made of that index if there is none.

        Raises:
            TaskfarmError: the folder cannot be used here.
        """
        folder = index.folder
        key = str(folder.path)
        with self._lock:
            place = self._open.get(key)
            if place is None:
                place = self._open[key] = _opened(folder, index)
        return place


workplaces: Workplaces = Workplaces()


def _opened(folder: Folder, index: Index) -> Workplace:
    items = stored_items(folder)
    if items is None:
        raise ConfigurationError(
            f"'{folder.path}' has no items any more: were its files removed? Start again with "
            "another folder"
        )
    # Between the pickling of an index and its use here others may have computed.
    index.read_on()
    writer = ResultsWriter(folder)
    place = Workplace(folder, items, index, writer)
    finalize(place, _close, writer)
    return place


def _close(writer: ResultsWriter) -> None:
    # Each attempt had its results on disk, or failed.
    with suppress(TaskfarmError):
        writer.close()
