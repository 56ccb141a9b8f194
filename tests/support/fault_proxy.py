"""A proxy before the real server that lets single requests go wrong, as networks do."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Callable
from enum import Enum
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import attrs

from tests.support.processes import NET_S


class Fault(Enum):
    """What happens to one request; the server does what it is asked only after LOST_AFTER."""

    LOST_BEFORE = "the connection is cut before the request is passed on"
    LOST_AFTER = "the connection is cut after the server has acted, before the reply"
    STALLED = "no answer comes until the client gives up"
    RUBBISH = "the reply is not HTTP"
    DATABASE = 400
    BUSY = 429
    SICK = 500
    BAD_GATEWAY = 502
    UNAVAILABLE = 503
    GATEWAY_TIMEOUT = 504


@attrs.frozen
class Seen:
    """A request as it came in."""

    method: str
    path: str
    body: object
    with_password: bool

    @property
    def line(self) -> str:
        """Method and path, as tests match them."""
        return f"{self.method} {self.path}"


class FaultProxy:
    """Listens on a port of its own, from `__enter__` on; `down` and `up` close and open that port.

    Args:
        upstream: the URL of the real server's API.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or "", parts.port or 80)
        self._path = parts.path
        # Bound, and never listening: it keeps the port for this proxy while that is down.
        self._keeper = socket.socket()
        self._keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._keeper.bind(("127.0.0.1", 0))
        self._server: _Server | None = None
        self._plan: list[tuple[re.Pattern[str], Fault, dict[str, str]]] = []
        self._lock = threading.Lock()
        self.seen: list[Seen] = []
        self.releasing = threading.Event()
        # How many requests stall, or did.
        self.stalled = 0
        self.before_passing_on: Callable[[Seen], object] = lambda _: None
        # With the server's status and body.
        self.after_passing_on: Callable[[Seen, int, bytes], object] = lambda *_: None

    @property
    def url(self) -> str:
        """The API's URL through the proxy."""
        host, port = self._keeper.getsockname()
        return f"http://{host}:{port}{self._path}"

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def will(self, pattern: str, *faults: Fault, headers: dict[str, str] | None = None) -> None:
        """Plan faults for the next requests whose "METHOD /path" matches."""
        self._plan += [(re.compile(pattern), fault, headers or {}) for fault in faults]

    def count(self, pattern: str) -> int:
        """Return how many requests of a kind came in."""
        return sum(re.search(pattern, seen.line) is not None for seen in self.seen)

    def bodies(self, pattern: str) -> list[object]:
        """Return the bodies of the requests of a kind."""
        return [seen.body for seen in self.seen if re.search(pattern, seen.line)]

    def forget(self) -> None:
        """Start counting anew."""
        self.seen.clear()

    def up(self) -> None:
        """Listen, on the same port each time."""
        if self._server is not None:
            return
        self._server = _Server(self._keeper.getsockname(), self)
        # A short poll: `shutdown` waits for one, and every test goes up and down.
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()

    def down(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self.releasing.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.releasing.clear()

    def take_fault(self, seen: Seen) -> tuple[Fault | None, dict[str, str]]:
        """Note a request, and return what is to become of it."""
        with self._lock:
            self.seen.append(seen)
            for index, (pattern, fault, headers) in enumerate(self._plan):
                if pattern.search(seen.line):
                    del self._plan[index]
                    self.stalled += fault is Fault.STALLED
                    return fault, headers
        return None, {}

    def next_fault(self, line: str) -> Fault | None:
        """Return what is to become of a request of this line, were it the next."""
        with self._lock:
            return next((fault for pattern, fault, _ in self._plan if pattern.search(line)), None)

    def statistics(self) -> Counter[str]:
        """Return how often each method was seen."""
        return Counter(seen.method for seen in self.seen)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.down()
        self._keeper.close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _pass_on(self) -> None:
        proxy = self.server.proxy
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        seen = Seen(self.command, self.path, json.loads(body or b"null"), self._has_password())
        fault, headers = proxy.take_fault(seen)
        self.close_connection = True
        if fault is Fault.LOST_BEFORE:
            return
        if fault is Fault.STALLED:
            proxy.releasing.wait(NET_S)
            return
        if fault is Fault.RUBBISH:
            self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")
            return
        if fault is not None and fault is not Fault.LOST_AFTER:
            self._answer(fault.value, {"Content-Type": "text/html", **headers}, b"<p>a fault</p>")
            return
        proxy.before_passing_on(seen)
        status, answer_headers, content = self._ask_upstream(body)
        proxy.after_passing_on(seen, status, content)
        if fault is None:
            self._answer(status, answer_headers, content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on

    def _has_password(self) -> bool:
        kind, _, encoded = (self.headers.get("Authorization") or "").partition(" ")
        return kind == "Basic" and not base64.b64decode(encoded).endswith(b":")

    def _ask_upstream(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = http.client.HTTPConnection(*self.server.proxy.upstream, timeout=NET_S)
        try:
            upstream.request(self.command, self.path, body or None, dict(self.headers.items()))
            reply = upstream.getresponse()
            kept = {k: v for k, v in reply.getheaders() if k.lower() in {"content-type", "date"}}
            return reply.status, kept, reply.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass
