"""The turns in which several runs are read: one request every two seconds for them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

# Each run was read once before the first turn.
TURN_S = 2.0
# Runs that the screen has no line for have turns too, so that their end is seen: so many times
# longer they wait for one.
HIDDEN_TIMES = 5
# As the SDK's own polls: the server counts slowly where there are large runs.
REST_PER_REQUEST = 19
# Of what a server asks for, which may be nonsense.
LONGEST_REST_S = 60.0


class Turn(Protocol):
    """Something that is read in turns."""

    @property
    def asked_at(self) -> float:
        """When it was asked for last, by a monotonic clock."""
        ...


T = TypeVar("T", bound=Turn)


def next_of(runs: Iterable[T], is_shown: Callable[[T], bool], now: float) -> T:
    """Return what is read in this turn: what was asked for longest ago.

    Args:
        runs: all runs that are not over, at least one.
        is_shown: whether a run has a line on the screen; the others have fewer turns.
        now: the time of the same clock.
    """

    def waited_s(run: T) -> float:
        return (now - run.asked_at) / (1 if is_shown(run) else HIDDEN_TIMES)

    return max(runs, key=waited_s)


def rest_s(took_s: float, *, answer_took_s: float = 0.0, asked_for_s: float = 0.0) -> float:
    """Return how long nothing is sent after a turn.

    Args:
        took_s: how long it took.
        answer_took_s: how much of it went by until an answer came.
        asked_for_s: how long the server asked to be left alone.
    """
    return max(0.0, TURN_S - took_s, REST_PER_REQUEST * answer_took_s, asked_for_s)
