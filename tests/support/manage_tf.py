"""manageTF in this process or in one of its own, and tasks for it to see."""

from __future__ import annotations

import json
import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import httpx
import pytest

from taskfarm_cli.manage.main import main
from taskfarm_sdk import Run
from tests.support.processes import NET_S

MANAGE = (sys.executable, "-m", "taskfarm_cli.manage")
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs Unix's files and signals")


class Outcome(NamedTuple):
    """What came of a command."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line on stderr, without the program's name."""
        assert self.err.startswith("manageTF: "), self.err
        assert self.err.count("\n") == 1, self.err
        assert self.err.endswith("\n")
        return self.err.removeprefix("manageTF: ").rstrip("\n")


class Manage:
    """Runs manageTF in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Outcome:
        """Run it with these words, and return what came of it."""
        self._capsys.readouterr()
        status = main(words)
        return Outcome(status, *self._capsys.readouterr())

    def fine(self, *words: str) -> Outcome:
        """Run it, and expect it to end well and in silence on stderr."""
        outcome = self(*words)
        assert (outcome.status, outcome.err) == (0, "")
        return outcome


@contextmanager
def manage_started(
    *words: str, stdout: IO[bytes] | int = subprocess.PIPE, program: Sequence[str] = MANAGE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run manageTF in a process of its own, and leave nothing of it behind."""
    with subprocess.Popen(
        [*program, *words], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(stream: IO[bytes] | None, pattern: str) -> str:
    """Read a stream until it holds a text, and return all that was read."""
    assert stream is not None
    deadline = time.monotonic() + NET_S
    seen = ""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not re.search(pattern, seen):
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            some = os.read(stream.fileno(), 65536).decode() if ready else ""
            assert some, f"no {pattern!r} in {seen!r}"
            seen += some
    return seen


class TaskWriter:
    """Takes tasks of runs and writes to them what a test wants there."""

    def __init__(self, client: httpx.Client, worker: str) -> None:
        self._client = client
        self._worker = worker
        self._registered = False

    def take(self, run: Run) -> int:
        """Have a task handed out, and return its number."""
        if not self._registered:
            self._send("POST", "worker", {"uuid": self._worker, "hostname": "here", "pid": 1})
            self._registered = True
        task = self._send("POST", f"runs/{run.uuid}/task", {"worker_uuid": self._worker})
        number: int = task["task"]
        return number

    def write(self, run: Run, number: int, percent: float, status: str) -> None:
        """Write a task's percentage and status."""
        body = {"percentCompleted": percent, "status": status}
        self._send("PUT", f"runs/{run.uuid}/tasks/{number}", body)

    def finish(self, run: Run, count: int, percent: float = 100.0) -> None:
        """Take so many tasks and call them done at a percentage."""
        for _ in range(count):
            self.write(run, self.take(run), percent, "done")

    def create(self, num_tasks: object) -> str:
        """Create a run with any number of tasks, odd ones too, and return its uuid."""
        uuid: str = self._send("POST", "run", {"numTasks": num_tasks})["uuid"]
        return uuid

    def _send(self, method: str, path: str, body: object) -> Any:
        reply = self._client.request(method, path, json=body)
        reply.raise_for_status()
        return reply.json() if reply.content else None


@contextmanager
def writing_tasks(url: str, token: str, worker: str) -> Iterator[TaskWriter]:
    """Take and write tasks at a server, as a worker with this uuid."""
    with httpx.Client(base_url=url, auth=(token, "")) as client:
        yield TaskWriter(client, worker)


def saved_logins(folder: Path) -> list[dict[str, Any]]:
    """Return what the login file in a test's folder holds."""
    text = (folder / "config" / "logins.json").read_text(encoding="utf-8")
    logins: list[dict[str, Any]] = json.loads(text)["logins"]
    return logins
