"""The retry table: what follows each failure of each type of request.

There are four failures. *Never sent*: the server cannot have acted. *Lost*: it may have acted, but
the reply was lost, or came from a proxy (502, 503, 520 …). *Busy*: the server or a proxy has not
acted and answered 408, 425 or 429. *Sick*: the server answered 500.
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
# A retry does not help: the server does not implement the request.
FOR_GOOD = (501, 505)

BACKOFF_S = 0.2
BACKOFF_MOST_S = 10.0
# The limit for a server's `Retry-After`, which may be nonsense.
RETRY_AFTER_MOST_S = 60.0
# The system's random source, because workers with the same seed would all retry at once.
DICE = random.SystemRandom()


class Then(Enum):
    """What follows a failure."""

    AGAIN = "try again"
    LOOK = "look at what the server holds first"
    RAISE = "raise it"
    UNKNOWN = "raise that the outcome is unknown"


class Rule(NamedTuple):
    """What follows each failure of one type of request."""

    never_sent: Then
    lost: Then
    busy: Then
    sick: Then
    # If its database fails while a task is written, the server answers 400, not 500. The SDK's own
    # values are valid, so its rules treat this 400 as a failure of the server.
    refused: Then = Then.RAISE

    def after(self, error: TaskfarmError) -> Then:
        """Return what follows an error; errors that no retry can help are raised."""
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
# Never repeated: a late report may arrive after the task's end, and the next one replaces it.
REPORT = Rule(never_sent=Then.RAISE, lost=Then.RAISE, busy=Then.RAISE, sick=Then.RAISE)
# To release, fail or reset a task, which another worker may hold by now.
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
    """The result of the request, found by a look, so that no retry is needed."""

    value: object


Look = Callable[[TaskfarmError], Flow[Answer | None]]


class Backoff:
    """Exponentially growing waits with full jitter, up to one deadline.

    Args:
        now: returns the clock's time.
        give_up_at: returns when the last attempt may start, by that clock; called before each
            wait, because a hurry can bring it forward.
    """

    def __init__(self, now: Callable[[], float], give_up_at: Callable[[], float]) -> None:
        self._now = now
        self._give_up_at = give_up_at
        self._failures = 0

    def pause_s(self, error: TaskfarmError) -> float | None:
        """Return the wait before the next attempt in seconds, or None after the deadline."""
        left_s = self._give_up_at() - self._now()
        if left_s <= 0:
            return None
        most_s = min(BACKOFF_MOST_S, BACKOFF_S * math.ldexp(1.0, min(self._failures, 16)))
        self._failures += 1
        pause_s = DICE.uniform(0, most_s)
        asked_s = error.retry_after_s if isinstance(error, ServerError) else None
        return min(max(pause_s, min(asked_s or 0.0, RETRY_AFTER_MOST_S)), left_s)
