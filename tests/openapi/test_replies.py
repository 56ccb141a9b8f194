"""Every reply that the contract documents is had from the real server, and is as documented.

`Api` holds each reply, those on the way included, against the contract.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.openapi.api import NOBODY, Api
from tests.support.openapi.contract import OPERATIONS

pytestmark = pytest.mark.live

# A whole body for each operation that takes one; the worker is put in when sent.
SOUND: dict[str, dict[str, Any]] = {
    "create_run": {"numTasks": 3},
    "claim_task": {"worker_uuid": ""},
    "update_task": {"percentCompleted": 37.5, "status": "computing"},
    "register_worker": {"uuid": "", "hostname": "node17", "pid": 4242},
}


@dataclass(frozen=True)
class Case:
    """A way to get a status out of an operation, on a run of its own."""

    operation: str
    status: int
    name: str
    request: dict[str, Any] = field(default_factory=dict)
    num_tasks: Any = 3
    before: Callable[[Api, str], object] | None = None

    def __str__(self) -> str:
        return f"{self.operation}-{self.status}-{self.name}"


def refusals(operation: str) -> Iterator[Case]:
    """What every operation answers to those it does not know."""
    for auth in ("none", "wrong password", "unknown user", "mangled token"):
        yield Case(operation, 401, auth, {"auth": auth})
    yield Case(operation, 500, "forged token", {"auth": "forged token"})


def bad_bodies(operation: str) -> Iterator[Case]:
    """What every operation with a body answers to one that is none, or not whole."""
    yield Case(operation, 415, "no body", {"body": None})
    yield Case(operation, 415, "another type", {"content_type": "text/plain"})
    yield Case(operation, 400, "not JSON", {"content": b"{"})
    yield Case(operation, 400, "empty object", {"body": {}})
    yield Case(operation, 400, "unknown field", {"body": {"colour": "red"}})
    yield Case(operation, 500, "no object", {"body": 5})
    schema = OPERATIONS[operation].body
    assert schema is not None
    for name in schema.get("required", ()):
        rest = {key: value or NOBODY for key, value in SOUND[operation].items() if key != name}
        yield Case(operation, 400, f"no {name}", {"body": rest})


def infos(operation: str, *names: str) -> Iterator[Case]:
    """What can be asked for alone, and what cannot."""
    for name in names:
        yield Case(operation, 200, f"info={name}", {"query": {"info": name}})
    yield Case(operation, 404, "unknown info", {"query": {"info": "colour"}})


def claim_all(api: Api, run: str) -> None:
    while api.claim(run).status_code == 201:
        pass


def break_run(api: Api, run: str) -> None:
    """Create the last task out of turn, and let nothing wait."""
    api.task(run, 2)
    assert api.claim(run).json()["task"] == 2


def worker_is_taken(api: Api, _run: str) -> None:
    api.call("register_worker", body={**SOUND["register_worker"], "uuid": "taken"})


CASES = [
    *(case for operation in OPERATIONS for case in refusals(operation)),
    *(case for operation in SOUND for case in bad_bodies(operation)),
    *(
        Case(operation, 404, "no such run", {"uuid": NOBODY})
        for operation, described in OPERATIONS.items()
        if "uuid" in described.parameters_in("path")
    ),
    Case("get_token", 200, "password", {"auth": "password"}),
    Case("get_token", 200, "token", {"auth": "token"}),
    Case("create_run", 201, "sound"),
    Case("create_run", 500, "numTasks is a list", {"body": {"numTasks": [3]}}),
    Case("list_runs", 200, "password", {"auth": "password"}),
    Case("list_runs", 200, "some", before=lambda api, _: api.run()),
    Case("get_run", 200, "just made"),
    Case("get_run", 200, "under way", before=lambda api, run: api.claim(run)),
    *infos("get_run", "", "percentDone", "numWaiting", "numDone", "numComputing"),
    Case("delete_run", 204, "just made"),
    Case("delete_run", 204, "under way", before=lambda api, run: api.claim(run)),
    Case("delete_run", 404, "twice", before=lambda api, run: api.call("delete_run", uuid=run)),
    Case("restart_run", 204, "plain"),
    Case("restart_run", 204, "all=False", {"query": {"all": "False"}}),
    Case("restart_run", 204, "all=True", {"query": {"all": "True"}}),
    Case("restart_run", 404, "all=true", {"query": {"all": "true"}}),
    Case("restart_run", 404, "all=", {"query": {"all": ""}}),
    Case("claim_task", 201, "first"),
    Case("claim_task", 204, "all are handed out", before=claim_all),
    Case("claim_task", 404, "no such worker", {"body": {"worker_uuid": NOBODY}}),
    Case("claim_task", 500, "broken run", before=break_run),
    Case("claim_task", 500, "numTasks is null", num_tasks=None),
    Case("claim_task", 500, "numTasks is text", num_tasks="abc"),
    Case("get_task", 200, "not there yet"),
    Case("get_task", 200, "computing", before=lambda api, run: api.claim(run)),
    *infos("get_task", "", "status", "percentCompleted"),
    Case("get_task", 404, "past the end", {"task": 3}),
    Case("get_task", 404, "negative", {"task": -1}),
    Case("get_task", 404, "no number", {"task": "first"}),
    Case("get_task", 500, "past what an integer holds", {"task": 2**64}),
    Case("get_task", 500, "numTasks is null", num_tasks=None),
    Case(
        "get_task", 500, "status is null", before=lambda api, run: api.update(run, 0, status=None)
    ),
    Case("update_task", 204, "both"),
    Case("update_task", 204, "status", {"body": {"status": "done"}}),
    Case("update_task", 204, "percentage", {"body": {"percentCompleted": 100}}),
    Case("update_task", 400, "unknown status", {"body": {"status": "finished"}}),
    Case("update_task", 400, "percentage is text", {"body": {"percentCompleted": "abc"}}),
    Case("update_task", 404, "past the end", {"task": 3}),
    Case("update_task", 500, "numTasks is null", num_tasks=None),
    Case("register_worker", 201, "new"),
    Case(
        "register_worker",
        500,
        "uuid is taken",
        {"body": {**SOUND["register_worker"], "uuid": "taken"}},
        before=worker_is_taken,
    ),
]


def request_of(case: Case, api: Api) -> dict[str, Any]:
    """What to send: the case's own over what makes a sound request."""
    described = OPERATIONS[case.operation]
    request: dict[str, Any] = {}
    if "uuid" in described.parameters_in("path"):
        request["uuid"] = api.run(case.num_tasks)
    if "task" in described.parameters_in("path"):
        request["task"] = 0
    if case.operation in SOUND and "content" not in case.request:
        request["body"] = dict(SOUND[case.operation])
        if case.operation == "claim_task":
            request["body"]["worker_uuid"] = api.worker()
        if case.operation == "register_worker":
            request["body"]["uuid"] = uuid.uuid4().hex
    return {**request, **case.request}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_reply_is_as_documented(case: Case, api: Api) -> None:
    request = request_of(case, api)
    if case.before is not None:
        case.before(api, request.get("uuid", ""))
    assert api.call(case.operation, **request).status_code == case.status


