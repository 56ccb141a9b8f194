"""Requests that are read whole: what slow, large and many ones may take, and how serving ends."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk.server._serving import loop
from taskfarm_sdk.server._serving.limits import Limits
from tests.support.whole_requests import GET, LONG, Served, served

MIB = 1024 * 1024


@pytest.fixture
def here() -> Iterator[Served]:
    with served() as one:
        yield one


def post(length: int, *, expect: bool = False) -> bytes:
    """Return the header of a request with a body."""
    ask = b"Expect: 100-continue\r\n" * expect
    return b"POST /x HTTP/1.1\r\nHost: h\r\n%bContent-Length: %d\r\n\r\n" % (ask, length)


def test_a_request_is_answered_however_it_is_cut(here: Served) -> None:
    client = here.connect()
    for byte in GET:
        assert not client.received
        client.send(bytes([byte]))
        client.look()
    client.gets(b"/api/runs 0")


def test_nothing_of_half_a_request_reaches_the_application(here: Served) -> None:
    client = here.connect()
    client.send(post(10) + b"12345")
    here.connect().is_answered()
    client.look()
    assert not client.received
    client.send(b"67890")
    client.gets(b"/x 10")


@pytest.mark.parametrize("part", [GET[:20], post(100) + b"{"], ids=["header", "body"])
def test_a_request_that_drips_is_cut_off_while_others_are_answered(
    here: Served, part: bytes
) -> None:
    dripping = here.connect()
    dripping.send(part)
    # A byte each second is never idle.
    for _ in range(int(Limits().request_s)):
        here.passes(1)
        dripping.send(b"x")
        here.connect().is_answered()
    here.passes(1)
    here.passes(1)
    dripping.until(lambda one: one.closed)
    assert not dripping.received


def test_blank_lines_before_a_request_buy_no_time(here: Served) -> None:
    client = here.connect()
    client.send(b"\r")
    while here.channels:
        here.passes(5)
        client.send(b"\n\r\n\r")  # the end of a blank request, and the begin of the next
        assert here.clock.now <= Limits().keepalive_s + Limits().request_s + 5


@pytest.mark.parametrize("asks_first", [False, True])
def test_a_silent_connection_is_closed_after_the_keepalive(here: Served, asks_first: bool) -> None:
    here.passes(100)
    client = here.connect()
    if asks_first:
        client.is_answered()
    here.passes(Limits().keepalive_s - 1)
    here.passes(1)
    client.is_answered()  # so it lived, and now lives as long again
    here.passes(Limits().keepalive_s + 1)
    client.until(lambda one: one.closed)


def test_a_client_that_takes_nothing_of_its_reply_is_cut_off(here: Served) -> None:
    client = here.connect()
    client.send(b"GET /long HTTP/1.1\r\n\r\n")
    here.connect().is_answered()
    here.passes(Limits().reply_s - 1)
    assert len(here.channels) == 1  # the other one was idle
    here.passes(2)
    client.until(lambda one: one.closed)
    assert len(client.received) < len(LONG)


@pytest.mark.parametrize("expect", [False, True])
def test_a_body_of_a_mebibyte_is_taken_and_a_larger_one_refused(here: Served, expect: bool) -> None:
    client = here.connect()
    client.send(post(MIB, expect=expect))
    if expect:
        client.gets(b"100 Continue")
    client.send(b"x" * MIB)
    client.gets(b"/x %d" % MIB)
    client.received = b""
    client.send(post(MIB + 1, expect=expect))
    client.gets(b"the body of a request may have 1048576 bytes")
    assert client.received.startswith(b"HTTP/1.1 413 ")


def test_a_body_of_unknown_length_is_refused_once_it_is_too_long(here: Served) -> None:
    client = here.connect()
    client.send(b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (2 * MIB))
    client.send(b"x" * MIB)
    client.look()
    assert not client.received
    client.send(b"x" * MIB)
    client.gets(b" 413 ")


def test_the_rest_of_a_refused_request_is_dropped_so_that_the_reply_is_read(here: Served) -> None:
    client = here.connect()
    client.send(post(300 * MIB))
    for _ in range(100):
        client.send(b"x" * 4096)
    client.gets(b" 413 ")
    assert len(here.channels) == 1
    here.passes(Limits().linger_s + 1)
    assert not here.channels


def test_a_refused_client_that_leaves_is_let_go_at_once(here: Served) -> None:
    client = here.connect()
    client.send(post(300 * MIB))
    client.gets(b" 413 ")
    client.socket.close()
    here.connect().is_answered()
    assert len(here.channels) == 1


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", b"400", id="no_request"),
        pytest.param(b"GET http://[ HTTP/1.1\r\n\r\n", b"400", id="no_address"),
        pytest.param(post(0)[:-5] + b"9" * 5000 + b"\r\n\r\n", b"400", id="length_of_digits"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000, b"431", id="long_header"),
        pytest.param(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", b"501", id="no_encoding"
        ),
    ],
)
def test_what_is_no_request_is_refused(here: Served, request_: bytes, status: bytes) -> None:
    client = here.connect()
    client.send(request_)
    client.gets(b" " + status + b" ")
    here.connect().is_answered()


def test_urgent_data_closes_its_connection(here: Served) -> None:
    client = here.connect()
    client.socket.send(b"!", socket.MSG_OOB)
    client.until(lambda one: one.closed)
    here.connect().is_answered()


def test_beyond_the_most_connections_the_longest_idle_one_makes_room() -> None:
    with served(connections=3) as here:
        clients = []
        for _ in range(3):
            here.passes(1)
            clients.append(here.connect())
        here.passes(1)
        clients[0].is_answered()
        here.connect(accepted=False).is_answered()
        clients[1].until(lambda one: one.closed)
        for client in (clients[0], clients[2]):
            client.is_answered()


def test_beyond_the_most_unread_bytes_the_largest_request_makes_room() -> None:
    with served(unread_bytes=100_000) as here:
        small, large = here.connect(), here.connect()
        small.send(post(100) + b"x")
        large.send(post(MIB) + b"x" * 150_000)
        large.until(lambda one: one.closed)
        small.send(b"x" * 99)
        small.gets(b"/x 100")


def test_requests_sent_at_once_are_answered_in_order_and_one_at_a_time(here: Served) -> None:
    client = here.connect()
    client.send(b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(9)))
    client.gets(b"/8 0")
    assert re.findall(rb"/(\d) 0", client.received) == [b"%d" % number for number in range(9)]


def test_a_connection_is_kept_after_a_reply_without_a_body(here: Served) -> None:
    client = here.connect()
    for _ in range(2):
        client.received = b""
        client.send(b"PUT /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
        client.gets(b"\r\n\r\n")
        assert client.received.startswith(b"HTTP/1.1 204 ")
        assert b"Connection" not in client.received
    client.is_answered()


@pytest.mark.parametrize(
    "request_",
    [b"GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n", b"GET /nothing HTTP/1.0\r\n\r\n"],
    ids=["asked for", "HTTP/1.0"],
)
def test_a_connection_is_closed_where_the_client_expects_it(here: Served, request_: bytes) -> None:
    client = here.connect()
    client.send(request_)
    client.until(lambda one: one.closed)
    assert b"Connection: close\r\n" in client.received


def test_replies_of_one_connection_never_pile_up(here: Served) -> None:
    client = here.connect()
    client.send(b"GET /long HTTP/1.1\r\n\r\n" * 3)
    for _ in range(20):
        here.turn()
    (channel,) = here.channels
    assert channel.total_outbufs_len < len(LONG)
    client.until(lambda one: one.received.count(b"HTTP/1.1 200") == 3)


def test_one_that_has_gone_is_not_answered(here: Served) -> None:
    client = here.connect()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.sendall(GET)
    client.socket.close()  # a reset
    here.connect().is_answered()
    assert len(here.channels) == 1


def test_at_the_end_all_that_was_asked_is_answered(here: Served) -> None:
    kept, begun = here.connect(), here.connect()
    kept.is_answered()
    kept.received = b""
    begun.send(GET[:10])
    begun.socket.sendall(GET[10:])
    waiting = [here.connect(accepted=False) for _ in range(5)]
    for client in waiting:
        client.socket.sendall(GET)
    here.loop.drain(60)
    for client in (begun, *waiting):
        client.look()
        assert b"/api/runs 0" in client.received
        assert b"Connection: close" in client.received
        assert client.closed
    kept.look()
    assert (kept.received, kept.closed) == (b"", True)
    with pytest.raises(ConnectionRefusedError):
        here.connect(accepted=False)


def test_the_end_waits_a_moment_for_the_rest_of_a_request(here: Served) -> None:
    half = here.connect()
    half.send(GET[:10])
    step, times = here.loop.step, iter(range(1000))

    def with_time(timeout_s: float) -> None:
        here.clock.now += 0.2
        if next(times) == 2:
            half.socket.sendall(GET[10:])
        step(timeout_s)

    here.loop.step = with_time  # type: ignore[method-assign]
    here.loop.drain(60)
    half.look()
    assert b"/api/runs 0" in half.received


@pytest.mark.parametrize("part", [b"", GET[:10], post(9)], ids=["silent", "header", "body"])
def test_the_end_waits_for_no_slow_client(here: Served, part: bytes) -> None:
    slow = here.connect()
    slow.send(part)
    step = here.loop.step

    def with_time(timeout_s: float) -> None:
        here.clock.now += 0.5
        step(timeout_s)

    here.loop.step = with_time  # type: ignore[method-assign]
    here.loop.drain(60)
    assert here.clock.now <= loop.STOPPING_READ_S + 1
    slow.look()
    assert slow.closed


def test_the_end_waits_for_a_reply_no_longer_than_its_grace(here: Served) -> None:
    client = here.connect()
    client.send(b"GET /long HTTP/1.1\r\n\r\n")
    step = here.loop.step

    def with_time(timeout_s: float) -> None:
        here.clock.now += 0.5
        step(timeout_s)

    here.loop.step = with_time  # type: ignore[method-assign]
    here.loop.drain(5)
    assert here.clock.now >= 5


def test_stop_wakes_up_a_loop_that_waits(here: Served) -> None:
    here.loop.stop()
    here.loop.step(3600)
    here.loop.run()
    here.loop.drain(0)
    here.loop.stop()  # as a second SIGTERM does


def test_the_access_log_has_a_line_for_each_reply_and_no_user(here: Served) -> None:
    here.connect().send(
        b"GET http://token:@h/api/runs?a=%22 HTTP/1.1\r\nAuthorization: Basic dG9rZW46\r\n\r\n"
    )
    here.connect().send(post(5 * MIB))
    here.connect().send(b'GET /\x1b[31m" HTTP/1.0\r\n\r\n')
    here.connect().send(b"\x00\r\n\r\n")
    ok, large, odd, nonsense = here.lines
    when = r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"
    assert re.fullmatch(
        rf'127\.0\.0\.1 {when} "GET http://h/api/runs\?a=%22 HTTP/1\.1" 200 11 0ms', ok
    )
    assert re.fullmatch(rf'127\.0\.0\.1 {when} "POST /x HTTP/1\.1" 413 \d+ 0ms', large)
    assert r'"GET /\x1b[31m\" HTTP/1.0" 200 ' in odd
    assert ' "- - HTTP/1.0" 400 ' in nonsense


@pytest.mark.block_network(allowed_hosts=["here"])
def test_a_socket_in_the_file_system_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("here")
    listener.listen()
    with served(listener) as here:
        here.connect().is_answered()
