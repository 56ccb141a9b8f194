"""The server that answers what a test tells it to, and that tests have no other one."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import httpx
import pytest

from tests.support.stub_server import Reply, document, page, silent_port, stub_server

TESTS = Path(__file__).parents[1]
SERVERS = ("BaseHTTPRequestHandler", "socketserver", "start_server", "HTTPServer")
# What is no stub: a proxy and a tunnel before real servers, and servers that speak no HTTP.
HOMES = {"stub_server.py", "fault_proxy.py", "tunnel.py", "handshakes.py", Path(__file__).name}


def test_one_reply_answers_everything_and_the_requests_are_kept() -> None:
    with stub_server(page(503, **{"Retry-After": "7"})) as server:
        for verb in ("GET", "POST", "PUT", "DELETE"):
            reply = httpx.request(verb, f"{server.url}runs", headers={"X-Of": "test"}, content="hi")
            assert (reply.status_code, reply.headers["Retry-After"]) == (503, "7")
    assert [request.method for request in server.requests] == ["GET", "POST", "PUT", "DELETE"]
    assert server.lines[0] == "GET /api/runs HTTP/1.1"
    assert server.requests[0].headers["X-Of"] == "test"
    assert server.requests[1].body == b"hi"


def test_replies_come_in_their_order_and_the_last_goes_on() -> None:
    with stub_server([page(500), document({"a": 1})]) as server, httpx.Client() as client:
        statuses = [client.get(server.url).status_code for _ in range(3)]
        assert client.get(server.url).json() == {"a": 1}
    assert statuses == [500, 200, 200]


def test_a_function_answers_by_the_request() -> None:
    with stub_server(lambda request: Reply(200, request.path.encode())) as server:
        assert httpx.get(f"{server.url}here").text == "/api/here"


def test_bytes_are_sent_as_they_are_and_the_connection_ends() -> None:
    with stub_server(b"no HTTP at all\r\n") as server:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(server.url)
        server.answers = b""
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            httpx.get(server.url)


def test_nothing_of_a_server_outlives_its_block() -> None:
    before = threading.active_count()
    with stub_server(page(200)) as server, httpx.Client() as client:
        client.get(server.url)  # whose connection is kept open
        port = server.server_address[1]
        with httpx.Client() as another:
            another.get(server.url)
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_client_that_keeps_its_connection_does_not_hold_a_server_up() -> None:
    with httpx.Client() as client, stub_server(page(200)) as server:
        client.get(server.url)


def test_a_silent_port_counts_who_came() -> None:
    with silent_port() as port:
        assert port.callers() == 0
        with socket.create_connection(("127.0.0.1", int(port.origin.rpartition(":")[2]))):
            assert port.callers() == 1
        assert port.callers() == 0


def test_no_test_has_an_http_server_of_its_own() -> None:
    own = [
        path.name
        for path in TESTS.rglob("*.py")
        if path.name not in HOMES
        and any(word in path.read_text(encoding="utf-8") for word in SERVERS)
    ]
    assert own == []
