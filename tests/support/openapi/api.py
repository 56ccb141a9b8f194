"""A plain client that holds every reply of the server against the contract."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tests.support.openapi.contract import JSON, OPERATIONS

NOBODY = "0" * 32
"""A uuid of the right form that no run or worker has."""


def check(operation_id: str, response: httpx.Response) -> None:
    """Fail unless the contract says that this operation may answer so."""
    responses = OPERATIONS[operation_id].responses
    assert response.status_code in responses, f"{operation_id}: {response.status_code} undocumented"
    content = responses[response.status_code].get("content")
    if content is None:
        assert response.content == b""
        return
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type in content, f"{operation_id}: {media_type} undocumented"
    # Python's parser takes the NaN and Infinity that the server's replies may hold.
    body = response.json() if media_type == JSON else response.text
    errors = list(Draft202012Validator(content[media_type]["schema"]).iter_errors(body))
    assert errors == [], f"{operation_id}: {response.text}"


def forged(token: str) -> str:
    """A token of the right form that another key signed."""
    signed = token.rpartition(".")[0]
    signature = hmac.digest(b"another key", signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@dataclass(frozen=True)
class Api:
    """The operations of one server, by their ids."""

    client: httpx.Client
    # Kept out of what pytest prints when a test fails.
    credentials: dict[str, tuple[str, str] | None] = field(repr=False)

    @classmethod
    def of(cls, client: httpx.Client, user: str, password: str) -> Api:
        """The server that `client` has as its base URL, with every kind of credentials."""
        token = client.get("token", auth=(user, password)).json()["token"]
        return cls(
            client,
            {
                "token": (token, ""),
                "password": (user, password),
                "none": None,
                "wrong password": (user, password + "?"),
                "unknown user": ("nobody", ""),
                "mangled token": (token[1:], ""),
                "forged token": (forged(token), ""),
            },
        )

    def call(
        self,
        operation_id: str,
        *,
        auth: str = "token",
        query: dict[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
        content_type: str = JSON,
        **path: str | int,
    ) -> httpx.Response:
        """Send one request and return its reply, checked."""
        operation = OPERATIONS[operation_id]
        # Not httpx's own encoder, which refuses the NaN that other clients send.
        payload = content if body is None else json.dumps(body).encode()
        request = self.client.build_request(
            operation.method,
            operation.path.lstrip("/").format(**path),
            params=query,
            content=payload,
            headers={} if payload is None else {"Content-Type": content_type},
        )
        response = self.client.send(request, auth=self.credentials[auth])
        check(operation_id, response)
        return response

    def run(self, num_tasks: Any = 3) -> str:
        """Make a run and return its uuid."""
        made: str = self.call("create_run", body={"numTasks": num_tasks}).json()["uuid"]
        return made

    def worker(self) -> str:
        """Register a worker and return its uuid."""
        name = uuid.uuid4().hex
        self.call("register_worker", body={"uuid": name, "hostname": "node17", "pid": 4242})
        return name

    def claim(self, run: str) -> httpx.Response:
        """Ask for a task as a new worker."""
        return self.call("claim_task", uuid=run, body={"worker_uuid": self.worker()})

    def update(self, run: str, task: int, **fields: Any) -> None:
        """Write to a task."""
        assert self.call("update_task", uuid=run, task=task, body=fields).status_code == 204

    def task(self, run: str, task: int) -> dict[str, Any]:
        """All fields of a task."""
        fields: dict[str, Any] = self.call("get_task", uuid=run, task=task).json()
        return fields

    def counts(self, run: str) -> dict[str, Any]:
        """All fields of a run."""
        fields: dict[str, Any] = self.call("get_run", uuid=run).json()
        return fields
