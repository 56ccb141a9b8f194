"""The schedule of a task's reports, and of the heartbeats that keep its lease alive.

Reports are sent at most once per `report_every_s`, the first so long after the hand-out, so that a
short task costs only two requests whatever it reports. A longer task gets a beat after
`first_beat_s` and then every `heartbeat_s`; a report counts as one.
"""

from __future__ import annotations

import time

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk.errors import ConfigurationError

# After missing so many heartbeats, a holder must expect that its task was taken over.
GAP_HEARTBEATS = 1.5
HEARTBEAT_MOST_S = 30.0
FIRST_BEAT_MOST_S = 30.0


@attrs.frozen
class HeartbeatIntervals:
    """How often a worker reports on a task, in seconds."""

    report_every_s: float = 1.0
    first_beat_s: float = 2.0
    heartbeat_s: float = 30.0


def intervals(report_every_s: float, first_beat_s: float, heartbeat_s: float) -> HeartbeatIntervals:
    """Return a rhythm whose numbers are consistent.

    Raises:
        ConfigurationError: they are not.
    """
    heartbeat_s = _validation.seconds("heartbeat_s", heartbeat_s)
    first_beat_s = _validation.seconds("first_beat_s", first_beat_s)
    if heartbeat_s > HEARTBEAT_MOST_S:
        raise ConfigurationError(
            f"heartbeat_s must be at most {HEARTBEAT_MOST_S:g}: other workers take a task that is "
            f"silent for longer; not {heartbeat_s!r}"
        )
    if first_beat_s > FIRST_BEAT_MOST_S:
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
        """Note that the task has a newer percentage than the server."""
        self._news = True

    def wrote(self, now: float) -> None:
        """Note that a report was sent, answered or not."""
        self._written_at, self._news = now, False

    def heard(self, asked_at: float) -> None:
        """Note that the server still showed this worker as the holder.

        Args:
            asked_at: when the request was sent, by `awake_s`. The process may have been stopped
                before it read the answer, which proves nothing about that time.
        """
        self._heard_at = asked_at

    def due_at(self) -> float:
        """Return when the next report is due."""
        intervals = self.intervals
        if self._written_at is None:
            since, beat_s = self.handed_at, intervals.first_beat_s
        else:
            since, beat_s = self._written_at, intervals.heartbeat_s
        return since + (min(intervals.report_every_s, beat_s) if self._news else beat_s)

    @property
    def after_gap(self) -> bool:
        """Whether no report was sent for so long that another worker may have taken it over."""
        return awake_s() - self._heard_at > GAP_HEARTBEATS * self.intervals.heartbeat_s


def awake_s() -> float:
    """Return seconds by a clock that, unlike the monotonic one, runs while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time()
