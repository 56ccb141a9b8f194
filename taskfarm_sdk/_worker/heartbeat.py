"""The schedule of a task's reports, and of the heartbeats that keep its lease alive.

A report goes out at most once per `report_every_s`, and not before that long after the hand-out,
so that a quick task costs its two requests whatever it reports. A task that lasts gets a beat
after `first_beat_s` and then every `heartbeat_s`; a report counts as one.
"""

from __future__ import annotations

import time

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk.errors import ConfigurationError

# After so many heartbeats without one of its own, a holder must expect that its task was taken.
GAP_HEARTBEATS = 1.5
HEARTBEAT_MOST_S = 30.0
FIRST_BEAT_MOST_S = 30.0


@attrs.frozen
class HeartbeatIntervals:
    """How often a task is written of, in seconds."""

    report_every_s: float = 1.0
    first_beat_s: float = 2.0
    heartbeat_s: float = 30.0


def intervals(report_every_s: float, first_beat_s: float, heartbeat_s: float) -> HeartbeatIntervals:
    """Return a rhythm whose numbers make sense together.

    Raises:
        ConfigurationError: they do not.
    """
    if _validation.seconds("heartbeat_s", heartbeat_s) > HEARTBEAT_MOST_S:
        raise ConfigurationError(
            f"heartbeat_s must be at most {HEARTBEAT_MOST_S:g}: other workers take a task that is "
            f"silent for longer; not {heartbeat_s!r}"
        )
    if _validation.seconds("first_beat_s", first_beat_s) > FIRST_BEAT_MOST_S:
        raise ConfigurationError(
            f"first_beat_s must be at most {FIRST_BEAT_MOST_S:g}: other workers may take a task "
            f"that shows no sign of life after its hand-out; not {first_beat_s!r}"
        )
    return HeartbeatIntervals(
        _validation.seconds("report_every_s", report_every_s),
        first_beat_s,
        heartbeat_s,
    )


@attrs.define
class HeartbeatSchedule:
    """The reports and beats of one task.

    Attributes:
        rhythm: how often.
        handed_at: when it was handed out, by the clock that `due_at` speaks of.
    """

    intervals: HeartbeatIntervals
    handed_at: float
    _written_at: float | None = None
    _news: bool = False
    _heard_at: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.heard(awake_s())

    def has_news(self) -> None:
        """Note that there is a newer percentage than the server has."""
        self._news = True

    def wrote(self, now: float) -> None:
        """Note that it was written of, answered or not."""
        self._written_at, self._news = now, False

    def heard(self, asked_at: float) -> None:
        """Note that the server showed it to be still in our hands.

        Args:
            asked_at: when it was asked, by `awake_s`. The answer may have waited for a process
                that stood still, and says nothing of that time.
        """
        self._heard_at = asked_at

    def due_at(self) -> float:
        """Return when it is to be written of next."""
        intervals = self.intervals
        if self._written_at is None:
            since, beat_s = self.handed_at, intervals.first_beat_s
        else:
            since, beat_s = self._written_at, intervals.heartbeat_s
        return since + (min(intervals.report_every_s, beat_s) if self._news else beat_s)

    @property
    def after_gap(self) -> bool:
        """Whether it went without a word for so long that somebody may have taken it."""
        return awake_s() - self._heard_at > GAP_HEARTBEATS * self.intervals.heartbeat_s


def awake_s() -> float:
    """Return seconds by a clock that goes on while the machine sleeps; the monotonic one stops."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time()
