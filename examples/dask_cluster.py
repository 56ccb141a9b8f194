"""A function for each task, on a Dask cluster.

    python examples/dask_cluster.py                     # a cluster on this machine, to try it
    python examples/dask_cluster.py tcp://HOST:8786     # one that is there

Such a one is `dask scheduler` on a host, and `dask worker tcp://HOST:8786` on as many as you like;
dask-jobqueue starts it by Slurm. Workers may come and go while the run is worked off.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from distributed import Client

from taskfarm_sdk import Farm, RunStatus, Task

POINTS = 100_000
# For all workers the same place, whatever folder they were started in.
RESULTS = Path("results").absolute()


def estimate_pi(task: Task) -> None:
    """Write an estimate of pi into a file of the task's own, which does no harm when repeated."""
    points = random.Random(task.number)
    inside = sum(points.random() ** 2 + points.random() ** 2 <= 1 for _ in range(POINTS))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"pi-{task.number}.txt").write_text(f"{4 * inside / POINTS}\n")


def show(status: RunStatus) -> None:
    """Tell how it goes."""
    print(f"{status.done} of {status.num_tasks} tasks are done", flush=True)


if __name__ == "__main__":
    # A thread in each process, for Python computes in one thread at a time.
    client = Client(sys.argv[1]) if sys.argv[1:] else Client(threads_per_worker=1)
    with client, Farm() as farm:
        run = farm.create_run(20)
        print(f"run {run.uuid}", flush=True)
        run.work(estimate_pi, executor=client.get_executor(), progress=show)
