"""Replies that a taskfarm server does not send: each becomes one clear error."""

from __future__ import annotations

import asyncio
import gzip
import http.server
import json
import math
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

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
from taskfarm_sdk._sansio.retry import COMPLETE, RETRY_AFTER_MOST_S, Backoff, Then
from taskfarm_sdk._transport import replies
from tests.support.clock import FastClock
from tests.support.farms import farm_by

UUID = "0123456789abcdef0123456789abcdef"
RUN = {"id": 1, "uuid": UUID, "numTasks": 5}
COUNTS = {**RUN, "numWaiting": 0, "numComputing": 0, "numDone": 0, "percentDone": 0}
Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(answer: Answer) -> Generator[str]:
    """Serve one and the same answer to everything; gives the URL."""
    status, headers, body = answer

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/api/"
        finally:
            server.shutdown()
            thread.join()


def page(status: int, **headers: str) -> Answer:
    return status, {"Content-Type": "text/html", **headers}, b"<html><h1>Hello</h1></html>"


def data(value: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


ODD_REPLIES = [
    pytest.param(page(200), UnexpectedReply, id="an HTML page"),
    pytest.param((200, {}, b""), UnexpectedReply, id="nothing"),
    pytest.param((200, {}, b"\xff\xfe\x00"), UnexpectedReply, id="bytes that are no text"),
    pytest.param((200, {}, b"[" * 100_000), UnexpectedReply, id="JSON without an end"),
    pytest.param((200, {"Content-Encoding": "gzip"}, b"no"), UnexpectedReply, id="broken gzip"),
    pytest.param((204, {}, b""), UnexpectedReply, id="no content"),
    pytest.param((299, {}, b"{}"), UnexpectedReply, id="a status without a name"),
    pytest.param(data([]), UnexpectedReply, id="a list"),
    pytest.param(data(None), UnexpectedReply, id="null"),
    pytest.param(data({}), UnexpectedReply, id="an empty object"),
    pytest.param(data({**COUNTS, "numDone": "5"}), UnexpectedReply, id="a text for a count"),
    pytest.param(data({**COUNTS, "numDone": True}), UnexpectedReply, id="true for a count"),
    pytest.param(data({**COUNTS, "numDone": 1.5}), UnexpectedReply, id="half a count"),
    pytest.param(data({**COUNTS, "uuid": None}), UnexpectedReply, id="no uuid"),
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
@pytest.mark.parametrize(("answer", "kind"), ODD_REPLIES)
def test_an_odd_reply_is_one_error_that_names_the_place(
    answer: Answer, kind: type[TaskfarmError], how: Callable[[str], None]
) -> None:
    with answering(answer) as url, pytest.raises(kind) as raised:
        how(url)
    assert url.rstrip("/") in str(raised.value) or UUID in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 600


def test_a_redirect_is_not_followed_and_says_where_it_points() -> None:
    answer = page(301, Location="https://elsewhere.example/api/runs")
    with answering(answer) as url, pytest.raises(UnexpectedReply, match="elsewhere.example"):
        ask(url)


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
        answering((503, headers, b"busy")) as url,
        farm_by(clock, url, token="t", give_up_after_s=20) as farm,
        pytest.raises(ServerError),
    ):
        farm.runs()
    assert all(wait >= least_s for wait in clock.waits[:-1])
    assert clock.waits


@pytest.mark.parametrize("value", ["3600", "9" * 400, "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_retry_after_beyond_the_deadline_waits_for_the_deadline(
    clock: FastClock, value: str
) -> None:
    began = clock.now()
    headers = {"Retry-After": value, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    with (
        answering((503, headers, b"busy")) as url,
        farm_by(clock, url, token="t", give_up_after_s=20) as farm,
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
    error = replies.error_of(503, "busy", "http://farm.invalid/api/", headers, b"")
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
    error = replies.error_of(status, "odd", "http://farm.invalid/api/", {}, b"")
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
        answering((status, headers, body)) as url,
        farm_by(clock, url, token="t", give_up_after_s=1) as farm,
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
        answering((200, headers, packed)) as url,
        pytest.raises(UnexpectedReply, match="encoded as 'gzip'"),
    ):
        ask(url)


def test_of_a_long_page_no_more_is_read_than_a_line_needs() -> None:
    with answering((503, {}, b"busy " * 4_000_000)) as url, pytest.raises(ServerError) as raised:
        ask(url)
    assert (raised.value.detail or "").endswith("…")
