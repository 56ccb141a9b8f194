"""manageTF in this process, over cassettes recorded from the real server, or over the server."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.cli.support import Manage, Place, Work

REPLAYED = Place("http://taskfarm.test/api/", "local", "any password")
KEPT_HEADERS = ("content-type",)


@pytest.fixture(autouse=True)
def _nothing_of_this_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the settings and logins of whoever runs the tests out of them, and the tests' in."""
    for name in [name for name in os.environ if name.startswith("TASKFARM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture(scope="session")
def recorded_server() -> Iterator[LocalServer]:
    """The server that cassettes are recorded from."""
    with LocalServer() as server:
        yield server


@pytest.fixture
def place(request: pytest.FixtureRequest, record_mode: str) -> Place:
    """Where recorded tests ask: an empty server while they are recorded, nowhere afterwards."""
    if record_mode == "none":
        return REPLAYED
    server: LocalServer = request.getfixturevalue("recorded_server")
    with server.farm() as farm:
        for run in farm.runs():
            run.delete()
    return Place(server.url, server.user, server.password)


@pytest.fixture(scope="session")
def live(taskfarm_server: LocalServer) -> Place:
    """The session's real server."""
    return Place(taskfarm_server.url, taskfarm_server.user, taskfarm_server.password)


@pytest.fixture
def farm(place: Place) -> Iterator[Farm]:
    """A farm to prepare things with and to look at them afterwards."""
    with Farm(place.url, user=place.user, password=place.password) as made:
        yield made


@pytest.fixture
def run(farm: Farm) -> Run:
    """A new run of 5 tasks."""
    return farm.create_run(5)


@pytest.fixture
def work(farm: Farm, request: pytest.FixtureRequest) -> Iterator[Work]:
    """Claims tasks and writes them, as a worker whose uuid is the same in every recording."""
    worker = uuid.uuid5(uuid.NAMESPACE_OID, request.node.nodeid).hex
    with httpx.Client(base_url=farm.url, auth=(farm.login(), "")) as client:
        yield Work(client, worker)


@pytest.fixture
def manage(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Manage:
    """Runs manageTF in this process, with the place's credentials in the environment."""
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    return Manage(capsys)


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """Keep all cassettes of the project in one folder, which is removed to record them again."""
    module = Path(str(request.node.path))
    return str(module.parents[1] / "cassettes" / module.parent.name / module.stem)


# The server must be up before recording begins, or its own start would be recorded too.
@pytest.fixture
def vcr_config(place: Place) -> dict[str, Any]:
    """Compare whole requests, and keep what is secret or volatile out of cassettes."""
    return {
        "match_on": ("method", "path", "query", "body"),
        "before_record_request": _scrubbed_request,
        "before_record_response": _scrubbed_response,
        "decode_compressed_response": True,
    }


def _scrubbed_request(request: Any) -> Any:
    request.headers = {k: v for k, v in request.headers.items() if k.lower() in KEPT_HEADERS}
    parts = urlsplit(request.uri)
    request.uri = parts._replace(netloc=urlsplit(REPLAYED.url).netloc).geturl()
    return request


def _scrubbed_response(response: dict[str, Any]) -> dict[str, Any]:
    response["headers"] = {
        k: v for k, v in response["headers"].items() if k.lower() in KEPT_HEADERS
    }
    body = response["body"]["string"]
    if re.match(rb'\s*\{\s*"token"', body):
        response["body"]["string"] = json.dumps({"token": "scrubbed"}).encode()
    return response
