"""Call a function for each task, on a Dask cluster.

    python examples/dask_cluster.py                   # a new cluster on this machine
    python examples/dask_cluster.py tcp://HOST:8786   # an existing cluster

To start a cluster, run `dask scheduler` on one host, and `dask worker tcp://HOST:8786` on any
number of hosts; dask-jobqueue starts one with Slurm. Workers may join and leave during the run.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from distributed import Client

from taskfarm_sdk import Farm, RunStatus, Task

POINTS = 100_000
# Absolute, so that all workers use the same folder, wherever they were started.
RESULTS = Path("results").absolute()


def estimate_pi(task: Task) -> None:
    """Write an estimate of pi to a file named for the task, so that repeating it does no harm."""
    points = random.Random(task.number)
    inside = sum(points.random() ** 2 + points.random() ** 2 <= 1 for _ in range(POINTS))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"pi-{task.number}.txt").write_text(f"{4 * inside / POINTS}\n")


def show(status: RunStatus) -> None:
    """Print the progress of the run."""
    print(f"{status.done} of {status.num_tasks} tasks are done", flush=True)


if __name__ == "__main__":
    # One thread in each process, because only one thread of a process runs Python code at a time.
    client = Client(sys.argv[1]) if sys.argv[1:] else Client(threads_per_worker=1)
    with client, Farm() as farm:
        run = farm.create_run(20)
        print(f"run {run.uuid}", flush=True)
        run.work(estimate_pi, executor=client.get_executor(), progress=show)
