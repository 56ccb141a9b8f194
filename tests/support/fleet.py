"""A fleet of worker processes, and a server of its own, for the tests that kill them."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import fleet_worker
from tests.support import programs
from tests.support.processes import NET_S, wait_until

WORKERS = 4


class Fleet:
    """Worker processes on one run, and what they computed."""

    def __init__(
        self, run: Run, token: str, task_s: float, workers: int = WORKERS, **more: object
    ) -> None:
        self._told = {**programs.access(run, token), "task_s": task_s, **more}
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
        process = programs.start(fleet_worker.__file__, told=self._told, stdout=out, stderr=err)
        assert process.stdin is not None
        process.stdin.close()
        return process

    def computed(self) -> Counter[int]:
        """Return how often each task was begun."""
        numbers: Counter[int] = Counter()
        for out in self._outputs:
            numbers.update(int(line) for line in _read(out).split())
        return numbers

    def find_processes(self, number: int) -> list[subprocess.Popen[str]]:
        """Return the processes that began a task, in no set order."""
        return [
            process
            for process, out in zip(self.processes, self._outputs, strict=True)
            if str(number) in _read(out).split()
        ]

    def wait_until_begun(self, least: int) -> None:
        """Return when so many tasks were begun."""
        wait_until(lambda: sum(self.computed().values()) >= least)

    def wait(self, timeout_s: float = NET_S) -> list[int]:
        """Return what all of them ended with, once they have."""
        wait_until(lambda: all(process.poll() is not None for process in self.processes), timeout_s)
        return [process.wait() for process in self.processes]

    def wait_for_success(self, timeout_s: float = NET_S) -> None:
        """Return when all have ended, each of them with 0."""
        assert set(self.wait(timeout_s)) == {0}, self.read_errors()

    def read_errors(self) -> str:
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
    """Start worker processes on a run; what `more` may say is in `fleet_worker.Told`."""
    made = Fleet(run, token, task_s, workers, **more)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def run_of(server: LocalServer, num_tasks: int) -> Generator[tuple[Farm, Run, str]]:
    """Create a run on a server; yield its farm, it, and a token."""
    token = _token(server.url, server.user, server.password)
    with Farm(server.url, token=token) as farm:
        yield farm, farm.create_run(num_tasks), token


@cache
def _token(url: str, user: str, password: str) -> str:
    # Each login costs the server the hash of a password, which takes longer than many a test.
    with Farm(url, user=user, password=password) as farm:
        return farm.login()
