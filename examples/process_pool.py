"""Call a function for each task, in your own pool of processes.

Run it as `python examples/process_pool.py`. `run.work(estimate_pi)` without a pool is more
robust: a killed child costs one attempt, but a killed process breaks a pool. Use a pool if you
already have one, or on Windows, where `run.work` cannot start child processes. If the pool breaks,
start the script again with the run's UUID: `python examples/process_pool.py UUID`.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from taskfarm_sdk import Farm, Task

POINTS = 100_000
RESULTS = Path("results").absolute()


def estimate_pi(task: Task) -> None:
    """Write an estimate of pi to a file named for the task, so that repeating it does no harm."""
    points = random.Random(task.number)
    inside = sum(points.random() ** 2 + points.random() ** 2 <= 1 for _ in range(POINTS))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"pi-{task.number}.txt").write_text(f"{4 * inside / POINTS}\n")


if __name__ == "__main__":
    with Farm() as farm, ProcessPoolExecutor() as pool:
        run = farm.get_run(sys.argv[1]) if sys.argv[1:] else farm.create_run(20)
        print(f"run {run.uuid}", flush=True)
        print(run.work(estimate_pi, executor=pool))
