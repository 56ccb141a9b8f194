"""HyperQueue's server and worker on this machine; each line of stdin is a job of equal tasks."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def main() -> None:
    """Take jobs until stdin ends."""
    folder, cores = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # it prints tables and bars
    with LocalCluster(folder, WorkerConfig(cores=int(cores))) as cluster:
        client = cluster.client()
        for line in sys.stdin:
            tasks, *command = line.split()
            job = Job(default_workdir=folder)
            programs = [job.program(command, stdout=None, stderr=None) for _ in range(int(tasks))]
            # Its own wait looks once a second only, so a last task tells when all are done.
            end = Path(folder) / "end"
            job.program(["touch", str(end)], stdout=None, stderr=None, deps=programs)
            submitted = client.submit(job)
            while not end.exists():
                time.sleep(0.002)
            print("done", file=answers, flush=True)
            client.wait_for_jobs([submitted])
            end.unlink()


if __name__ == "__main__":
    main()
