"""The real server's log of failed requests: one line each, with the cause and without secrets."""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import NamedTuple

import httpx
import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.processes import NET_S
from tests.support.server_log import ServerLog, sign_token

pytestmark = pytest.mark.live

STAMP = re.compile(r"^(\S+) \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] (.*)$")


class Place(NamedTuple):
    """A server with its log, and a client with a token."""

    server: LocalServer
    log: ServerLog
    client: httpx.Client
    token: str

    @property
    def key(self) -> str:
        """The key of the server's tokens."""
        return self.server._secrets.key

    def line(self) -> tuple[str, str]:
        """Return the client and the rest of the one new line."""
        lines = self.log.new_lines()
        assert len(lines) == 1, lines
        found = STAMP.match(lines[0])
        assert found, lines
        return found[1], found[2]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """A server of this module's own, which nobody else makes log anything."""
    with LocalServer() as server:
        yield server


@pytest.fixture(scope="module")
def token(server: LocalServer) -> str:
    with server.farm() as farm:
        return farm.login()


@pytest.fixture
def place(server: LocalServer, token: str) -> Iterator[Place]:
    with httpx.Client(base_url=server.url, auth=(token, ""), timeout=NET_S) as client:
        yield Place(server, ServerLog(server), client, token)


TOKENS: dict[str, Callable[[str, str], str]] = {
    "forged": lambda token, _: token[:-8] + token[-8:][::-1],
    "outdated": lambda _, __: sign_token({"id": 1}, "another key"),
    "of another algorithm": lambda _, key: sign_token({"id": 1}, key, "RS256"),
    "without a user": lambda _, key: sign_token({}, key),
    "of a removed user": lambda _, key: sign_token({"id": 4711}, key),
    "of no form": lambda _, __: "eyJ9.eyJ9.eyJ9",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_bad_token_costs_one_line_that_does_not_show_it(place: Place, kind: str) -> None:
    bad = TOKENS[kind](place.token, place.key)
    status = place.client.get("runs", auth=(bad, "")).status_code
    _, rest = place.line()
    assert rest.startswith(f'"GET /api/runs" {status}: ')
    assert bad.split(".")[2] not in rest
    assert status in (401, 500)


def test_the_cause_of_a_token_of_another_key_is_told(place: Place) -> None:
    place.client.get("runs", auth=(sign_token({"id": 1}, "another key"), ""))
    assert "another key signed it" in place.line()[1]


def test_a_wrong_password_costs_one_line_without_user_and_password(place: Place) -> None:
    place.client.get("token", auth=("somebody", "hunter2-Xq7Zp"))
    client, rest = place.line()
    assert (client, rest.partition(":")[0]) == ("127.0.0.1", '"GET /api/token" 401')
    assert "somebody" not in rest
    assert "hunter2" not in rest


def test_monitoring_without_credentials_writes_nothing(place: Place) -> None:
    assert place.client.get("token", auth=lambda request: request).status_code == 401
    assert place.log.new_lines() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "run", b"{bad", 400),
        ("POST", "run", b"{}", 400),
        ("POST", "run", b"[1]", 400),
        ("POST", "run", b'["numTasks"]', 500),
        ("POST", "run", b'{"numTasks": {}}', 500),
        ("POST", "run", b'{"numTasks": 1e400}', 201),
        ("GET", "runs/none", None, 404),
        ("DELETE", "runs/none", None, 404),
        ("GET", "runs/none/tasks/0", None, 404),
        ("POST", "runs/none/task", b'{"worker_uuid": "none"}', 404),
        ("PUT", "runs", None, 405),
        ("GET", "nothing", None, 404),
    ],
)
def test_a_failed_request_costs_one_line_and_another_none(
    place: Place, method: str, path: str, body: bytes | None, status: int
) -> None:
    headers = {"Content-Type": "application/json"}
    reply = place.client.request(method, path, content=body, headers=headers)
    assert reply.status_code == status
    if status < 400:
        assert place.log.new_lines() == []
        return
    _, rest = place.line()
    assert rest.startswith(f'"{method} /api/{path}" {status}: ')
    assert "Traceback" not in rest


def test_a_body_of_another_type_costs_one_line(place: Place) -> None:
    reply = place.client.post("run", content=b"numTasks=1")
    assert place.line()[1].startswith(f'"POST /api/run" {reply.status_code}: ')


def test_a_broken_run_and_a_worker_that_is_there_cost_one_line(place: Place) -> None:
    worker = {"uuid": "a" * 32, "hostname": "h", "pid": 1}
    assert place.client.post("worker", json=worker).status_code == 201
    assert place.client.post("worker", json=worker).status_code == 500
    assert "database: UNIQUE constraint failed" in place.line()[1]
    uuid = place.client.post("run", json={"numTasks": 3}).json()["uuid"]
    place.client.get(f"runs/{uuid}/tasks/2")
    claim = {"worker_uuid": worker["uuid"]}
    replies = [place.client.post(f"runs/{uuid}/task", json=claim).status_code for _ in range(2)]
    assert replies == [201, 500]
    assert f'"POST /api/runs/{uuid}/task" 500: ' in place.line()[1]


def test_a_damaged_database_costs_one_line_with_the_cause(place: Place) -> None:
    path = place.log._path.with_name("taskfarm.db")
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE runs RENAME TO away")
        assert place.client.get("runs").status_code == 500
        database.execute("ALTER TABLE away RENAME TO runs")
    assert place.line()[1] == '"GET /api/runs" 500: database: no such table: runs'


def test_a_path_cannot_forge_a_line_or_show_a_token(place: Place) -> None:
    place.client.get(f"x%0a127.0.0.1%20forged%1b[31m%22%20200/{place.token}?token={place.token}")
    _, rest = place.line()
    assert r"x\n127.0.0.1 forged\x1b[31m\" 200/***" in rest
    assert place.token not in rest


@pytest.mark.parametrize(
    ("header", "told", "client"),
    [
        ("X-Forwarded-For", "10.1.2.3", "10.1.2.3"),
        ("X-Forwarded-For", "6.6.6.6, 10.1.2.3", "10.1.2.3"),
        ("X-Forwarded-For", "2001:db8::1", "2001:db8::1"),
        ("X-Forwarded-For", "nonsense", "127.0.0.1"),
        ("X-Forwarded-For", "fe80::1%a b", "127.0.0.1"),
        ("X-Real-IP", "10.1.2.3", "10.1.2.3"),
    ],
)
def test_the_client_is_who_a_proxy_on_this_machine_says(
    place: Place, header: str, told: str, client: str
) -> None:
    place.client.get("runs/none", headers={header: told})
    assert place.line()[0] == client


def test_what_is_no_http_costs_one_line_without_credentials(place: Place) -> None:
    address = ("127.0.0.1", httpx.URL(place.server.url).port or 0)
    with socket.create_connection(address, NET_S) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\x01\r\n\r\n")
        assert b" 400 " in connection.recv(4096)
    assert "c2VjcmV0" not in "".join(place.log.new_lines())


def test_debugging_adds_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFARM_DEBUG", "1")
    with LocalServer() as server:
        log = ServerLog(server)
        httpx.get(server.url + "runs", auth=(sign_token({"id": 1}, "another key"), ""))
        first, second, *_ = log.new_lines()
    assert "another key signed it" in first
    assert second == "Traceback (most recent call last):"
