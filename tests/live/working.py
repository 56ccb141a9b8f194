"""A worker process, as a cluster runs it: started by test_kills, which kills it.

Its standard input holds one line of JSON: url, token, run, and how long a task takes. It writes
the number of each task that it begins as a line to standard output.
"""

from __future__ import annotations

import json
import logging
import sys
import time

from taskfarm_sdk import Farm

HEARTBEAT_S = 0.5
STALE_AFTER_S = 2.5


def main() -> None:
    """Work a run off, and stay until it is finished."""
    logging.basicConfig(level=logging.WARNING)
    told = json.loads(sys.stdin.readline())
    with (
        Farm(told["url"], token=told["token"], timeout_s=5) as farm,
        farm.get_run(told["run"]).worker(
            linger=True,
            first_beat_s=HEARTBEAT_S / 2,
            heartbeat_s=HEARTBEAT_S,
            stale_after_s=STALE_AFTER_S,
            unleased_after_s=STALE_AFTER_S,
            grace_s=told.get("grace_s", 0),
            give_up_after_s=60,
        ) as worker,
    ):
        for task in worker:
            with task:
                print(task.number, flush=True)
                ends_at = time.monotonic() + told["task_s"]
                while time.monotonic() < ends_at and not (
                    told.get("heeds") and task.stop_requested
                ):
                    time.sleep(0.01)


if __name__ == "__main__":
    main()
