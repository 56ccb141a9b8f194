"""The turns in which several runs are read: one request every two seconds for them all.

A run that may end soon has its turns earlier, so that its end is seen when it comes, and not up to
a whole round later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

# Each run was read once before the first turn.
TURN_S = 2.0
# Runs that the screen has no line for have turns too, so that their end is seen: so many times
# longer they wait for one.
HIDDEN_TIMES = 5
# A run that may end before its next turn waits so many times less, at most: the others have turns
# too.
SOON_TIMES = 8
# No end is known to be nearer.
_LEAST_LEFT_S = TURN_S
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

    @property
    def may_end_at(self) -> float | None:
        """When it ends at the earliest, by the same clock; None if nothing tells that."""
        ...


T = TypeVar("T", bound=Turn)


def next_of(runs: Iterable[T], is_shown: Callable[[T], bool], now: float) -> T:
    """Return what is read in this turn: what has waited longest, as far as it may wait.

    Args:
        runs: all runs that are not over, at least one.
        is_shown: whether a run has a line on the screen; the others have fewer turns.
        now: the time of the same clock.
    """
    all_runs = list(runs)
    round_s = TURN_S * len(all_runs)

    def waited_s(run: T) -> float:
        times = _times_sooner(run, round_s, now) / (1 if is_shown(run) else HIDDEN_TIMES)
        return (now - run.asked_at) * times

    return max(all_runs, key=waited_s)


def _times_sooner(run: Turn, round_s: float, now: float) -> float:
    """Return how many times sooner than others a run has its turn: the more, the less is left."""
    if run.may_end_at is None:
        return 1
    left_s = max(_LEAST_LEFT_S, run.may_end_at - now)
    return min(max(round_s / left_s, 1.0), SOON_TIMES)


def rest_s(took_s: float, *, answer_took_s: float = 0.0, asked_for_s: float = 0.0) -> float:
    """Return how long nothing is sent after a turn.

    Args:
        took_s: how long it took.
        answer_took_s: how much of it went by until an answer came.
        asked_for_s: how long the server asked to be left alone.
    """
    return max(0.0, TURN_S - took_s, REST_PER_REQUEST * answer_took_s, asked_for_s)
