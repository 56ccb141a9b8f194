"""A stub server with any number of runs, which a test changes as it likes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import attrs
import pytest

from tests.support.stub_server import Reply, Request, StubServer, document, stub_server


@attrs.define
class Counts:
    """What the server says about a run."""

    num_tasks: int = 10
    computing: int = 0
    done: int = 0
    percent_done: float = 0.0


FRESH = Counts()
UNDER_WAY = Counts(computing=2, done=3, percent_done=35.0)
FINISHED = Counts(done=10, percent_done=100.0)
FAILED = Counts(done=10, percent_done=80.0)


class StubRuns:
    """The runs of a stub server.

    Attributes:
        counts: what the server says about each run, by its UUID, the oldest first.
        broken: the runs that the server cannot tell anything about.
        gone: the runs that were deleted since they were listed.
    """

    def __init__(self, *counts: Counts) -> None:
        self.counts = {f"{number:032x}": one for number, one in enumerate(counts, 1)}
        self.broken: set[str] = set()
        self.gone: set[str] = set()

    @property
    def uuids(self) -> list[str]:
        """The UUIDs of the runs, the oldest first."""
        return list(self.counts)

    def reply(self, request: Request) -> Reply:
        """Return the reply to a request."""
        path = urlsplit(request.path).path.removeprefix("/api/").strip("/")
        if path == "runs":
            return document({"data": [self._row(uuid) for uuid in reversed(self.counts)]})
        uuid = path.removeprefix("runs/")
        if uuid in self.broken:
            return document({"uuid": uuid})
        if uuid in self.gone or uuid not in self.counts:
            return document("not found", 404)
        one = self.counts[uuid]
        counts = {
            "numWaiting": one.num_tasks - one.computing - one.done,
            "numComputing": one.computing,
            "numDone": one.done,
            "percentDone": one.percent_done,
        }
        return document({**self._row(uuid), **counts})

    def _row(self, uuid: str) -> dict[str, object]:
        return {"id": int(uuid, 16), "uuid": uuid, "numTasks": self.counts[uuid].num_tasks}


@contextmanager
def stub_runs(runs: StubRuns, environment: pytest.MonkeyPatch) -> Generator[StubServer]:
    """Run a stub server with runs; programs of this environment find it, with a token."""
    with stub_server(runs.reply) as server:
        environment.setenv("TASKFARM_URL", server.url)
        environment.setenv("TASKFARM_TOKEN", "a-token")
        yield server


def read_runs(server: StubServer) -> list[str]:
    """Return the UUIDs of the runs that were read one by one so far, and begin to count anew."""
    paths = [request.path for request in server.requests]
    server.requests.clear()
    return sorted(path.removeprefix("/api/runs/").strip("/") for path in paths if "/runs/" in path)
