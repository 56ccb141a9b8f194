"""Takes or reads a stub's tasks with this SDK, and prints the memory it holds as it goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from taskfarm_sdk import Farm, Run

PRINTED = 50


def main() -> None:
    """Do what the command line says, and print KiB some 50 times."""
    act, url, uuid, tasks = sys.argv[1:]
    every = max(int(tasks) // PRINTED, 1)
    with Farm(url, token="token") as farm:  # noqa: S106 - the stub asks nobody who they are
        run = farm.get_run(uuid)
        for number in {"hand-outs": hand_outs, "task_infos": task_infos}[act](run):
            if number % every == 0:
                print(resident_kib(), flush=True)


def task_infos(run: Run) -> Iterator[int]:
    """Read how each task stands."""
    for info in run.task_infos():
        yield info.number


def hand_outs(run: Run) -> Iterator[int]:
    """Complete each task that is handed out."""
    with run.worker() as worker:
        for task in worker:
            with task:
                yield task.number


def resident_kib() -> int:
    """Return how much memory this process holds."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    main()
