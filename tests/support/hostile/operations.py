"""The server's ten operations, as a server sees and soundly answers them."""

from __future__ import annotations

import math
from typing import Any

import attrs

from tests.support.stub_server import Reply, Request, document

UUID = "0123456789abcdef0123456789abcdef"
TOKEN = "a-token-of-Vb9Rk-nobodys"
NUM_TASKS = 5
RUN = {"id": 1, "uuid": UUID, "numTasks": NUM_TASKS}
# One task computes, and no other exists: each way to the ten operations leads through this.
COUNTS = {"numWaiting": 0, "numComputing": 1, "numDone": 0, "percentDone": 0.0}
TASK = {"id": 1, "task": 0, "status": "computing", "percentCompleted": 0.0}


@attrs.frozen
class Operation:
    """One operation.

    Attributes:
        name: its name in `taskfarm_sdk._protocol.operations`.
        method: the method of its requests.
        path: their path, where the API begins.
        status: the status of its sound reply.
        document: the document of its sound reply, or None if it has none.
    """

    name: str
    method: str
    path: str
    status: int
    document: dict[str, Any] | None = None

    def sound(self) -> Reply:
        """Return its sound reply."""
        return Reply(204) if self.document is None else document(self.document, self.status)


RUN_PATH = f"/api/runs/{UUID}"
OPERATIONS = {
    each.name: each
    for each in (
        Operation("token", "GET", "/api/token", 200, {"token": TOKEN}),
        Operation("create_run", "POST", "/api/run", 201, RUN),
        Operation("list_runs", "GET", "/api/runs", 200, {"data": [RUN]}),
        Operation("get_run", "GET", RUN_PATH, 200, RUN | COUNTS),
        Operation("delete_run", "DELETE", RUN_PATH, 204),
        Operation("restart_run", "POST", f"{RUN_PATH}/restart", 204),
        Operation("claim_task", "POST", f"{RUN_PATH}/task", 201, TASK),
        Operation("get_task", "GET", f"{RUN_PATH}/tasks/0", 200, TASK),
        Operation("update_task", "PUT", f"{RUN_PATH}/tasks/0", 204),
        Operation("register_worker", "POST", "/api/worker", 201, {"id": 1, "uuid": UUID}),
    )
}


# Those whose sound replies have a document, and the others.
DOCUMENTED = tuple(name for name, each in OPERATIONS.items() if each.document is not None)
BARE = tuple(name for name in OPERATIONS if name not in DOCUMENTED)


def asked_for(request: Request) -> Operation | None:
    """Return the operation that a request is for, or None if it is for no sound one."""
    path = request.path.partition("?")[0].replace("//", "/")
    for operation in OPERATIONS.values():
        if (operation.method, operation.path) == (request.method, path):
            return operation
    return None


@attrs.define
class Scene:
    """A server of one run that answers one operation with a hostile reply, and all others soundly.

    Attributes:
        hostile: what each operation is answered in turn before its sound replies; a last None lets
            the one before it stay for ever.
        seen: the operations asked for so far, with the bodies of their requests.
        tasks: how many tasks are handed out before none is left.
    """

    hostile: dict[str, list[Any]] = attrs.field(factory=dict[str, list[Any]])
    seen: list[tuple[str, bytes]] = attrs.field(factory=list[tuple[str, bytes]])
    tasks: float = math.inf

    def answer(self, request: Request) -> Any:
        """Answer a request."""
        operation = asked_for(request)
        if operation is None:
            self.seen.append((f"{request.method} {request.path}", request.body))
            return Reply(404)
        self.seen.append((operation.name, request.body))
        left = self.hostile.get(operation.name)
        if left:
            reply = left[0] if left[1:] == [None] else left.pop(0)
            return reply(operation, request)
        if operation.name == "claim_task":
            self.tasks -= 1
            return operation.sound() if self.tasks >= 0 else Reply(204)
        if operation.name == "get_run" and "info=" in request.path:
            which = request.path.partition("info=")[2]
            return document({which: COUNTS[which]})
        return operation.sound()

    def completions(self) -> int:
        """Return how many requests to mark a task done came."""
        return sum(
            name == "update_task" and b'"done"' in body and b"100.0" in body
            for name, body in self.seen
        )
