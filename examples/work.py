"""Call a function for each task, on all CPUs of this machine: start here.

Run it as `python examples/work.py`. It uses the server of your environment or saved login; if you
have none, run `serveTF` in another terminal first. To join the same run from other machines, give
its UUID as the argument.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from taskfarm_sdk import Farm, RunStatus, Task

POINTS = 200_000
STEPS = 10


def estimate_pi(task: Task) -> None:
    """Write an estimate of pi to a file named for the task, so that repeating it does no harm."""
    points = random.Random(task.number)
    inside = 0
    for step in range(STEPS):
        for _ in range(POINTS // STEPS):
            inside += points.random() ** 2 + points.random() ** 2 <= 1
        task.update(100 * (step + 1) / STEPS)
    Path(f"pi-{task.number}.txt").write_text(f"{4 * inside / POINTS}\n")


def show(status: RunStatus) -> None:
    """Print the progress of the run."""
    print(f"{status.done} of {status.num_tasks} tasks are done", flush=True)


if __name__ == "__main__":
    with Farm() as farm:
        run = farm.get_run(sys.argv[1]) if sys.argv[1:] else farm.create_run(20)
        print(f"run {run.uuid}", flush=True)
        run.work(estimate_pi, progress=show)
