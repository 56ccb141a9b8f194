"""The options of a worker: their defaults, and what each of them may be."""

from __future__ import annotations

import os
from typing import Literal

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._flows.recovery import StaleAfter, stale_after
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._worker.heartbeat import HeartbeatIntervals, intervals


def _intervals(options: WorkerOptions) -> HeartbeatIntervals:
    return intervals(options.report_every_s, options.first_beat_s, options.heartbeat_s)


def _stale_after(options: WorkerOptions) -> StaleAfter:
    return stale_after(options.stale_after_s, options.unleased_after_s, options.heartbeat_s)


@attrs.frozen(kw_only=True)
class WorkerOptions:
    """Options of a worker; `Run.worker` documents them.

    `Run.worker` and `Run.work` repeat them, because editors and type checkers show keywords and
    defaults only of plain signatures; a test compares all three.

    Attributes:
        keeps_position: whether the percentage is a position in the task's chunk of items, and so
            counts only with a lease; not an option of users.
        intervals: how often the worker reports on a task, from the options.
        stale_after: after how long a task is stale, from the options.

    Raises:
        ConfigurationError: one of them is wrong.
    """

    prefetch: int = 0
    report_every_s: float = 1.0
    first_beat_s: float = 2.0
    heartbeat_s: float = 30.0
    max_attempts: int = 3
    retry_delay_s: float = 30.0
    halt_after: int = 10
    linger: bool = False
    stale_after_s: float = 120.0
    unleased_after_s: float | Literal["auto", "stale_after_s"] = "auto"
    grace_s: float = 0.0
    give_up_after_s: float = 600.0
    journal: str | os.PathLike[str] | None = None
    fleet_size: int = 1
    keeps_position: bool = False
    intervals: HeartbeatIntervals = attrs.field(
        init=False, default=attrs.Factory(_intervals, takes_self=True)
    )
    stale_after: StaleAfter = attrs.field(
        init=False, default=attrs.Factory(_stale_after, takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        _validation.one_or_none("prefetch", self.prefetch)
        leases.max_attempts(self.max_attempts)
        _validation.at_least_one("halt_after", self.halt_after)
        _validation.flag("linger", self.linger)
        _validation.at_least_one("fleet_size", self.fleet_size)
        if self.journal is not None:
            _validation.file_name("the folder of the journal", self.journal)
        plain_s = {
            **attrs.asdict(self.intervals),
            "stale_after_s": self.stale_after.stale_after_s,
            "retry_delay_s": _validation.seconds("retry_delay_s", self.retry_delay_s, zero=True),
            "grace_s": _validation.seconds("grace_s", self.grace_s, zero=True),
            "give_up_after_s": _validation.seconds(
                "give_up_after_s", self.give_up_after_s, zero=True, endless=True
            ),
        }
        # As floats: a Decimal passes the checks, and cannot be added to a float.
        for name, value_s in plain_s.items():
            object.__setattr__(self, name, value_s)
