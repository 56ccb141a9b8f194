"""A script as users write them, started by `work_scripts`: a function of its own, and `Run.work`.

In its folder a task leaves a file with the process ids of who computes it, another as soon as it
sees that it is to stop, and one when it is computed.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import attrs

from taskfarm_sdk import Farm, Task
from tests.support.executors import executor
from tests.support.short_times import Short, hasty
from tests.support.told import told

# A function of a main module finds what stands beside it there.
FACTOR = 3


@attrs.frozen
class Told:
    """What the script is told: a run, a folder of its own, and how its tasks go."""

    url: str
    token: str
    run: str
    folder: str
    task_s: float = 0
    grace_s: float = 0
    heeds: bool = False
    # What a function that heeds takes to save what it has.
    saves_s: float = 0
    # A file: a task is over as soon as it is there.
    until: str = ""
    # Takes an interruption for an end of its own.
    swallows: bool = False
    # Without another program.
    bare: bool = False
    # See `tests.support.executors`.
    executor: str = ""
    # Times for `Run.work`.
    work: Short = attrs.field(factory=Short)


def compute(task: Task, how: Told) -> None:
    """Take the time that a task takes, with a program of its own at work."""
    with subprocess.Popen(["true" if how.bare else "sleep", "600"]) as other:
        note = Path(how.folder, f"begun-{task.number}")
        note.with_suffix(".new").write_text(json.dumps([os.getpid(), other.pid]))
        note.with_suffix(".new").rename(note)
        ends_at = time.monotonic() + how.task_s
        try:
            while time.monotonic() < ends_at and not is_over(task, how):
                time.sleep(0.01)
            if task.stop_requested:
                time.sleep(how.saves_s)
        except KeyboardInterrupt:
            if not how.swallows:
                raise
        finally:
            other.kill()
    Path(how.folder, f"done-{task.number}").write_text(str(task.number * FACTOR))


def is_over(task: Task, how: Told) -> bool:
    """Return whether a task is to end before its time."""
    if task.stop_requested:
        Path(how.folder, f"asked-{task.number}").touch()
    if how.until and Path(how.until).exists():
        return True
    return how.heeds and task.stop_requested


def main() -> None:
    how = told(Told)
    Path(how.folder, "master").write_text(str(os.getpid()))
    with Farm(how.url, token=how.token) as farm, executor(how.executor) as where:
        status = farm.get_run(how.run).work(
            lambda task: compute(task, how),
            workers=2,
            executor=where,
            grace_s=how.grace_s,
            **how.work,
        )
    print(status.done, "done")


# Each process that runs the script does this, under whatever name; a test that imports it does not.
if __name__ != "tests.programs.work_script":
    print("the main module runs", flush=True)
    hasty()
if __name__ == "__main__":
    main()
