"""manageTF in this process, over cassettes recorded from the real server, or over the server."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.server import ReservedPort
from taskfarm_sdk.testing import LocalServer
from tests.support.manage_tf import Manage, TaskWriter, writing_tasks
from tests.support.recording import Place


@pytest.fixture(autouse=True)
def _one_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a terminal of one kind, width and language, whoever runs the tests."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in (
        *("LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"),
        *("PYTHONIOENCODING", "PYTHONUTF8", "PYTHONWARNINGS", "PYTHONUNBUFFERED"),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def recorded_farm(place: Place) -> Iterator[Farm]:
    """A farm to prepare with what manageTF finds, and to look at it afterwards."""
    with Farm(place.url, user=place.user, password=place.password) as made:
        yield made


@pytest.fixture
def run(recorded_farm: Farm) -> Run:
    """A new run of 5 tasks."""
    return recorded_farm.create_run(5)


@pytest.fixture
def task_writer(recorded_farm: Farm, request: pytest.FixtureRequest) -> Iterator[TaskWriter]:
    """Takes tasks and writes them, as a worker whose uuid is the same in every recording."""
    worker = uuid.uuid5(uuid.NAMESPACE_OID, re.sub(r"\W", "-", request.node.name)).hex
    with writing_tasks(recorded_farm.url, recorded_farm.login(), worker) as writer:
        yield writer


@pytest.fixture
def manage(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Manage:
    """Runs manageTF in this process, with the place's credentials in the environment."""
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    return Manage(capsys)


@pytest.fixture(scope="session")
def live_place(taskfarm_server: LocalServer) -> Place:
    """The session's real server."""
    return Place(taskfarm_server.url, taskfarm_server.user, taskfarm_server.password)


@pytest.fixture(scope="session")
def live_farm(live_place: Place) -> Iterator[Farm]:
    """One farm of the real server for all, for each password costs the server a hash."""
    with Farm(live_place.url, user=live_place.user, password=live_place.password) as farm:
        farm.login()
        yield farm


@pytest.fixture(scope="session")
def live_login(live_farm: Farm) -> dict[str, str]:
    """The variables that make the real server the one that is asked, by a token."""
    return {"TASKFARM_URL": live_farm.url, "TASKFARM_TOKEN": live_farm.login()}


@pytest.fixture
def live_run(live_farm: Farm) -> Run:
    """A new run of 5 tasks on the real server."""
    return live_farm.create_run(5)


@pytest.fixture
def logged_in(live_login: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the processes that a test starts ask the real server."""
    for name, value in live_login.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def live_manage(
    live_login: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Manage:
    """Runs manageTF in this process, over the real server."""
    for name, value in live_login.items():
        monkeypatch.setenv(name, value)
    return Manage(capsys)


@pytest.fixture
def killable_server(taskfarm_server: LocalServer) -> Iterator[LocalServer]:
    """The real server, which is there again for the tests to come."""
    yield taskfarm_server
    taskfarm_server.start()


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """The URL of a server that is not there; its port stays taken, so that nobody else comes."""
    port = ReservedPort()
    yield f"http://127.0.0.1:{port.port}/api/"
    port.close()
