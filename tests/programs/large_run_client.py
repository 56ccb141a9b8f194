"""A client that creates a run, looks at it and works on it, and watches its own memory.

Before the last worker of a run it writes a line of JSON and waits for one on stdin: meanwhile the
tasks between are made in the database. In the end it writes what it saw.
"""

from __future__ import annotations

import itertools
import json
import sys
import tracemalloc
from pathlib import Path
from typing import TypedDict

from taskfarm_sdk import Farm, Run
from tests.support.told import told

FIRST = 3
LISTED_MOST = 100_000
MIB_PER_PAGE = 4096 / 2**20


class Told(TypedDict):
    """What the client is told.

    Attributes:
        tasks: how many the runs have, one run after the other.
        last: how many of them are left for the last worker.
    """

    url: str
    token: str
    tasks: list[int]
    last: int


class Seen(TypedDict):
    """What there was to see of one run.

    Attributes:
        first: the tasks handed out at first.
        last: and at last.
        watched: done and waiting, of each status of `watch`.
        succeeded: whether the run did, in the end.
        waiting_seen: how many tasks `task_infos` listed before there were any; some are enough.
        peak_kib: the most memory that Python's objects had meanwhile, over that of before.
        grown_mib: by how much the process has grown.
    """

    first: list[int]
    last: list[int]
    watched: list[list[int]]
    succeeded: bool
    waiting_seen: int
    peak_kib: float
    grown_mib: float


def claim(run: Run, count: int) -> list[int]:
    """Work off some tasks."""
    numbers = []
    with run.worker() as worker:
        for _ in range(count):
            task = worker.claim()
            assert task is not None
            with task:
                numbers.append(task.number)
    return numbers


def see(farm: Farm, num_tasks: int, last: int) -> Seen:
    """Go through the life of a run."""
    before_mib = resident_mib()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    run = farm.create_run(num_tasks)
    listed = itertools.islice(run.task_infos(), LISTED_MOST)
    waiting_seen = sum(info.state == "waiting" for info in listed)
    first = claim(run, FIRST)
    print(json.dumps({"run": run.uuid, "has": FIRST, "until": num_tasks - last}), flush=True)
    sys.stdin.readline()
    watched = []
    numbers: list[int] = []
    for status in run.watch(poll_s=0.1):
        watched.append([status.done, status.waiting])
        if not numbers:
            numbers = claim(run, last)
    succeeded = run.wait(check=True).succeeded
    _, peak = tracemalloc.get_traced_memory()
    return Seen(
        first=first,
        last=numbers,
        watched=watched,
        succeeded=succeeded,
        waiting_seen=waiting_seen,
        peak_kib=(peak - before) / 1024,
        grown_mib=resident_mib() - before_mib,
    )


def resident_mib() -> float:
    """Return how much memory the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * MIB_PER_PAGE


def main() -> None:
    """Go through the lives of all runs."""
    how = told(Told)
    tracemalloc.start()
    with Farm(how["url"], token=how["token"]) as farm:
        farm.runs()
        json.dump([see(farm, num_tasks, how["last"]) for num_tasks in how["tasks"]], sys.stdout)


if __name__ == "__main__":
    main()
