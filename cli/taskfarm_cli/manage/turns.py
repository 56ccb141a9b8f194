"""The turns in which several runs are read, so that the requests of one command stay few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

# Each run is read every two seconds at most.
ROUND_S = 2.0
# On average: of more than ten runs, a round takes longer.
MOST_PER_S = 5
# Runs that the screen has no line for have turns too, so that their end is seen.
HIDDEN_PER_ROUND = 5
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


def of_round(runs: Sequence[T], is_shown: Callable[[T], bool], *, is_away: bool) -> list[T]:
    """Return what is read in this round, in its order: what was asked for longest ago comes first.

    Args:
        runs: all runs that are not over.
        is_shown: whether a run has a line on the screen.
        is_away: whether the server did not answer last; then one request finds out whether it does.
    """
    waiting = sorted(runs, key=lambda run: run.asked_at)
    if is_away:
        return waiting[:1]
    hidden = [run for run in waiting if not is_shown(run)]
    kept = {id(run) for run in hidden[HIDDEN_PER_ROUND:]}
    return [run for run in waiting if id(run) not in kept]


def rest_s(
    requests: int, took_s: float, *, answers_took_s: float = 0.0, asked_for_s: float = 0.0
) -> float:
    """Return how long nothing is sent after a round.

    Args:
        requests: how many the round sent.
        took_s: how long it took.
        answers_took_s: how much of it went by until answers came.
        asked_for_s: how long the server asked to be left alone.
    """
    spaced_s = max(ROUND_S, requests / MOST_PER_S) - took_s
    return max(0.0, spaced_s, REST_PER_REQUEST * answers_took_s, asked_for_s)
