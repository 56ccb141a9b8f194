"""manageTF in this process, over cassettes recorded from the real server, or over the server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.support.manage_tf import Manage, Work
from tests.support.recording import Place


@pytest.fixture(autouse=True)
def _one_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a terminal of one kind and width, whoever runs the tests."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


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
