"""Requests that schemathesis draws from the contract, sent to a real server, and what differs.

The same requests each time. What a server answers is held against the contract by the checks of
schemathesis; `known_differences` lists what they find, with the reasons.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import attrs
import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonschema import Draft202012Validator

from taskfarm_sdk.testing import LocalServer
from tests.support.openapi.api import Api
from tests.support.openapi.contract import OPERATIONS, SOURCE, Operation
from tests.support.processes import NET_S

if TYPE_CHECKING:
    from schemathesis import Case

CASES = 40
"""For each operation: requests as the contract has them, and as many that break it."""
SEED = 16
RIGHT, WRONG = "right", "wrong"
MOST_TASKS = 4
TAKEN = "AcceptedNegativeData"
"""The name that schemathesis has for a request that should have been refused."""
# Those of schemathesis that hold one reply against the contract.
_ALWAYS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_OF_KIND = {
    RIGHT: ("not_a_server_error", "positive_data_acceptance"),
    WRONG: ("negative_data_rejection",),
}


@attrs.frozen(order=True)
class Difference:
    """A kind of reply that the contract does not have.

    Attributes:
        operation: its operation.
        fault: schemathesis' name for what is wrong.
        status: the reply's status.
        part: what was wrong in the request, where it was taken: a field with the keyword of its
            schema; empty for others.
    """

    operation: str
    fault: str
    status: int
    part: str = ""

    def __str__(self) -> str:
        where = f" ({self.part})" if self.part else ""
        return f"{self.operation} {self.status}: {self.fault}{where}"


@attrs.frozen
class Found:
    """What random requests showed.

    Attributes:
        shown: each difference, with the first request that showed it.
        sent: how many requests were sent.
    """

    shown: dict[Difference, str]
    sent: int


def is_there() -> bool:
    """Return whether schemathesis is installed."""
    return find_spec("schemathesis") is not None


def differences(server: LocalServer, cases: int = CASES) -> Found:
    """Send random requests to a server, and return what differs from the contract.

    Args:
        server: the server, which gets many runs and workers.
        cases: how many requests of each kind are sent for each operation.
    """
    with _quiet(), api_of(server) as api:
        sender = _Sender(server, api)
        for operation in OPERATIONS.values():
            sender.send(operation, cases)
    return Found(sender.found, sender.sent)


@contextmanager
def api_of(server: LocalServer) -> Iterator[Api]:
    """A plain client of a server, for which there is a token."""
    with httpx.Client(base_url=server.url, timeout=NET_S) as client:
        yield Api.of(client, server.user, server.password)


@contextmanager
def _quiet() -> Iterator[None]:
    # Warnings of libraries are no faults of the server.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Sender:
    """Sends drawn requests to a server, and notes what is wrong with the replies."""

    def __init__(self, server: LocalServer, api: Api) -> None:
        import requests
        import schemathesis
        from schemathesis.generation import GenerationMode

        self._schema: Any = schemathesis.openapi.from_dict(SOURCE)
        # They are the session's, and what refuses wrong ones has tests of its own.
        self._schema.config.generation.update(with_security_parameters=False)
        self._modes: dict[str, Any] = {
            RIGHT: GenerationMode.POSITIVE,
            WRONG: GenerationMode.NEGATIVE,
        }
        self._session = requests.Session()
        self._session.auth = api.credentials["token"]
        self._url = server.url.rstrip("/")
        self._api = api
        self.found: dict[Difference, str] = {}
        self.sent = 0

    def send(self, operation: Operation, cases: int) -> None:
        """Send requests of both kinds for an operation."""
        drawn = self._schema[operation.path][operation.method]
        for kind, mode in self._modes.items():

            def each(case: Case, kind: str = kind) -> None:
                self._send(operation, kind, case)

            # In a request without parts there is nothing that could be wrong.
            if kind == RIGHT or operation.parameters or operation.body:
                _draw(drawn.as_strategy(generation_mode=mode), cases, each)

    def _send(self, operation: Operation, kind: str, case: Any) -> None:
        self._place(operation, kind, case)
        self.sent += 1
        response = case.call(base_url=self._url, session=self._session, timeout=NET_S)
        for failure in _failures(case, response, (*_ALWAYS, *_OF_KIND[kind])):
            seen = (operation.id, type(failure).__name__, response.status_code)
            # All that was wrong was taken.
            parts = _wrong_parts(operation, case) if seen[1] == TAKEN else []
            for part in parts or [""]:
                self.found.setdefault(Difference(*seen, part), f"{case!r}: {failure}")

    def _place(self, operation: Operation, kind: str, case: Any) -> None:
        """Let most requests meet a run, a task and a worker that are there."""
        turn = self.sent
        path = operation.parameters_in("path")
        if turn % 4 == 0:
            return
        if "uuid" in path:
            case.path_parameters["uuid"] = self._api.run()
        if "task" in path and (kind == RIGHT or turn % 2 == 0):
            case.path_parameters["task"] = turn % MOST_TASKS
        if operation.id == "claim_task" and kind == RIGHT:
            case.body["worker_uuid"] = self._api.worker()
        if operation.id == "register_worker" and kind == RIGHT:
            # One that is taken is a 500, as the contract says.
            case.body["uuid"] += f"-{turn}"


def _draw(strategy: Any, cases: int, each: Callable[[Any], None]) -> None:
    @seed(SEED)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def drawn(case: Any) -> None:
        each(case)

    drawn()


def _wrong_parts(operation: Operation, case: Any) -> list[str]:
    """Return what a request has that the contract does not allow, but for the path."""
    parts: set[str] = set()
    if operation.body is not None:
        for error in Draft202012Validator(operation.body).iter_errors(case.body):
            name = "/".join(map(str, error.absolute_path)) or "body"
            parts.add(f"{name}: {error.validator}")
    known = operation.parameters_in("query")
    for name, value in (case.query or {}).items():
        if name not in known:
            parts.add("another name: additionalProperties")
        elif not Draft202012Validator(known[name]["schema"]).is_valid(value):
            parts.add(f"{name}: enum")
    return sorted(parts)


def _failures(case: Any, response: Any, names: Collection[str]) -> Sequence[Exception]:
    """Return what checks of schemathesis find wrong with a reply."""
    from schemathesis.checks import CHECKS, load_all_checks
    from schemathesis.core.failures import FailureGroup

    load_all_checks()
    checks = [check for check in CHECKS.get_all() if check.__name__ in names]
    assert len(checks) == len(names)
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as group:
        failures: Sequence[Exception] = group.exceptions
        return failures
    return ()
