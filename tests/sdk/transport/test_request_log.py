"""What is logged of requests: nothing, or a line each where that is asked for."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from taskfarm_sdk import AsyncFarm, Farm, TaskfarmError
from taskfarm_sdk._transport import request_log
from tests.support.secrecy import PASSWORD
from tests.support.stub_server import document, stub_server

TOKEN = "a-token-that-shows-nowhere"


def ask(url: str) -> None:
    with Farm(url, token=TOKEN, give_up_after_s=0) as farm:
        farm.runs()


def ask_awaiting(url: str) -> None:
    async def go() -> None:
        async with AsyncFarm(url, token=TOKEN, give_up_after_s=0) as farm:
            await farm.runs()

    asyncio.run(go())


BOTH = pytest.mark.parametrize("how", [ask, ask_awaiting], ids=["blocking", "awaiting"])


@BOTH
def test_a_program_that_logs_at_info_sees_no_request(
    caplog: pytest.LogCaptureFixture, how: Callable[[str], None]
) -> None:
    with caplog.at_level(logging.INFO), stub_server(document({"data": []})) as server:
        how(server.url)
    assert caplog.records == []


@BOTH
def test_at_debug_each_request_is_one_line_without_credentials(
    caplog: pytest.LogCaptureFixture, how: Callable[[str], None]
) -> None:
    with (
        caplog.at_level(logging.DEBUG, logger="taskfarm_sdk.requests"),
        stub_server(document({"data": []})) as server,
    ):
        how(server.url)
    assert [record.getMessage() for record in caplog.records] == [f"GET {server.url}runs: 200"]
    assert TOKEN not in caplog.text


@BOTH
def test_a_request_that_is_not_answered_is_a_line_too(
    caplog: pytest.LogCaptureFixture, how: Callable[[str], None]
) -> None:
    with (
        caplog.at_level(logging.DEBUG, logger="taskfarm_sdk.requests"),
        stub_server(b"") as server,
        pytest.raises(TaskfarmError),
    ):
        how(server.url)
    assert f"GET {server.url}runs: RemoteProtocolError" in caplog.messages


def test_a_programs_own_requests_are_logged_as_before(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another farm of this process may have had the port that the program's own server gets.
    monkeypatch.setattr(request_log._filter, "origins", set())
    with stub_server(document({"data": []})) as farms, stub_server(document({})) as others:
        ask(farms.url)
        with caplog.at_level(logging.INFO), httpx.Client(trust_env=False) as client:
            client.get(others.url)
    assert [record.name for record in caplog.records] == ["httpx"]


def test_each_request_says_who_sends_it() -> None:
    with stub_server(document({"data": []})) as server:
        ask(server.url)
    (request,) = server.requests
    assert request.headers["User-Agent"].startswith("taskfarm-sdk/")


@pytest.mark.parametrize(("value", "lines"), [("1", 1), ("0", 0), ("", 0)])
def test_an_environment_variable_has_the_lines_written_to_stderr(value: str, lines: int) -> None:
    with stub_server(document({"data": []})) as server:
        program = f"from taskfarm_sdk import Farm; Farm({server.url!r}, token={TOKEN!r}).runs()"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"TASKFARM_DEBUG": value},
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stderr.count(f"GET {server.url}runs: 200") == lines
    assert TOKEN not in done.stderr


def test_the_password_of_a_socks_proxy_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request_log.begin("http", "farm.invalid", 80)
    # As httpcore's Trace writes it.
    line = f"setup_socks5_connection.started host='h' port=1 auth=(b'me', b'{PASSWORD}')"
    logging.getLogger("httpcore.socks").debug(line)
    assert "setup_socks5_connection.started host='h' port=1 auth='***'" in caplog.text
    assert PASSWORD not in caplog.text
