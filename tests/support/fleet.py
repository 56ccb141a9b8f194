"""A fleet of worker processes, and a server of its own, for the tests that kill them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import fleet_worker
from tests.support.processes import wait_until

WORKERS = 4


class Fleet:
    """Worker processes on one run, and what they computed."""

    def __init__(
        self, run: Run, token: str, task_s: float, workers: int = WORKERS, **more: object
    ) -> None:
        told = {"url": run._link.session.url, "token": token, "run": run.uuid, "task_s": task_s}
        self._told = json.dumps({**told, **more})
        self._undo = ExitStack()
        self._outputs: list[IO[str]] = []
        self._errors: list[IO[str]] = []
        self.processes = [self._start() for _ in range(workers)]

    def _start(self) -> subprocess.Popen[str]:
        with ExitStack() as undo:
            out = undo.enter_context(tempfile.TemporaryFile("w+"))
            err = undo.enter_context(tempfile.TemporaryFile("w+"))
            self._undo.push(undo.pop_all())
        self._outputs.append(out)
        self._errors.append(err)
        process = subprocess.Popen(
            [sys.executable, fleet_worker.__file__],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdin is not None
        process.stdin.write(self._told + "\n")
        process.stdin.close()
        return process

    def computed(self) -> Counter[int]:
        """Return how often each task was computed."""
        numbers: Counter[int] = Counter()
        for out in self._outputs:
            numbers.update(int(line) for line in _read(out).split())
        return numbers

    def who_began(self, number: int) -> list[subprocess.Popen[str]]:
        """Return the processes that began a task, in no set order."""
        return [
            process
            for process, out in zip(self.processes, self._outputs, strict=True)
            if str(number) in _read(out).split()
        ]

    def have_computed(self, least: int) -> None:
        """Return when so many tasks were computed."""
        wait_until(lambda: sum(self.computed().values()) >= least, 60)

    def all_ended_well(self, timeout_s: float = 90) -> bool:
        """Wait until all have ended; return whether all of them ended with 0."""
        wait_until(lambda: all(process.poll() is not None for process in self.processes), timeout_s)
        return all(process.returncode == 0 for process in self.processes)

    def said(self) -> str:
        """Return what the workers wrote to stderr."""
        return "".join(map(_read, self._errors))

    def close(self) -> None:
        """Leave nothing behind."""
        for process in self.processes:
            process.kill()
            process.wait()
        self._undo.close()


def _read(file: IO[str]) -> str:
    # By its name, which its writer's own offset is safe from: a seek here would move that too.
    return Path(f"/proc/self/fd/{file.fileno()}").read_text()


@contextmanager
def fleet(
    run: Run, token: str, task_s: float, workers: int = WORKERS, **more: object
) -> Generator[Fleet]:
    """Start worker processes on a run; what `more` may say is in `working`."""
    made = Fleet(run, token, task_s, workers, **more)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def run_of(server: LocalServer, num_tasks: int) -> Generator[tuple[Farm, Run, str]]:
    with server.farm() as farm:
        yield farm, farm.create_run(num_tasks), farm.login()
