"""Replies with odd statuses, headers and pages, and those that never end or are too large."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import math
from collections.abc import Callable

import pytest

from taskfarm_sdk import (
    AsyncFarm,
    ConnectionFailed,
    Farm,
    ServerError,
    UnexpectedReply,
)
from taskfarm_sdk._sansio.retry import COMPLETE, RETRY_AFTER_MOST_S, Backoff, Then
from taskfarm_sdk._transport import replies
from taskfarm_sdk._transport.quotes import Asked
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.hostile import endless
from tests.support.stub_server import Drip, Reply, stub_server

pytestmark = pytest.mark.slow

UUID = "0123456789abcdef0123456789abcdef"
# Short beside how long a reply drips, which is for ever.
TIMEOUT_S = 0.3
# Long enough for the head of a reply on a busy machine.
AFTER_THE_HEAD_S = 3.0


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


def ask(url: str, timeout_s: float = 30) -> None:
    with Farm(url, token="t", give_up_after_s=0, timeout_s=timeout_s) as farm:
        farm.get_run(UUID)


def ask_awaiting(url: str, timeout_s: float = 30) -> None:
    async def go() -> None:
        async with AsyncFarm(url, token="t", give_up_after_s=0, timeout_s=timeout_s) as farm:
            await farm.get_run(UUID)

    asyncio.run(go())


BOTH = pytest.mark.parametrize("how", [ask, ask_awaiting], ids=["blocking", "awaiting"])


@pytest.mark.parametrize("value", ["3600", "9" * 400, "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_retry_after_beyond_the_deadline_waits_for_the_deadline(
    clock: FastClock, value: str
) -> None:
    began = clock.now()
    headers = {"Retry-After": value, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    with (
        stub_server(Reply(503, b"busy", headers)) as server,
        farm_by(clock, server.url, token="t", give_up_after_s=20) as farm,
        pytest.raises(ServerError),
    ):
        farm.runs()
    assert clock.now() - began == 20


ABSURD = [
    "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
    "-5",
    "\u0663",
    "1e9",
    "inf",
    "Thu, 01 Jan 1970 00:00:00",
]


@pytest.mark.parametrize("value", ABSURD)
def test_an_absurd_retry_after_is_none(value: str) -> None:
    headers = {"retry-after": value, "date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    error = replies.error_of("GET", 503, "busy", "http://farm.invalid/api/", headers, b"")
    assert isinstance(error, ServerError)
    assert not error.retry_after_s


def test_an_endless_patience_waits_a_minute_at_most_for_a_wish() -> None:
    backoff = Backoff(lambda: 0.0, lambda: math.inf)
    error = ServerError("busy", status=503, retry_after_s=math.inf)
    assert backoff.pause_s(error) == RETRY_AFTER_MOST_S


STATUSES = {
    **dict.fromkeys((408, 425, 429), Then.AGAIN),
    **{status: Then.AGAIN for status in range(500, 600) if status not in (501, 505)},
    **dict.fromkeys((301, 402, 403, 405, 409, 410, 418, 451, 501, 505), Then.RAISE),
}


@pytest.mark.parametrize(("status", "then"), STATUSES.items())
def test_a_status_that_means_later_is_retried_and_no_other(status: int, then: Then) -> None:
    error = replies.error_of("GET", status, "odd", "http://farm.invalid/api/", {}, b"")
    assert COMPLETE.after(error) is then


ODD_PAGES = [
    pytest.param({"Content-Type": "text/html; charset=undefined"}, b"busy", id="no charset"),
    pytest.param({"Content-Type": "text/html; charset=hex"}, b"busy", id="charset hex"),
    pytest.param({"Content-Type": "text/html; charset=utf-16"}, b"\xd8\x00\xff", id="utf-16"),
    pytest.param({"Content-Type": "\xff\xfe"}, b"busy", id="no text"),
    pytest.param({"Content-Encoding": "gzip"}, b"busy", id="gzip that is none"),
    pytest.param({"Content-Encoding": "gzip, br, zstd, x"}, b"busy", id="encodings"),
    pytest.param({"Retry-After": "Wed, 21 Oct 9999999999999 07:28:00 GMT"}, b"", id="a date"),
    pytest.param({"Location": "http://[::1"}, b"busy", id="a location"),
    pytest.param({"Set-Cookie": "=;=;Expires=x"}, b"busy", id="a cookie"),
    pytest.param({}, b"\xff\x00" * 999, id="bytes"),
    pytest.param({}, b"<" * 80_000, id="brackets without end"),
    pytest.param({}, b"<script" * 12_000, id="scripts without end"),
]


@pytest.mark.parametrize(("headers", "body"), ODD_PAGES)
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 520])
def test_the_status_counts_whatever_the_page_is(
    clock: FastClock, status: int, headers: dict[str, str], body: bytes
) -> None:
    with (
        stub_server(Reply(status, body, headers)) as server,
        farm_by(clock, server.url, token="t", give_up_after_s=1) as farm,
        pytest.raises(ServerError) as raised,
    ):
        farm.runs()
    assert raised.value.status == status
    assert clock.waits
    assert len(str(raised.value)) < 600


def test_no_reply_is_asked_for_encoded_or_taken() -> None:
    packed = gzip.compress(json.dumps({"data": []}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    with (
        stub_server(Reply(200, packed, headers)) as server,
        pytest.raises(UnexpectedReply, match="encoded as 'gzip'"),
    ):
        ask(server.url)


def test_of_a_long_page_no_more_is_read_than_a_line_needs() -> None:
    with (
        stub_server(Reply(503, b"busy " * 4_000_000)) as server,
        pytest.raises(ServerError) as raised,
    ):
        ask(server.url)
    assert (raised.value.detail or "").endswith("…")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TRICKLES = [
    pytest.param([b"HTTP/1.1 200 OK\r\n"], b"X-A: b\r\n", id="headers"),
    pytest.param([HEAD + b"Content-Length: 999999\r\n\r\n"], b" ", id="body"),
    pytest.param([], b"HTTP/1.1 100 Continue\r\n\r\n", id="100 Continue"),
    pytest.param([HEAD + b"Transfer-Encoding: chunked\r\n\r\n"], b"1\r\n \r\n", id="chunks"),
]


@BOTH
@pytest.mark.parametrize(("begin", "piece"), TRICKLES)
def test_a_request_has_one_total_time_whatever_trickles(
    begin: list[bytes], piece: bytes, how: Callable[[str, float], None]
) -> None:
    endless = itertools.chain(begin, itertools.repeat(piece))
    with stub_server(Drip(endless)) as server, pytest.raises(ConnectionFailed):
        how(server.url, TIMEOUT_S)


@BOTH
def test_a_page_that_trickles_is_the_error_that_its_status_says(
    how: Callable[[str, float], None],
) -> None:
    head = b"HTTP/1.1 503 Busy\r\nContent-Length: 9999999\r\n\r\n"
    endless = itertools.chain([head], itertools.repeat(b"b"))
    with stub_server(Drip(endless)) as server, pytest.raises(ServerError):
        how(server.url, AFTER_THE_HEAD_S)


@BOTH
def test_a_reply_that_is_too_large_is_refused(
    how: Callable[[str], None],
) -> None:
    body = b"[" + b" " * (1 << 21) + b"]"
    with (
        stub_server(Reply(200, body, {"Content-Type": "application/json"})) as server,
        pytest.raises(UnexpectedReply, match="has over 1 MiB"),
    ):
        how(server.url)


def test_no_cookie_is_kept() -> None:
    cookie = {"Content-Type": "application/json", "Set-Cookie": "a=b; Path=/"}
    with (
        stub_server(Reply(200, b'{"data": []}', cookie)) as server,
        Farm(server.url, token="t") as farm,
    ):
        farm.runs()
        farm.runs()
    assert [request.headers["Cookie"] for request in server.requests] == [None, None]


@pytest.mark.parametrize("data", ['""', "{}", "null", "0", "false"])
def test_what_is_no_list_is_not_taken_as_an_empty_one(data: str) -> None:
    with (
        stub_server(Reply(200, f'{{"data": {data}}}'.encode())) as server,
        Farm(server.url, token="t", give_up_after_s=0) as farm,
        pytest.raises(UnexpectedReply),
    ):
        farm.runs()


@pytest.mark.parametrize("unit", endless.TINY.values(), ids=endless.TINY.keys())
def test_a_large_reply_of_tiny_values_is_refused_before_it_is_parsed(unit: bytes) -> None:
    body = b'{"data": [' + unit * (3_000_000 // len(unit)) + b"0]}"
    with (
        stub_server(Reply(200, body, {"Content-Type": "application/json"})) as server,
        Farm(server.url, token="t", give_up_after_s=0) as farm,
        pytest.raises(UnexpectedReply, match="of tiny values"),
    ):
        farm.runs()


def test_the_smallest_runs_are_no_tiny_values() -> None:
    run = json.dumps({"id": 1, "uuid": UUID, "numTasks": 1}, separators=(",", ":"))
    body = f'{{"data":[{",".join([run] * 20_000)}]}}'.encode()
    assert len(body) > replies.UNCOUNTED_BYTES
    replies.refuse_crowded(Asked("GET", "http://farm.invalid/api/runs"), body)
