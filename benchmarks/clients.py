"""Clients of each kind, in the environment of their own, at work on a run of a real server."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from benchmarks.peers import Peers
from benchmarks.servers import Place

PROGRAM = Path(__file__).with_name("client_host.py")
# Where each kind of client is installed.
HOMES = {
    "sdk": "sdk",
    "run.work": "sdk",
    "httpx": "sdk",
    "http.client": "sdk",
    "taskfarm-worker": "taskfarm-worker",
}


@attrs.frozen(kw_only=True)
class Work:
    """What clients are to do with a new run.

    Attributes:
        tasks: how many the run has.
        clients: how many clients work on it.
        updates: how often a task's progress is updated, the last time to 100.
        task_s: how long each task's own code takes.
        busy: whether it computes all the time, holding the GIL, or sleeps.
        prefetch: the SDK's own.
    """

    tasks: int
    clients: int = 1
    updates: int = 0
    task_s: float = 0.0
    busy: bool = False
    prefetch: int = 0


@attrs.frozen
class Done:
    """How a run was worked off.

    Attributes:
        tasks_per_s: over the time from the first client's begin to the last one's end.
        own_share: of the time from the first task's begin to the last one's end, the part that
            the tasks' own code ran; 1 is all, of one client.
    """

    tasks_per_s: float
    own_share: float


class Host:
    """A process that clients of one kind are forked from."""

    def __init__(self, kind: str, python: str) -> None:
        self.kind = kind
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(PROGRAM), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # No one's own login, settings or proxy.
            env={k: v for k, v in os.environ.items() if not k.startswith("TASKFARM_")},
        )

    def work(self, place: Place, work: Work) -> Done:
        """Work off a new run, and delete it."""
        run = place.farm.create_run(work.tasks)
        with tempfile.NamedTemporaryFile("r") as notes:
            said = self._ask(
                {
                    **attrs.asdict(work),
                    "url": place.url,
                    "token": place.token,
                    "run": run.uuid,
                    # taskfarm-worker's users must say 100, which is the last of the updates.
                    "before_end": max(work.updates - (self.kind == "taskfarm-worker"), 0),
                    "notes": notes.name if work.task_s else "",
                }
            )
            spans = [[float(word) for word in line.split()] for line in notes]
        status = run.status()
        if said["failed"] or status.done != work.tasks or not status.succeeded:
            raise RuntimeError(f"{self.kind} did not work the run off: {status}")
        run.delete()
        return Done(work.tasks / (said["ended"] - said["began"]), _own_share(spans))

    def close(self) -> None:
        """End the process."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()

    def _ask(self, job: dict[str, object]) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the clients of {self.kind} ended")
        said: dict[str, float] = json.loads(line)
        return said


@contextmanager
def hosts(peers: Peers, *kinds: str) -> Iterator[dict[str, Host]]:
    """Keep a host for each kind of client that is installed.

    Raises:
        Missing: one of them is not.
    """
    pythons = {kind: peers.program(HOMES[kind]) for kind in kinds}
    with ExitStack() as stack:
        started = {}
        for kind, python in pythons.items():
            started[kind] = Host(kind, python)
            stack.callback(started[kind].close)
        yield started


def _own_share(spans: list[list[float]]) -> float:
    if not spans:
        return 0.0
    whole_s = max(end for _, end in spans) - min(begin for begin, _ in spans)
    return sum(end - begin for begin, end in spans) / whole_s
