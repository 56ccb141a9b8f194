"""Computes many small items in one of the ways there are, and prints what that took, as JSON.

It runs with the interpreter of the library that it uses. The job is a JSON object, the only word on
the command line.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

Job = dict[str, Any]
WORKERS = 2
GROUP = 100  # items that a user of the others sends at a time
# A worker that is killed between a hand-out and its note of it costs a wait, which is no item.
HASTY: Any = {
    "retry_delay_s": 0,
    "first_beat_s": 1,
    "heartbeat_s": 2,
    "stale_after_s": 10,
    "unleased_after_s": 10,
}


def spin(item_s: float, item: int) -> None:  # noqa: ARG001 - as each function of items is called
    """Compute for a while, holding the GIL."""
    ends_at = time.perf_counter() + item_s
    while time.perf_counter() < ends_at:
        pass


def nothing(item: object) -> None:
    """Do nothing."""


def hundred_bytes(item: int) -> bytes:
    """Return 100 bytes, other ones for each item."""
    return b"%0100d" % item


def noted(log: str, item_s: float, item: int) -> int:
    """Note that an item is computed, in this process's part of the log, and return it."""
    with Path(log, str(os.getpid())).open("ab", buffering=0) as file:
        spin(item_s, item)
        file.write(b"%d\n" % item)
    return item


def function_of(job: Job) -> Callable[[Any], object]:
    """Return what a job has computed for each item."""
    if job.get("log"):
        return partial(noted, job["log"], job["item_s"])
    if job.get("bytes"):
        return hundred_bytes
    return partial(spin, job["item_s"]) if job["item_s"] else nothing


def by_map(job: Job) -> None:
    """Compute with `farm.map`."""
    from taskfarm_sdk import Farm

    with Farm(job["url"], token=job["token"]) as farm:
        farm.map(
            function_of(job),
            range(job["items"]),
            folder=job["folder"],
            chunk=job["chunk"],
            workers=WORKERS,
            **(HASTY if job.get("log") else {}),
        )


def by_tasks(job: Job) -> None:
    """Compute with `run.work`, each item as a task."""
    from taskfarm_sdk import Farm

    function = function_of(job)
    with Farm(job["url"], token=job["token"]) as farm:
        run = farm.create_run(job["items"])
        run.work(lambda task: function(task.number), workers=WORKERS)
        run.delete()


def by_pool(job: Job) -> None:
    """Compute with a ProcessPoolExecutor, which keeps nothing."""
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(WORKERS) as pool:
        done = pool.map(function_of(job), range(job["items"]), chunksize=GROUP)
        assert sum(1 for _ in done) == job["items"]


def by_joblib(job: Job) -> None:
    """Compute with joblib, which chooses how many items it sends at a time."""
    joblib: Any = importlib.import_module("joblib")  # only this environment's programs have it
    call = joblib.delayed(function_of(job))
    done = joblib.Parallel(n_jobs=WORKERS)(call(item) for item in range(job["items"]))
    assert len(done) == job["items"]


def by_dask_groups(client: Any, job: Job) -> None:
    """Compute with Dask, grouped by hand."""
    function = function_of(job)

    def compute(group: Sequence[int]) -> list[object]:
        return [function(item) for item in group]

    groups = [range(at, min(at + GROUP, job["items"])) for at in range(0, job["items"], GROUP)]
    done = client.gather(client.map(compute, groups))
    assert sum(map(len, done)) == job["items"]


def by_dask_batches(client: Any, job: Job) -> None:
    """Compute with Dask, each item a call, sent in batches."""
    calls = client.map(function_of(job), range(job["items"]), batch_size=GROUP)
    assert len(client.gather(calls)) == job["items"]


def with_dask(compute: Callable[[Any, Job], None], job: Job) -> dict[str, float]:
    """Compute in a cluster whose processes run already, as our server does."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.gather(client.map(nothing, range(WORKERS)))
        begin = time.perf_counter()
        compute(client, job)
        return {"whole_s": time.perf_counter() - begin}


def read_results(job: Job) -> dict[str, float]:
    """Read all results of a folder in order, or write them to a table."""
    import taskfarm_sdk

    before_kib = peak_kib()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    results = taskfarm_sdk.results(job["folder"])
    if job.get("table"):
        results.to_csv(job["table"])
    else:
        assert all(one.number == at and one.error is None for at, one in enumerate(results))
    return {
        "whole_s": time.perf_counter() - begin,
        "cpu_s": time.process_time() - begin_cpu,
        "kib": peak_kib(),
        "more_kib": peak_kib() - before_kib,
    }


def prepare_grid(job: Job) -> dict[str, float]:
    """Make the work of a grid, and read its first chunk of items."""
    from taskfarm_sdk import Farm, Items
    from taskfarm_sdk._results.folder import Folder
    from taskfarm_sdk._results.results import stored_items

    with Farm(job["url"], token=job["token"]) as farm:
        farm.runs()  # connects, and loads what requests need
        begin, begin_cpu, before_kib = time.perf_counter(), time.process_time(), peak_kib()
        grid = Items.grid(rate=[0.1 * step for step in range(10)], seed=range(job["items"] // 10))
        run = farm.prepare(nothing, grid, folder=job["folder"], chunk=min(1000, job["items"]))
        with closing(Folder.open(job["folder"])) as folder:
            stored = stored_items(folder)
            assert stored is not None
            assert stored[0] == {"rate": 0.0, "seed": 0}
        took = {
            "whole_s": time.perf_counter() - begin,
            "cpu_s": time.process_time() - begin_cpu,
            "more_kib": peak_kib() - before_kib,
        }
        run.delete()
    return took


def peak_kib() -> int:
    """Return how much memory this process held at most."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def cpu_s() -> float:
    """Return how much CPU this process and its children that have ended took."""
    uses = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


PLAIN: dict[str, Callable[[Job], None]] = {
    "map": by_map,
    "tasks": by_tasks,
    "pool": by_pool,
    "joblib": by_joblib,
}
DASK: dict[str, Callable[[Any, Job], None]] = {
    "dask groups": by_dask_groups,
    "dask batches": by_dask_batches,
}
OTHERS: dict[str, Callable[[Job], dict[str, float]]] = {
    "read": read_results,
    "grid": prepare_grid,
}


def main() -> None:
    """Do the job, and print what it took."""
    job: Job = json.loads(sys.argv[1])
    how = job["how"]
    if how in OTHERS:
        took = OTHERS[how](job)
    elif how in DASK:
        took = with_dask(DASK[how], job)
    else:
        begin, begin_cpu = time.perf_counter(), cpu_s()
        PLAIN[how](job)
        took = {"whole_s": time.perf_counter() - begin, "cpu_s": cpu_s() - begin_cpu}
    print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main()
