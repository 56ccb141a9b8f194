"""A stub server that answers as a taskfarm server with one run does, over a real connection."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from tests.support.odd_numbers import UUID, Held
from tests.support.stub_server import Reply, Request, StubServer, document, stub_server

PREFIX = "/api/"


@attrs.define
class StubRun(Held):
    """The run of a stub server; the defaults are those of a run of 3 finished tasks.

    Attributes:
        uuid: the run's uuid in every reply.
    """

    waiting: object = 0
    computing: object = 0
    done: object = 3
    percent_done: object = 100.0
    percent_completed: object = 100.0
    status: str = "done"
    uuid: object = UUID

    def reply(self, request: Request) -> Reply:
        """Return the reply to a request."""
        parts = urlsplit(request.path)
        method, path = request.method.lower(), parts.path.removeprefix(PREFIX)
        run = {"id": self.id, "uuid": UUID, "numTasks": self.num_tasks}
        status, value = self.answer(method, path, dict(parse_qsl(parts.query)))
        if path == "token":
            status, value = 200, {"token": "a-token"}
        elif (method, path) == ("post", "run"):
            status, value = 201, run
        if value is None:
            return Reply(status)
        # The uuid can be of any type, so it is put in as JSON has it.
        text = json.dumps(value).replace(json.dumps(UUID), json.dumps(self.uuid))
        return Reply(status, text.encode(), document(None).headers)


@contextmanager
def stub_farm(run: StubRun, environment: pytest.MonkeyPatch) -> Generator[StubServer]:
    """Run a stub server with a run; programs of this environment find it, with a token."""
    with stub_server(run.reply) as server:
        environment.setenv("TASKFARM_URL", server.url)
        environment.setenv("TASKFARM_TOKEN", "a-token")
        yield server


@attrs.frozen
class StubRuns:
    """The runs of a stub server; none of their tasks was handed out.

    Attributes:
        uuids: their UUIDs, the newest last.
    """

    uuids: Sequence[str]

    def reply(self, request: Request) -> Reply:
        """Return the reply to a request that reads."""
        match urlsplit(request.path).path.removeprefix(PREFIX).split("/"):
            case ["token"]:
                return document({"token": "a-token"})
            case ["runs"]:
                return document({"data": list(map(self._row, self.uuids))})
            case ["runs", uuid] if uuid in self.uuids:
                counts = {"numWaiting": 0, "numComputing": 0, "numDone": 0, "percentDone": 0.0}
                return document({**self._row(uuid), **counts})
        return Reply(404)

    def _row(self, uuid: str) -> dict[str, object]:
        return {"id": self.uuids.index(uuid) + 1, "uuid": uuid, "numTasks": 7}


def requests_at(server: StubServer) -> list[str]:
    """Return the requests that came: method, and path below the API without the run's uuid."""
    return [
        f"{request.method} {request.path.removeprefix(PREFIX).replace(UUID, 'UUID')}"
        for request in server.requests
    ]
