"""A function for each task, on all CPUs of this machine: where most people start.

Run it as `python examples/work.py`, against the server of your environment or saved login; without
one, `serveTF` in another terminal makes both. Any number of machines may run it on the same run,
whose UUID is its argument then.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from taskfarm_sdk import Farm, RunStatus, Task

POINTS = 200_000
STEPS = 10


def estimate_pi(task: Task) -> None:
    """Write an estimate of pi into a file of the task's own, which does no harm when repeated."""
    points = random.Random(task.number)
    inside = 0
    for step in range(STEPS):
        for _ in range(POINTS // STEPS):
            inside += points.random() ** 2 + points.random() ** 2 <= 1
        task.update(100 * (step + 1) / STEPS)
    Path(f"pi-{task.number}.txt").write_text(f"{4 * inside / POINTS}\n")


def show(status: RunStatus) -> None:
    """Tell how it goes."""
    print(f"{status.done} of {status.num_tasks} tasks are done", flush=True)


if __name__ == "__main__":
    with Farm() as farm:
        run = farm.get_run(sys.argv[1]) if sys.argv[1:] else farm.create_run(20)
        print(f"run {run.uuid}", flush=True)
        run.work(estimate_pi, progress=show)
