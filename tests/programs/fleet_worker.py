"""A worker process, as a cluster runs it: started by `fleet`, for tests that kill it.

It writes the number of each task that it begins as a line to standard output.
"""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import Literal

import attrs

from taskfarm_sdk import Farm, Task
from taskfarm_sdk._flows import recovery
from taskfarm_sdk._sansio import retry
from taskfarm_sdk._worker import heartbeat, requests
from tests.support.told import told

HEARTBEAT_S = 0.5
STALE_AFTER_S = 2.5


@attrs.frozen
class Told:
    """What a worker is told; times are short, so that tests are."""

    url: str
    token: str
    run: str
    task_s: float
    # Every so manieth task takes longer.
    long_every: int = 0
    long_s: float = 0
    # A file: a task is over as soon as it is there.
    until: str = ""
    # How often a task reports, evenly.
    updates: int = 0
    heeds: bool = False
    timeout_s: float = 5
    linger: bool = True
    # The longest rest of one who looks after others, and how late it may start.
    rest_s: float = 1
    report_every_s: float = 1
    first_beat_s: float = HEARTBEAT_S / 2
    heartbeat_s: float = HEARTBEAT_S
    stale_after_s: float = STALE_AFTER_S
    unleased_after_s: float | Literal["auto"] = STALE_AFTER_S
    unleased_factor: float = 10
    max_attempts: int = 3
    grace_s: float = 0
    give_up_after_s: float = 60
    # For how long it tries to give its tasks back when it is to end.
    ending_s: float = 5
    # The longest wait before a request is tried again.
    backoff_most_s: float = 10

    def compute(self, task: Task) -> None:
        """Take the time that a task takes."""
        is_long = self.long_every and task.number % self.long_every == 0
        task_s = self.long_s if is_long else self.task_s
        begun_at = time.monotonic()
        for step in range(1, self.updates + 1):
            self._wait(task, begun_at + task_s * step / (self.updates + 1))
            task.update(100 * step / (self.updates + 1))
        self._wait(task, begun_at + task_s)

    def _wait(self, task: Task, until: float) -> None:
        while time.monotonic() < until and not self._over(task):
            time.sleep(0.01)

    def _over(self, task: Task) -> bool:
        if self.until and Path(self.until).exists():
            return True
        return self.heeds and task.stop_requested


def main() -> None:
    """Work a run off, and stay until it is finished."""
    logging.basicConfig(level=logging.WARNING)
    how = told(Told)
    recovery.START_SPREAD_S = recovery.MOST_REST_S = how.rest_s
    heartbeat.FIRST_BEAT_MOST_S = math.inf
    recovery.UNLEASED_FACTOR = how.unleased_factor
    requests.ENDING_S = how.ending_s
    retry.BACKOFF_MOST_S = how.backoff_most_s
    with (
        Farm(how.url, token=how.token, timeout_s=how.timeout_s) as farm,
        farm.get_run(how.run).worker(
            linger=how.linger,
            report_every_s=how.report_every_s,
            first_beat_s=how.first_beat_s,
            heartbeat_s=how.heartbeat_s,
            stale_after_s=how.stale_after_s,
            unleased_after_s=how.unleased_after_s,
            max_attempts=how.max_attempts,
            grace_s=how.grace_s,
            give_up_after_s=how.give_up_after_s,
        ) as worker,
    ):
        for task in worker:
            with task:
                print(task.number, flush=True)
                how.compute(task)


if __name__ == "__main__":
    main()
