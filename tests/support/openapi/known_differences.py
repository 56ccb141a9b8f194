"""Differences between contract and server that random requests show, with the reasons."""

from __future__ import annotations

import uuid
from typing import Any

import attrs

from tests.support.openapi.api import Api
from tests.support.openapi.contract import OPERATIONS
from tests.support.openapi.random_requests import TAKEN, Difference

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
BOTH = (SQLITE, POSTGRESQL)


@attrs.frozen
class Known:
    """A difference that stays: a request that the contract does not allow, and that succeeds.

    Attributes:
        operation: its operation.
        status: the reply's status.
        part: what is wrong in the request.
        example: query and body of such a request.
        reason: why the contract does not say it.
        databases: on which of them the server shows it.
    """

    operation: str
    status: int
    part: str
    example: dict[str, Any]
    reason: str
    databases: tuple[str, ...] = BOTH

    @property
    def difference(self) -> Difference:
        """The difference as random requests show it."""
        return Difference(self.operation, TAKEN, self.status, self.part)

    def still_shows(self, api: Api) -> bool:
        """Return whether the server still takes the example."""
        path: dict[str, Any] = {}
        if "uuid" in OPERATIONS[self.operation].parameters_in("path"):
            path["uuid"] = api.run()
        if "task" in OPERATIONS[self.operation].parameters_in("path"):
            path["task"] = 0
        example = dict(self.example)
        if self.operation == "claim_task":
            example["body"] = {"worker_uuid": api.worker(), **example["body"]}
        if self.operation == "register_worker":
            worker = {"uuid": uuid.uuid4().hex, "hostname": "node17", "pid": 4242}
            example["body"] = {**worker, **example["body"]}
        return api.call(self.operation, **example, **path).status_code == self.status


_UNCHECKED = "the server checks no value of this field; the contract says what clients may send"
_ENDS = f"{_UNCHECKED}. PostgreSQL cannot store it: a 500, as the description says"
_NULL = f"{_UNCHECKED}. Null is taken, as the description says"
_EMPTY = "an empty `info` counts as none, as its description says; it selects no field"
_IGNORED = "the server ignores what it does not know here, and clients have nothing to gain by it"

KNOWN = (
    Known("create_run", 201, "numTasks: minimum", {"body": {"numTasks": 0}}, _UNCHECKED),
    Known("create_run", 201, "numTasks: type", {"body": {"numTasks": None}}, _NULL),
    Known("create_run", 201, "numTasks: maximum", {"body": {"numTasks": 2**31}}, _ENDS, (SQLITE,)),
    Known(
        "create_run",
        201,
        "body: additionalProperties",
        {"body": {"numTasks": 3, "colour": "red"}},
        _IGNORED,
    ),
    Known(
        "update_task",
        204,
        "percentCompleted: minimum",
        {"body": {"percentCompleted": -1}},
        _UNCHECKED,
    ),
    Known(
        "update_task",
        204,
        "percentCompleted: maximum",
        {"body": {"percentCompleted": 250}},
        _UNCHECKED,
    ),
    Known(
        "update_task", 204, "percentCompleted: type", {"body": {"percentCompleted": None}}, _NULL
    ),
    Known("update_task", 204, "status: type", {"body": {"status": None}}, _NULL),
    Known("update_task", 204, "status: enum", {"body": {"status": None}}, _NULL),
    Known("claim_task", 201, "body: additionalProperties", {"body": {"colour": "red"}}, _IGNORED),
    Known("register_worker", 201, "pid: minimum", {"body": {"pid": -1}}, _UNCHECKED),
    Known("register_worker", 201, "pid: type", {"body": {"pid": None}}, _NULL),
    Known("register_worker", 201, "pid: maximum", {"body": {"pid": 2**31}}, _ENDS, (SQLITE,)),
    Known("register_worker", 201, "hostname: type", {"body": {"hostname": None}}, _NULL),
    Known(
        "register_worker", 201, "hostname: pattern", {"body": {"hostname": "a\0"}}, _ENDS, (SQLITE,)
    ),
    Known("register_worker", 201, "uuid: type", {"body": {"uuid": None}}, _NULL),
    Known("register_worker", 201, "uuid: pattern", {"body": {"uuid": "a\0"}}, _ENDS, (SQLITE,)),
    Known(
        "register_worker", 201, "body: additionalProperties", {"body": {"colour": "red"}}, _IGNORED
    ),
    Known("get_run", 200, "info: enum", {"query": {"info": ""}}, _EMPTY),
    Known("get_task", 200, "info: enum", {"query": {"info": ""}}, _EMPTY),
    *(
        Known(
            operation,
            status,
            "another name: additionalProperties",
            {**sound, "query": {"colour": "red"}},
            _IGNORED,
        )
        for operation, status, sound in (
            ("get_run", 200, {}),
            ("get_task", 200, {}),
            ("delete_run", 204, {}),
            ("restart_run", 204, {}),
            ("update_task", 204, {"body": {"status": "waiting"}}),
            ("claim_task", 201, {"body": {}}),
            ("create_run", 201, {"body": {"numTasks": 3}}),
            ("register_worker", 201, {"body": {}}),
        )
    ),
)


def on(database: str) -> frozenset[Difference]:
    """Return the known differences of a server on a database."""
    return frozenset(known.difference for known in KNOWN if database in known.databases)
