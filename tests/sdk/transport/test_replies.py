"""Replies that a taskfarm server does not send: each becomes one clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from taskfarm_sdk import (
    AsyncFarm,
    Farm,
    NotFound,
    RequestRejected,
    ServerError,
    TaskfarmError,
    UnexpectedReply,
)
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.stub_server import Reply, document, page, stub_server

UUID = "0123456789abcdef0123456789abcdef"
RUN = {"id": 1, "uuid": UUID, "numTasks": 5}
COUNTS = {**RUN, "numWaiting": 0, "numComputing": 0, "numDone": 0, "percentDone": 0}


ODD_REPLIES = [
    pytest.param(page(200), UnexpectedReply, id="an HTML page"),
    pytest.param(Reply(200), UnexpectedReply, id="nothing"),
    pytest.param(Reply(200, b"\xff\xfe\x00"), UnexpectedReply, id="bytes that are no text"),
    pytest.param(Reply(200, b"[" * 100_000), UnexpectedReply, id="JSON without an end"),
    pytest.param(
        Reply(200, b"no", {"Content-Encoding": "gzip"}), UnexpectedReply, id="broken gzip"
    ),
    pytest.param(Reply(204), UnexpectedReply, id="no content"),
    pytest.param(Reply(299, b"{}"), UnexpectedReply, id="a status without a name"),
    pytest.param(document([]), UnexpectedReply, id="a list"),
    pytest.param(document(None), UnexpectedReply, id="null"),
    pytest.param(document({}), UnexpectedReply, id="an empty object"),
    pytest.param(document({**COUNTS, "numDone": "5"}), UnexpectedReply, id="a text for a count"),
    pytest.param(document({**COUNTS, "numDone": True}), UnexpectedReply, id="true for a count"),
    pytest.param(document({**COUNTS, "numDone": 1.5}), UnexpectedReply, id="half a count"),
    pytest.param(document({**COUNTS, "uuid": None}), UnexpectedReply, id="no uuid"),
    pytest.param(page(302, Location="/login"), UnexpectedReply, id="a redirect"),
    pytest.param(page(403), RequestRejected, id="403"),
    pytest.param(page(405), RequestRejected, id="405"),
    pytest.param(page(413), RequestRejected, id="413"),
    pytest.param(page(404), NotFound, id="404"),
    pytest.param(page(502), ServerError, id="502"),
    pytest.param(page(520), ServerError, id="520, which has no name"),
]


def ask(url: str) -> None:
    with Farm(url, token="t", give_up_after_s=0) as farm:
        farm.get_run(UUID)


def ask_awaiting(url: str) -> None:
    async def go() -> None:
        async with AsyncFarm(url, token="t", give_up_after_s=0) as farm:
            await farm.get_run(UUID)

    asyncio.run(go())


@pytest.mark.parametrize("how", [ask, ask_awaiting], ids=["blocking", "awaiting"])
@pytest.mark.parametrize(("reply", "kind"), ODD_REPLIES)
def test_an_odd_reply_is_one_error_that_names_the_place(
    reply: Reply, kind: type[TaskfarmError], how: Callable[[str], None]
) -> None:
    with stub_server(reply) as server, pytest.raises(kind) as raised:
        how(server.url)
    assert server.url.rstrip("/") in str(raised.value) or UUID in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 600


def test_a_redirect_is_not_followed_and_says_where_it_points() -> None:
    reply = page(301, Location="https://elsewhere.example/api/runs")
    with stub_server(reply) as server, pytest.raises(UnexpectedReply, match="elsewhere.example"):
        ask(server.url)


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


@pytest.mark.parametrize(
    ("value", "least_s"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("Thu, 01 Jan 2026 00:00:09 GMT", 9, id="a date"),
        pytest.param("soon", 0, id="rubbish"),
        pytest.param("", 0, id="nothing"),
    ],
)
def test_retry_after_is_honoured(clock: FastClock, value: str, least_s: float) -> None:
    headers = {"Retry-After": value, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    with (
        stub_server(Reply(503, b"busy", headers)) as server,
        farm_by(clock, server.url, token="t", give_up_after_s=20) as farm,
        pytest.raises(ServerError),
    ):
        farm.runs()
    assert all(wait >= least_s for wait in clock.waits[:-1])
    assert clock.waits


def test_a_retry_after_beyond_the_deadline_is_not_waited_for(clock: FastClock) -> None:
    with (
        stub_server(Reply(503, b"busy", {"Retry-After": "3600"})) as server,
        farm_by(clock, server.url, token="t", give_up_after_s=20) as farm,
        pytest.raises(ServerError) as raised,
    ):
        farm.runs()
    assert raised.value.retry_after_s == 3600
    assert clock.waits == []
