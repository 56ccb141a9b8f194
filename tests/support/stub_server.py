"""An HTTP server that answers what a test tells it to, and a port that never answers.

For replies that no taskfarm server sends. Where a real one is to be behind the fault, use
`tests.support.fault_proxy`.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs

POLL_S = 0.01


@attrs.frozen
class Request:
    """A request as it came.

    Attributes:
        line: its first line.
        method: its verb.
        path: what the verb is for: a path, or a whole URL where a proxy is asked.
        headers: its headers.
        body: its body.
    """

    line: str
    method: str
    path: str
    headers: Message
    body: bytes


@attrs.frozen
class Reply:
    """A reply with a head; its Content-Length is right unless the headers have another one."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen
class Drip:
    """Pieces that are sent as they are, one after the other with a pause."""

    pieces: Iterator[bytes]
    every_s: float = 0.02


@attrs.frozen
class Reset:
    """Bytes that are sent as they are, after which the connection is reset."""

    data: bytes


# Bytes are sent as they are, and the connection is closed after them; with no bytes, it just ends.
Answer = Reply | Drip | Reset | bytes
Answers = Answer | list[Answer] | Callable[[Request], Answer]


def page(status: int, **headers: str) -> Reply:
    """Return a reply with a web page."""
    return Reply(status, b"<html><h1>Hello</h1></html>", {"Content-Type": "text/html", **headers})


def document(value: object, status: int = 200) -> Reply:
    """Return a reply with a JSON document."""
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


class StubServer(ThreadingHTTPServer):
    """Answers every request on a loopback port of its own, each connection in a thread.

    Args:
        answers: one answer to everything, a list of answers in their order (the last one stays),
            or a function of the request. May be set anew while the server runs.

    Attributes:
        requests: what came so far.
    """

    # Joined when the server is closed, so that nothing of it outlives its test.
    daemon_threads = False

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.requests: list[Request] = []
        # Connections that are to be closed without the end that others see.
        self.reset: set[socket.socket] = set()
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """Where the API of a taskfarm server would be."""
        return f"{self.origin}/api/"

    @property
    def lines(self) -> list[str]:
        """The first lines of the requests so far."""
        with self._lock:
            return [request.line for request in self.requests]

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection, to be cut when the server is closed."""
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def answer_to(self, request: Request) -> Answer:
        """Note a request, and return what is answered."""
        with self._lock:
            self.requests.append(request)
            answers = self.answers
            if isinstance(answers, list):
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return answers(request) if callable(answers) else answers

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, after its end was sent unless it is to be reset."""
        if request in self.reset:
            self.reset.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, but not that a client has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def cut(self) -> None:
        """End the connections that clients keep open."""
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: StubServer
    protocol_version = "HTTP/1.1"
    # The head and the body are two writes, and the second would wait for the client's next packet.
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.requestline, self.command, self.path, self.headers, body)
        answer = self.server.answer_to(request)
        # The client may be gone by now.
        with suppress(OSError):
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        if isinstance(answer, bytes):
            self.close_connection = True
            self.wfile.write(answer)
            return
        if isinstance(answer, Drip):
            self.close_connection = True
            for piece in answer.pieces:
                self.wfile.write(piece)
                time.sleep(answer.every_s)
            return
        if isinstance(answer, Reset):
            self.close_connection = True
            self.wfile.write(answer.data)
            # Closing discards what was not sent, and sends a reset. A shutdown before would not.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.reset.add(self.connection)
            return
        self.send_response_only(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_CONNECT = _answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def stub_server(answers: Answers) -> Generator[StubServer]:
    """Run a server while the block runs; its port, connections and threads end with it."""
    with StubServer(answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(POLL_S,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            server.cut()


@attrs.frozen
class SilentPort:
    """A port that is listened on, where whoever connects waits for ever.

    Nothing accepts before `callers` is asked, so that its count is right at once.
    """

    _listener: socket.socket

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        """Where the API of a taskfarm server would be."""
        return f"{self.origin}/api/"

    def callers(self) -> int:
        """Return how many connected since this was asked last."""
        count = 0
        self._listener.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                count += 1
        return count


@contextmanager
def silent_port() -> Iterator[SilentPort]:
    """Listen on a loopback port while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield SilentPort(listener)
