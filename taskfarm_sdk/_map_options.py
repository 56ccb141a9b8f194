"""The options that `Farm.map` and `taskfarm_sdk.join` share."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Literal, TypedDict

from taskfarm_sdk._models import RunStatus

__all__ = ["MapOptions"]


class MapOptions(TypedDict, total=False):
    """Options of `Farm.map` and `taskfarm_sdk.join`, all by keyword.

    Attributes:
        workers: how many items to compute at a time; see `Run.work`.
        executor: where to compute instead of in child processes; see `Run.work`.
        threads_per_task: how many threads libraries use in each child process; see `Run.work`.
        progress: called in this thread with the run's status, about every 2 s and at the end; True
            draws that: see `Run.watch`.
        linger: stay while other workers compute, and take over tasks that they lose; by default
            True.
        linger_s: how long at most to stay without a task while other workers compute.
        check: raise if items have no value at the end, or if `halt_after` ended the work; by
            default True.
        grace_s: how long after SIGTERM, SIGINT or SIGUSR1 an item may be computed to its end, by
            default 2 s. An item that takes longer is interrupted, and computed again.
        halt_after: after how many failures in a row the work ends, by default 10; see
            `Run.worker`. A chunk counts as one, and only if none of its items has a value. A chunk
            whose first items fail, as many as this, is not tried further in that attempt.
        max_attempts: how often a failing item is tried; see `Run.worker`.
        retry_failed: if the run is finished when this begins, try items again that failed for good
            before; by default True. Of many workers that begin at different times, only one
            should.
        retry_delay_s: see `Run.worker`.
        stale_after_s: see `Run.worker`.
        unleased_after_s: see `Run.worker`; by default "stale_after_s".
        first_beat_s: see `Run.worker`.
        heartbeat_s: see `Run.worker`. The percentage of a task is sent with it, no more often.
        give_up_after_s: see `Run.worker`.
        journal: see `Run.worker`.
    """

    workers: int | None
    executor: Executor | None
    threads_per_task: int | None
    progress: bool | Callable[[RunStatus], None] | None
    linger: bool
    linger_s: float | None
    check: bool
    grace_s: float
    halt_after: int
    max_attempts: int
    retry_failed: bool
    retry_delay_s: float
    stale_after_s: float
    unleased_after_s: float | Literal["auto", "stale_after_s"]
    first_beat_s: float
    heartbeat_s: float
    give_up_after_s: float
    journal: str | os.PathLike[str] | None
