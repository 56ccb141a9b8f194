"""The index that workers decide by: the items of a run that have results."""

from __future__ import annotations

import threading
import zlib
from array import array
from collections.abc import Iterator, Sequence
from typing import Protocol

from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.follower import Follower
from taskfarm_sdk._results.network import USUAL, Patience, wait_until_seen
from taskfarm_sdk._results.record import Found, Outcome

_SUCCESS = int(Outcome.SUCCESS)  # compared in half the time
_DONE = 1
_FAILED = 2
_FAILED_ANEW = 3  # since `begin`
_BEGIN = bytes.maketrans(bytes([_FAILED_ANEW]), bytes([_FAILED]))


class Chunked(Protocol):
    """How items are cut into tasks."""

    @property
    def tasks(self) -> int:
        """The number of tasks."""
        ...

    def of(self, task: int, /) -> range:
        """Return the numbers of a task's items."""
        ...


class Index:
    """Which items have a success, as far as the folder was read; safe among threads.

    It has a byte for each item, and four once an item has failed. A pickled one goes on from where
    it was.

    Args:
        folder: the results folder.
        num_items: how many items the run has.
    """

    def __init__(self, folder: Folder, num_items: int) -> None:
        self._follower = Follower(folder)
        self._states = bytearray(num_items)
        # The highest failed attempt at each item.
        self._attempts = array("I")
        self._lock = threading.Lock()
        renew_in_children(self)

    def __getstate__(self) -> tuple[Follower, bytes, bytes]:
        with self._lock:
            attempts = zlib.compress(self._attempts.tobytes(), 1)
            return self._follower, zlib.compress(self._states, 1), attempts

    def __setstate__(self, state: tuple[Follower, bytes, bytes]) -> None:
        self._follower, states, attempts = state
        self._states = bytearray(zlib.decompress(states))
        self._attempts = array("I", zlib.decompress(attempts))
        self._lock = threading.Lock()
        renew_in_children(self)

    def after_fork(self) -> None:
        """Have a lock that no thread of the parent holds."""
        self._lock = threading.Lock()

    @property
    def folder(self) -> Folder:
        """The results folder."""
        return self._follower.folder

    @property
    def num_items(self) -> int:
        """The number of items of the run."""
        return len(self._states)

    @property
    def num_done(self) -> int:
        """The number of items with a success."""
        return self._states.count(_DONE)

    def read_on(self, *, again: bool = False) -> None:
        """Read what was appended to the folder's files since the last time.

        Args:
            again: whether damaged stretches are read again; see `wait_for`.

        Raises:
            ConfigurationError: the folder or a file may not be trusted.
        """
        with self._lock:
            if not self._follower.restart_if_cut():
                self._follower.read_on(self._take, again=again)
                return
            states, attempts = bytes(self._states), self._attempts
            self._states[:] = bytes(len(states))
            self._attempts = array("I")
            self._follower.read_on(self._take, again=again)
            self._keep_begun(states, attempts)

    def is_done(self, item: int) -> bool:
        """Return whether an item has a success."""
        return self._states[item] == _DONE

    def has_failed(self, item: int) -> bool:
        """Return whether an item has failed attempts and no success."""
        return self._states[item] >= _FAILED

    def failed_attempts(self, item: int) -> int:
        """Return the number of the last failed attempt at an item; 0 without one.

        The server counts the attempts at a task from 1 again after a reset; these go on.
        """
        return self._attempts[item] if self._attempts else 0

    def begin(self) -> None:
        """Tell the failures read so far from those that are read later."""
        with self._lock:
            self._states[:] = self._states.translate(_BEGIN)

    def has_failed_anew(self, items: range) -> bool:
        """Return whether one of consecutive items has failed since `begin`, and has no success."""
        return self._states.find(_FAILED_ANEW, items.start, items.stop) >= 0

    def num_done_in(self, items: range) -> int:
        """Return how many of consecutive items have a success."""
        return self._states.count(_DONE, items.start, items.stop)

    def num_untried_in(self, items: range) -> int:
        """Return how many of consecutive items have no attempt on record."""
        return self._states.count(0, items.start, items.stop)

    def num_unsettled_in(self, items: range, attempts: int) -> int:
        """Return how many of consecutive items have no success and fewer failed attempts."""
        failed = sum(self.failed_attempts(item) < attempts for item in self.failed_in(items))
        return self.num_untried_in(items) + failed

    def open_in(self, items: range) -> list[int]:
        """Return those of consecutive items that have no success."""
        done = self._states.count(_DONE, items.start, items.stop)
        if done in (0, len(items)):
            return [] if done else list(items)
        return [item for item in items if self._states[item] != _DONE]

    def failed_in(self, items: range) -> set[int]:
        """Return those of consecutive items that have failed attempts and no success."""
        where = (items.start, items.stop)
        before = set(_positions(self._states, _FAILED, *where))
        return before.union(_positions(self._states, _FAILED_ANEW, *where))

    def open_tasks(self, chunks: Chunked) -> list[int]:
        """Return the tasks with items that have no success."""
        states = self._states
        return [
            task
            for task in range(chunks.tasks)
            if (items := chunks.of(task))
            and states.count(_DONE, items.start, items.stop) != len(items)
        ]

    @property
    def failed(self) -> list[int]:
        """The items with failed attempts and no success."""
        states = self._states.translate(_BEGIN)
        return list(_positions(states, _FAILED, 0, len(states)))

    def wait_for(self, items: Sequence[int], *, patience: Patience = USUAL) -> list[int]:
        """Return those of some items that the folder has no success of.

        On a network file system it is read again for a while; see `network.wait_until_seen`.

        Args:
            items: the numbers of items whose task is done.
            patience: for how long to read again.

        Raises:
            ConfigurationError: the folder or a file may not be trusted.
        """

        def look(again: bool) -> list[int]:
            self.read_on(again=again)
            return [item for item in items if not self.is_done(item)]

        return wait_until_seen(self._follower.folder, look, patience)

    def _take(self, _: int, records: list[Found]) -> None:
        states = self._states
        num_items = len(states)
        for _offset, item, attempt, outcome in records:
            if item >= num_items:
                continue  # of no run like this
            if outcome == _SUCCESS:
                states[item] = _DONE
            elif states[item] != _DONE:
                states[item] = _FAILED_ANEW
                self._note_attempt(item, attempt)

    def _keep_begun(self, states: bytes, attempts: array[int]) -> None:
        """Tell again which failures were read before `begin`, after all was read anew."""
        for item in _positions(states, _FAILED, 0, len(states)):
            is_the_same = self.failed_attempts(item) == attempts[item]
            if self._states[item] == _FAILED_ANEW and is_the_same:
                self._states[item] = _FAILED

    def _note_attempt(self, item: int, attempt: int) -> None:
        if not self._attempts:
            self._attempts = array("I", bytes(array("I").itemsize * len(self._states)))
        self._attempts[item] = max(self._attempts[item], attempt)


def _positions(states: bytes | bytearray, state: int, start: int, stop: int) -> Iterator[int]:
    place = states.find(state, start, stop)
    while place >= 0:
        yield place
        place = states.find(state, place + 1, stop)
