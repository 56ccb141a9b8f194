"""The number of tasks computed at a time, which may change during the work."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol


class Resized(Protocol):
    """What computes as many tasks at a time as it is told; a `Dispatcher` is one."""

    def resize(self, size: int) -> None:
        """Compute `size` tasks at a time from now on; 0 pauses."""
        ...

    def leave(self) -> None:
        """Claim no more tasks, and end once those that run have ended, even while it pauses."""
        ...


class Jobs:
    """How many tasks are computed at a time; safe among threads.

    Args:
        number: the first number, 0 or more; 0 pauses.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._changing = threading.Lock()
        self._followers: list[Resized] = []

    @property
    def number(self) -> int:
        """The number now."""
        return self._number

    def change(self, number: int) -> None:
        """Compute `number` at a time from now on; what runs above that goes on to its end.

        Raises:
            TaskfarmError: this machine lacks threads for so many; it computes as many as it can.
        """
        with self._changing:
            if number == self._number:
                return
            self._number = number
            for follower in self._followers:
                follower.resize(number)

    def leave(self) -> None:
        """End the work that goes on once its running tasks have ended, also while it pauses."""
        with self._changing:
            for follower in self._followers:
                follower.leave()

    @contextmanager
    def followed_by(self, follower: Resized) -> Generator[None]:
        """Have work follow the number inside the `with` block.

        Args:
            follower: the work; it has the number already, or gets it with the next change.
        """
        with self._changing:
            self._followers.append(follower)
            follower.resize(self._number)
        try:
            yield
        finally:
            with self._changing:
                self._followers.remove(follower)
