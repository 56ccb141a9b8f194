"""Recorded tests: cassettes of the real server, and nothing secret or volatile in them.

`make cassettes` records; otherwise the tests run offline, against what was recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from taskfarm_sdk import _validation
from taskfarm_sdk._transport import tls
from taskfarm_sdk.testing import LocalServer


class Place(NamedTuple):
    """A server and its user."""

    url: str
    user: str
    password: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make it manageTF's server."""
        return {
            "TASKFARM_URL": self.url,
            "TASKFARM_USER": self.user,
            "TASKFARM_PASSWORD": self.password,
        }


REPLAYED = Place("http://taskfarm.test/api/", "local", "any password")
KEPT_HEADERS = ("content-type",)
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def recorded_server() -> Iterator[LocalServer]:
    """The server that cassettes are recorded from."""
    with LocalServer() as server:
        yield server


@pytest.fixture
def place(request: pytest.FixtureRequest, record_mode: str) -> Place:
    """Where recorded tests ask: an empty server while they are recorded, nowhere afterwards."""
    if record_mode == "none":
        # Nothing travels, so nobody is to be warned that it does so openly.
        tls._told_of.add(_validation.origin(REPLAYED.url))
        return REPLAYED
    server: LocalServer = request.getfixturevalue("recorded_server")
    with server.farm() as farm:
        for run in farm.runs():
            run.delete()
    return Place(server.url, server.user, server.password)


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """Keep all cassettes of the project in one folder, which is removed to record them again."""
    module = Path(str(request.node.path)).relative_to(TESTS)
    return str(TESTS / "cassettes" / module.with_suffix(""))


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
