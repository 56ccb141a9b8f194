"""The retry table: what follows each failure of each kind of request.

There are four failures. *Never sent*: the server cannot have acted. *Lost*: it may have acted, but
the reply was lost, or came from a proxy (502, 503, 520 …). *Busy*: the server or a proxy did not
act yet and answered 408, 425 or 429. *Sick*: the server answered 500.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, TypeVar

from taskfarm_sdk._sansio.steps import Flow
from taskfarm_sdk.errors import ConnectionFailed, RequestRejected, ServerError, TaskfarmError

R = TypeVar("R")

BUSY = (408, 425, 429)
# What is not implemented is not there a moment later either.
FOR_GOOD = (501, 505)

BACKOFF_S = 0.2
BACKOFF_MOST_S = 10.0
# A server's `Retry-After` counts up to this: it is a wish, and may be rubbish.
RETRY_AFTER_MOST_S = 60.0
# The system's random source: workers with the same seed would otherwise all retry at once.
DICE = random.SystemRandom()


class Then(Enum):
    """What follows a failure."""

    AGAIN = "try again"
    LOOK = "look at what the server holds first"
    RAISE = "raise it"
    UNKNOWN = "raise that the outcome is unknown"


class Rule(NamedTuple):
    """What follows each kind of failure of one kind of request."""

    never_sent: Then
    lost: Then
    busy: Then
    sick: Then
    # The server tells of its database in trouble by a 400 where a task is written, not by a 500;
    # what is written there was checked before, so it is never ours to mend.
    refused: Then = Then.RAISE

    def after(self, error: TaskfarmError) -> Then:
        """Return what follows an error; what no trying again can help is raised."""
        if isinstance(error, ConnectionFailed):
            if error.hopeless:
                return Then.RAISE
            return self.lost if error.sent else self.never_sent
        if not isinstance(error, (ServerError, RequestRejected)):
            return Then.RAISE
        status = error.status or 0
        of_status = {
            400: self.refused,
            500: self.sick,
            **dict.fromkeys(BUSY, self.busy),
            **dict.fromkeys(FOR_GOOD, Then.RAISE),
        }
        return of_status.get(status, self.lost if status > 500 else Then.RAISE)


READ = Rule(never_sent=Then.AGAIN, lost=Then.AGAIN, busy=Then.AGAIN, sick=Then.AGAIN)
COMPLETE = Rule(
    never_sent=Then.AGAIN, lost=Then.AGAIN, busy=Then.AGAIN, sick=Then.AGAIN, refused=Then.AGAIN
)
# A late report may land after the task's end: it is never repeated, the next one brings the news.
REPORT = Rule(never_sent=Then.RAISE, lost=Then.RAISE, busy=Then.RAISE, sick=Then.RAISE)
# Giving back, failing, taking back: someone else may hold the task by now.
SETTLE = Rule(
    never_sent=Then.AGAIN, lost=Then.LOOK, busy=Then.AGAIN, sick=Then.LOOK, refused=Then.LOOK
)
DELETE = Rule(never_sent=Then.AGAIN, lost=Then.LOOK, busy=Then.AGAIN, sick=Then.LOOK)
REGISTER = Rule(never_sent=Then.AGAIN, lost=Then.AGAIN, busy=Then.AGAIN, sick=Then.AGAIN)
# The task of a lost hand-out is left to recovery.
CLAIM = Rule(never_sent=Then.AGAIN, lost=Then.AGAIN, busy=Then.AGAIN, sick=Then.LOOK)
CREATE = Rule(never_sent=Then.AGAIN, lost=Then.UNKNOWN, busy=Then.AGAIN, sick=Then.RAISE)
RESTART = Rule(never_sent=Then.AGAIN, lost=Then.UNKNOWN, busy=Then.AGAIN, sick=Then.RAISE)


class Answer(NamedTuple):
    """What a look found: the request's own outcome, so that nothing is left to try."""

    value: object


Look = Callable[[TaskfarmError], Flow[Answer | None]]


class Backoff:
    """Full jitter over exponentially growing waits, and one deadline over all of them.

    Args:
        now: the clock.
        give_up_at: when the last attempt may start, by that clock; asked anew for each, for it
            may have come nearer.
    """

    def __init__(self, now: Callable[[], float], give_up_at: Callable[[], float]) -> None:
        self._now = now
        self._give_up_at = give_up_at
        self._failures = 0

    def pause_s(self, error: TaskfarmError) -> float | None:
        """Return how long to wait before the next attempt, or None if the time is up."""
        left_s = self._give_up_at() - self._now()
        if left_s <= 0:
            return None
        most_s = min(BACKOFF_MOST_S, BACKOFF_S * math.ldexp(1.0, min(self._failures, 16)))
        self._failures += 1
        pause_s = DICE.uniform(0, most_s)
        asked_s = error.retry_after_s if isinstance(error, ServerError) else None
        return min(max(pause_s, min(asked_s or 0.0, RETRY_AFTER_MOST_S)), left_s)
