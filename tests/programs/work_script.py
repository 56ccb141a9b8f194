"""A script as users write them, started by `test_work*.py`: a function of its own, and `Run.work`.

Its standard input, or TOLD, holds one line of JSON: url, token, run, a folder, how long a task
takes, and maybe an executor. In the folder a task leaves a file with the process ids of who
computes it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import attrs

from taskfarm_sdk import Farm, Task
from tests.support.executors import executor
from tests.support.short_times import Short, hasty

# A function of a main module finds what stands beside it there.
FACTOR = 3


@attrs.frozen
class Told:
    """What the script is told."""

    url: str
    token: str
    run: str
    folder: str
    task_s: float = 0
    grace_s: float = 0
    heeds: bool = False
    # What a function that heeds takes to save what it has.
    saves_s: float = 0
    # Takes an interruption for an end of its own.
    swallows: bool = False
    # Without another program.
    bare: bool = False
    # See `tests.support.executors`.
    executor: str = ""
    # Times for `Run.work`.
    work: Short = attrs.field(factory=Short)


def compute(task: Task, told: Told) -> None:
    """Take the time that a task takes, with a program of its own at work."""
    with subprocess.Popen(["true" if told.bare else "sleep", "600"]) as other:
        note = Path(told.folder, f"begun-{task.number}")
        note.with_suffix(".new").write_text(json.dumps([os.getpid(), other.pid]))
        note.with_suffix(".new").rename(note)
        ends_at = time.monotonic() + told.task_s
        try:
            while time.monotonic() < ends_at and not (told.heeds and task.stop_requested):
                time.sleep(0.01)
            if task.stop_requested:
                time.sleep(told.saves_s)
        except KeyboardInterrupt:
            if not told.swallows:
                raise
        finally:
            other.kill()
    Path(told.folder, f"done-{task.number}").write_text(str(task.number * FACTOR))


def main() -> None:
    told = Told(**json.loads(os.environ.get("TOLD") or sys.stdin.readline()))
    Path(told.folder, "master").write_text(str(os.getpid()))
    with Farm(told.url, token=told.token) as farm, executor(told.executor) as where:
        status = farm.get_run(told.run).work(
            lambda task: compute(task, told),
            workers=2,
            executor=where,
            grace_s=told.grace_s,
            **told.work,
        )
    print(status.done, "done")


print("the main module runs", flush=True)
hasty()
if __name__ == "__main__":
    main()
