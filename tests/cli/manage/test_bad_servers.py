"""Servers that are not there, not a taskfarm's, or in trouble: one line and the right status."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NoReturn

import pytest

from taskfarm_cli.common import connection_options
from tests.support.manage_tf import Manage
from tests.support.recording import Place
from tests.support.stub_server import Reply, StubServer, document, page, stub_server


@pytest.fixture
def answering() -> Iterator[StubServer]:
    with stub_server(page(200)) as server:
        yield server


@pytest.fixture
def place(answering: StubServer) -> Place:
    return Place(answering.url, "me", "secret")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after the first failure: how often it is tried is the SDK's business."""
    monkeypatch.setattr(connection_options, "GIVE_UP_AFTER_S", 0.0)


@pytest.mark.parametrize("mode", [("-l",), ("-n", "3"), ("--wait", "0" * 32), ("-w", "0" * 32)])
@pytest.mark.parametrize(
    ("reply", "status", "told"),
    [
        pytest.param(page(200), 1, "does not answer as a taskfarm", id="a web page"),
        pytest.param(document({}), 1, "does not answer as a taskfarm", id="another's JSON"),
        pytest.param(page(401), 3, "user 'me'", id="refused credentials"),
        pytest.param(page(403), 1, "403", id="forbidden"),
        pytest.param(
            Reply(302, b"", {"Location": "https://elsewhere.test/api/"}),
            1,
            "https://elsewhere.test/api/",
            id="another place",
        ),
        pytest.param(page(500), 1, "the server failed", id="a sick server"),
        pytest.param(page(502), 6, "502", id="a proxy without its server"),
        pytest.param(page(503), 6, "503", id="a proxy that waits for its server"),
    ],
)
def test_a_bad_answer_is_one_line(
    manage: Manage,
    answering: StubServer,
    mode: tuple[str, ...],
    reply: Reply,
    status: int,
    told: str,
) -> None:
    answering.answers = reply
    outcome = manage(*mode)
    assert (outcome.status, outcome.out) == (status, "")
    assert told in outcome.error
    assert "secret" not in outcome.error


@pytest.mark.parametrize("mode", [("-l",), ("-n", "3"), ("--whoami", "--plain")])
def test_an_address_with_nothing_there_is_told_the_usual_one(
    manage: Manage, answering: StubServer, mode: tuple[str, ...]
) -> None:
    answering.answers = page(404)
    outcome = manage(*mode)
    assert outcome.status == 1
    assert "ends in /api/" in outcome.error


@pytest.mark.parametrize(
    "mode",
    [
        ("-l",),
        ("-n", "3"),
        ("--login",),
        *((mode, "0" * 32) for mode in ("-i", "-w", "--wait", "--tasks", "--repair")),
        *((mode, "0" * 32) for mode in ("-r", "--reset-failed", "--reset-task=1")),
    ],
    ids=lambda mode: mode[0],
)
def test_a_server_that_is_not_there_ends_with_6(
    manage: Manage, refusing_url: str, mode: tuple[str, ...]
) -> None:
    outcome = manage(*mode, "-b", refusing_url, "-u", "me", "-p", "secret")
    assert outcome.status == 6
    assert "no taskfarm server answers" in outcome.error


def test_whoami_shows_what_is_known_of_a_server_that_is_not_there(
    manage: Manage, refusing_url: str
) -> None:
    outcome = manage("--whoami", "--json", "-b", refusing_url, "-u", "me", "-p", "secret")
    assert outcome.status == 6
    assert outcome.document["url"] == refusing_url
    assert outcome.document["accepted"] is None


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host.example/api/",
        "farm",
        "http://",
        "http://farm:x/api/",
        "http://me:secret@host.example/api/",
        " ",
    ],
)
def test_what_is_no_url_is_a_usage_error(manage: Manage, url: str) -> None:
    outcome = manage("-l", "-b", url, "-u", "me", "-p", "p")
    assert outcome.status == 2
    assert "URL" in outcome.error
    assert "secret" not in outcome.error


def test_a_name_that_no_machine_has_ends_with_6(
    manage: Manage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # Some resolvers take long to say so, and some know an address for each name.
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert manage("-l", "-b", "http://no-such-host.invalid/", "-u", "me", "-p", "p").status == 6
