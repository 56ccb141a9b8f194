"""A script that works in one executor in several ways, and prints what came of each as JSON.

Started by `test_every_executor.py`.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs

from taskfarm_sdk import Farm, Item, Results, Run, RunStatus, Task, TaskfarmError, TasksFailed
from tests.support.executors import executor
from tests.support.maps import HASTY
from tests.support.processes import wait_until
from tests.support.short_times import PATIENT
from tests.support.told import told

POOLS = ("spawn", "fork", "forkserver")
TASKS = 6
ITEMS = 30
# A function of a main module finds what stands beside it there.
FACTOR = 3


@attrs.frozen
class Told:
    """What the script is told: where it may note things, and the executor's kind."""

    url: str
    token: str
    folder: str
    kind: str


@attrs.frozen
class Way:
    """How one way of working goes.

    Attributes:
        farm: the farm.
        run: a run of its own.
        executor: the one that is tried.
        kind: of what kind it is.
        folder: its own, with a folder `journal`.
    """

    farm: Farm
    run: Run
    executor: Executor
    kind: str
    folder: Path

    def work(self, function: Callable[[Task], None], **more: Any) -> RunStatus:
        """Work."""
        journal = self.folder / "journal"
        return self.run.work(
            function, executor=self.executor, journal=journal, **{**PATIENT, **more}
        )

    def outcomes(self) -> dict[int, list[str]]:
        """Return what the journal says became of each task, in order."""
        lines = [
            json.loads(line)
            for file in (self.folder / "journal").iterdir()
            for line in file.read_text().splitlines()
        ]
        lines.sort(key=lambda line: str(line["end"]))
        found: dict[int, list[str]] = {}
        for line in lines:
            found.setdefault(line["task"], []).append(line["outcome"])
        return found


def once(way: Way) -> object:
    """Compute each task, the first two of them at the same time."""
    notes = way.folder

    def compute(task: Task) -> None:
        task.update(50)
        (notes / f"result-{task.number}").write_text(f"{task.number * FACTOR} {os.getpid()}")
        if task.number < 2:
            wait_until(lambda: len(list(notes.glob("result-*"))) >= 2)

    shown: list[tuple[int, int]] = []
    status = way.work(compute, progress=lambda now: shown.append((now.done, now.num_tasks)))
    results = [(notes / f"result-{number}").read_text().split() for number in range(TASKS)]
    return {
        "succeeded": status.succeeded,
        "results": [int(result) for result, _ in results],
        "pids": sorted({int(pid) for _, pid in results}),
        "own_pid": os.getpid(),
        "outcomes": way.outcomes(),
        "shown_last": shown[-1],
    }


def attempts(way: Way) -> object:
    """Fail one task twice, which is all that it may be tried."""

    def compute(task: Task) -> None:
        if task.number == 3:
            raise ValueError("odd")

    try:
        status = way.work(compute, max_attempts=2)
    except TasksFailed as failed:
        return {"failed": failed.tasks, "outcomes": way.outcomes()[3]}
    return f"{status}, {way.outcomes()}"


def halt(way: Way) -> object:
    """Fail all tasks."""

    def compute(_: Task) -> None:
        raise ValueError("broken here")

    try:
        way.work(compute, halt_after=2)
    except TaskfarmError as error:
        return str(error)
    return None


def linger(way: Way) -> object:
    """Stay for no longer than asked while somebody else computes."""
    with way.run.worker() as other:
        other.claim()
        status = way.work(lambda _: None, linger_s=0.5)
    return {"done": status.done, "computing": status.computing}


def items(way: Way) -> object:
    """Map a function over items, of which two fail; then map it over the same again."""
    folder = way.folder
    failing = folder / "failing"
    failing.touch()

    def compute(item: Item[int]) -> int:
        with (folder / f"calls-{os.getpid()}").open("a") as file:
            file.write(f"{item.number}\n")
        if item.value in {3, 21} and failing.exists():
            raise ValueError(f"no {item.value}")
        return item.value * FACTOR

    def work(*, check: bool) -> Results[int]:
        return way.farm.map(
            compute,
            range(ITEMS),
            folder=way.folder / "results",
            chunk=7,
            pass_item=True,
            executor=way.executor,
            check=check,
            max_attempts=2,
            **HASTY,
        )

    failed = list(work(check=False).failed)
    failing.unlink()
    values = list(work(check=True).values())
    calls = [int(line) for file in way.folder.glob("calls-*") for line in file.read_text().split()]
    repeated = sorted({item for item in calls if calls.count(item) > 1})
    files = len(list((way.folder / "results").glob("*.results1")))
    return {"failed": failed, "values": values, "repeated": repeated, "files": files}


def lose(way: Way) -> object:
    """Have a process of a pool killed, which breaks that for good."""
    killed = way.folder / "killed"

    def compute(task: Task) -> None:
        if task.number == 2 and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    said = None
    try:
        way.work(compute, workers=1)
    except TaskfarmError as error:
        said = str(error)
    with executor(way.kind) as another:
        assert another is not None
        resumed = attrs.evolve(way, executor=another).work(compute)
    return {"said": said, "succeeded": resumed.succeeded}


def main() -> None:
    how = told(Told)
    came: dict[str, object] = {}
    ways = [once, attempts, halt, linger, items]
    if how.kind in POOLS:
        ways.append(lose)
    with ExitStack() as stack:
        farm = stack.enter_context(Farm(how.url, token=how.token))
        where = stack.enter_context(executor(how.kind))
        assert where is not None
        for play in ways:
            (folder := Path(how.folder, play.__name__)).mkdir()
            run = farm.create_run(TASKS)
            came[play.__name__] = play(Way(farm, run, where, how.kind, folder))
            run.delete()
    print(json.dumps(came))


if __name__ == "__main__":
    main()
