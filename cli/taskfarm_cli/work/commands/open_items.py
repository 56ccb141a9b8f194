"""The open items of a run: those of which `--results` or `--log` has no success."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from taskfarm_cli.work.commands.kept_items import IndexFile, Record, exit_of, index_files

_DONE, _FAILED = 1, 2


class OpenItems(Protocol):
    """What a folder knows of a run's items; safe among threads."""

    def read_on(self) -> None:
        """Read what workers have kept since the last time.

        Raises:
            OSError: the folder cannot be read.
        """
        ...

    def among(self, items: range) -> list[int]:
        """Return those of consecutive items that no attempt ended with exit status 0, ascending."""
        ...

    def failed(self, items: Collection[int]) -> set[int]:
        """Return those of some open items that have failed attempts on record."""
        ...

    def is_kept(self, item: int) -> bool:
        """Return whether an item that was open has a success by now that must not be replaced."""
        ...


class OpenOfLogs:
    """The open items of a folder of `--log`.

    It has a byte for each item, and reads each byte of an index once.

    Args:
        folder: the folder.
        num_items: how many items the run has.
    """

    def __init__(self, folder: Path, num_items: int) -> None:
        self._folder = folder
        self._states = bytearray(num_items)
        self._files: dict[Path, IndexFile] = {}
        self._lock = threading.Lock()

    def read_on(self) -> None:
        """Read what workers have kept since the last time."""
        with self._lock:
            files, states = self._files, self._states
            if any(file.is_cut for file in files.values()):
                # A workTF cuts off what its disk may have lost, and it counts no more. Others go on
                # with the old states until the new ones are whole.
                files, states = {}, bytearray(len(states))
            for path in index_files(self._folder):
                for record in files.setdefault(path, IndexFile(path)).records():
                    _take(record, states)
            self._files, self._states = files, states

    def among(self, items: range) -> list[int]:
        """Return those of consecutive items that no attempt ended with exit status 0, ascending."""
        if self._states.count(_DONE, items.start, items.stop) == len(items):
            return []
        return [item for item in items if self._states[item] != _DONE]

    def failed(self, items: Collection[int]) -> set[int]:
        """Return those of some open items that have failed attempts on record."""
        return {item for item in items if self._states[item] == _FAILED}

    def is_kept(self, item: int) -> bool:  # noqa: ARG002 - as OpenItems has it
        """Return False: what is kept is never replaced, and looking costs more than most items."""
        return False


class OpenOfResults:
    """The open items of a folder of `--results`.

    Each item is looked at when it is asked for: its files take the place of those before.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def read_on(self) -> None:
        """Do nothing: each item is looked at later."""

    def among(self, items: range) -> list[int]:
        """Return those of consecutive items that no attempt ended with exit status 0, ascending."""
        return [item for item in items if exit_of(self._folder, item) != 0]

    def failed(self, items: Collection[int]) -> set[int]:
        """Return those of some open items whose last attempt failed."""
        return {item for item in items if exit_of(self._folder, item) is not None}

    def is_kept(self, item: int) -> bool:
        """Return whether an item has a success by now: another attempt would replace it."""
        return exit_of(self._folder, item) == 0


def _take(record: Record, states: bytearray) -> None:
    if record.item >= len(states):
        return  # of no run like this
    if record.exit == 0:
        states[record.item] = _DONE
    elif states[record.item] != _DONE:
        states[record.item] = _FAILED