def test_every_documented_status_has_a_case_and_no_other_has() -> None:
    # Each case asserts its status, so to have a case is to have been seen.
    documented = {
        (name, status) for name, described in OPERATIONS.items() for status in described.responses
    }
    assert {(case.operation, case.status) for case in CASES} == documented
    contents = [
        reply["content"]
        for described in OPERATIONS.values()
        for reply in described.responses.values()
        if "content" in reply
    ]
    # With one content type a reply, the type is as seen as the status is.
    assert [len(content) for content in contents] == [1] * len(contents)


def test_a_refusal_asks_for_basic_authentication(api: Api) -> None:
    described = OPERATIONS["list_runs"].responses[401]["headers"]
    reply = api.call("list_runs", auth="none")
    assert reply.headers["www-authenticate"] == described["WWW-Authenticate"]["example"]
    [example] = OPERATIONS["list_runs"].responses[401]["content"]["text/html"]["examples"].values()
    assert reply.text == example["value"]


def test_a_refused_value_is_told_in_the_databases_words(api: Api) -> None:
    content = OPERATIONS["update_task"].responses[400]["content"]["text/html"]
    reply = api.call("update_task", uuid=api.run(), task=0, body={"status": "finished"})
    assert reply.text.startswith(content["examples"]["refused"]["value"])
    assert "UPDATE tasks" in reply.text


@pytest.mark.parametrize(("operation", "task"), [("get_run", {}), ("get_task", {"task": 0})])
def test_a_field_asked_for_comes_alone(operation: str, task: dict[str, Any], api: Api) -> None:
    run = api.run()
    for name in OPERATIONS[operation].parameters_in("query")["info"]["schema"]["enum"]:
        reply = api.call(operation, uuid=run, query={"info": name}, **task)
        assert list(reply.json()) == [name]
