"""Times that make a test of work short, and what cannot be received."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from taskfarm_sdk._flows import recovery


class Short(TypedDict, total=False):
    """Times that make a test short."""

    retry_delay_s: float
    report_every_s: float
    first_beat_s: float
    heartbeat_s: float
    stale_after_s: float
    unleased_after_s: float


SHORT = Short(
    retry_delay_s=0.05,
    report_every_s=0.1,
    first_beat_s=0.2,
    heartbeat_s=0.3,
    stale_after_s=1.0,
    unleased_after_s=1.0,
)


# On a busy machine a beat may come late, and only what was lost is to be computed again.
PATIENT = Short(**{**SHORT, "heartbeat_s": 0.5, "stale_after_s": 3.0, "unleased_after_s": 3.0})


def hasty() -> None:
    """Have this process look after others shortly."""
    recovery.START_SPREAD_S = 0
    recovery.MOST_REST_S = 1


@contextmanager
def hastily() -> Iterator[None]:
    """Have this process look after others shortly for a time."""
    before = recovery.START_SPREAD_S, recovery.MOST_REST_S
    hasty()
    try:
        yield
    finally:
        recovery.START_SPREAD_S, recovery.MOST_REST_S = before


class Odd:
    """Can be sent, and not be received."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("odd",)
