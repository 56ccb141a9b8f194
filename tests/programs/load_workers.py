"""Many workers in one process, each in a thread and known to the server by itself, for load.

Prints a document of what they did: a `Report`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict, TypeVar

from taskfarm_sdk import Farm, Run
from tests.support.told import told

R = TypeVar("R")
# 256 workers wait for seconds as it is, and a machine that is busy with others takes longer.
TIMEOUT_S = 120.0


class Told(TypedDict):
    """What the process is told: a run, how many threads to work with, and of how many in all."""

    url: str
    token: str
    run: str
    threads: int
    fleet_size: int


class Report(TypedDict):
    """What the workers of a process did; times in seconds.

    Attributes:
        tasks: their numbers.
        workers: how many workers the server knows them by.
        waited_s: for each hand-out and each completion.
        done_at: when each completion was answered, by the machine's clock.
        cpu_s: of the whole process from the first request on.
    """

    tasks: list[int]
    workers: int
    waited_s: dict[str, list[float]]
    done_at: list[float]
    cpu_s: float


class WorkerThreads:
    """The workers of this process."""

    def __init__(self, run: Run, threads: int, fleet_size: int) -> None:
        self._run = run
        self._threads = threads
        self._fleet_size = fleet_size
        self._all_ready = threading.Barrier(threads)
        waited_s: dict[str, list[float]] = {"claim": [], "complete": []}
        self.report = Report(tasks=[], workers=0, waited_s=waited_s, done_at=[], cpu_s=0.0)

    def work(self) -> None:
        """Work the run off."""
        with ThreadPoolExecutor(self._threads) as pool:
            uuids = set(pool.map(self._work, range(self._threads)))
        self.report["workers"] = len(uuids)
        self.report["cpu_s"] = time.process_time()

    def _work(self, _: int) -> str:
        self._all_ready.wait()
        with self._run.worker(fleet_size=self._fleet_size) as worker:
            while (task := self._timed("claim", worker.claim)) is not None:
                self._timed("complete", task.complete)
                self.report["done_at"].append(time.time())
                self.report["tasks"].append(task.number)
            return worker.uuid

    def _timed(self, what: str, ask: Callable[[], R]) -> R:
        began_at = time.monotonic()
        answer = ask()
        self.report["waited_s"][what].append(time.monotonic() - began_at)
        return answer


def main() -> None:
    """Work a run off with many workers."""
    how = told(Told)
    with Farm(how["url"], token=how["token"], timeout_s=TIMEOUT_S) as farm:
        threads = WorkerThreads(farm.get_run(how["run"]), how["threads"], how["fleet_size"])
        threads.work()
    json.dump(threads.report, sys.stdout)


if __name__ == "__main__":
    main()
