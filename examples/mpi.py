"""Call a function for each task, in the ranks of an MPI job.

    mpiexec -n 4 python -m mpi4py.futures examples/mpi.py

Rank 0 runs this script and the other ranks compute; without `-m mpi4py.futures` no rank would
compute. In a Slurm batch job, use `srun` instead of `mpiexec -n 4`. If a rank is killed, MPI ends
all ranks: to continue, start the script again with the run's UUID after `mpi.py`.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from mpi4py.futures import MPIPoolExecutor

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
    with Farm() as farm, MPIPoolExecutor() as ranks:
        run = farm.get_run(sys.argv[1]) if sys.argv[1:] else farm.create_run(20)
        print(f"run {run.uuid}", flush=True)
        print(run.work(estimate_pi, executor=ranks))
