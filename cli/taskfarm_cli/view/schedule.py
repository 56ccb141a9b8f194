"""The choice of the next request to the farm's server, for all viewers together."""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs

# All viewers together cost the server at most one request in this time.
EVERY_S = 2.0
# As the SDK's own polls: the server counts slowly where there are large runs.
REST_PER_REQUEST = 19


@attrs.frozen
class Wish:
    """Something that viewers look at.

    Attributes:
        subject: what it is.
        every_s: how often it is read at best.
        read_at: when it was read last, by a monotonic clock; -inf if never.
        is_page: whether it is what a page is about, and not one of many lines in it.
    """

    subject: str
    every_s: float
    read_at: float = -math.inf
    is_page: bool = True

    @property
    def is_new(self) -> bool:
        """Whether it was never read."""
        return math.isinf(self.read_at)

    @property
    def due_at(self) -> float:
        """When it is to be read again."""
        return self.read_at + self.every_s


def choose(wishes: Iterable[Wish], now: float) -> Wish | None:
    """Return what to read next: what waits longest for its turn, or None if nothing is due.

    The wait counts in turns, so that nothing starves: what is read seldom comes up in the end. Of
    what was never read, pages come first.
    """
    due = [wish for wish in wishes if wish.due_at <= now]
    return max(due, key=lambda wish: _urgency(wish, now), default=None)


def may_hurry(wish: Wish, *, is_quick: bool) -> bool:
    """Return whether something may be read before the rest after the last request is over.

    Args:
        wish: what is to be read.
        is_quick: whether the server answered quickly; a slow one is spared bursts.
    """
    return wish.is_new and (wish.is_page or is_quick)


def _urgency(wish: Wish, now: float) -> tuple[float, bool]:
    return (now - wish.read_at) / wish.every_s, wish.is_page


def rest_s(took_s: float) -> float:
    """Return how long after a request no other is sent.

    Args:
        took_s: how long it took.
    """
    return max(EVERY_S, REST_PER_REQUEST * took_s)


def wait_s(wishes: Iterable[Wish], now: float) -> float | None:
    """Return how long nothing is due, or None if there is nothing to read."""
    first = min((wish.due_at for wish in wishes), default=None)
    return None if first is None else max(0.0, first - now)
