"""A loop that serves in the test's own thread: each test says when it takes a step."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from taskfarm_sdk.server import listen
from taskfarm_sdk.server._serving.connections import Channel
from taskfarm_sdk.server._serving.limits import Limits
from taskfarm_sdk.server._serving.loop import Loop
from tests.support.processes import wait_until

GET = b"GET /api/runs HTTP/1.1\r\nHost: here\r\n\r\n"
# More than the buffers of both sockets take.
LONG = b"a long reply" * 1_400_000


class Clock:
    """A time that passes only when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Reply with what was asked, with a long text, or with nothing."""
    body = environ["wsgi.input"].read()
    said = environ["PATH_INFO"].encode() + b" " + str(len(body)).encode()
    if environ["PATH_INFO"] == "/long":
        said = LONG
    if environ["PATH_INFO"] == "/nothing":
        start_response("204 NO CONTENT", [])
        return []
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]


class Client:
    """A connection that is never waited for."""

    def __init__(self, served: Served, connection: socket.socket) -> None:
        self._served = served
        self.socket = connection
        self.received = b""
        self.closed = False

    def send(self, data: bytes) -> None:
        """Send something, and let the loop read it."""
        self.socket.setblocking(True)
        self.socket.sendall(data)
        self._served.turn()

    def look(self) -> None:
        """Take what has arrived."""
        self.socket.setblocking(False)
        try:
            while data := self.socket.recv(1 << 20):
                self.received += data
            self.closed = True
        except BlockingIOError:
            pass
        except ConnectionError:
            self.closed = True

    def until(self, condition: Callable[[Client], object]) -> None:
        """Let the loop take steps until a condition holds."""

        def holds() -> bool:
            self._served.turn()
            self.look()
            return bool(condition(self))

        wait_until(holds)

    def gets(self, text: bytes) -> None:
        """Let the loop take steps until this client has received a text."""
        self.until(lambda one: text in one.received)

    def is_answered(self) -> None:
        """Send a request and get its reply."""
        self.received = b""
        self.send(GET)
        self.gets(b"/api/runs 0")


class Served:
    """A loop, its clock and its clients."""

    def __init__(self, undo: ExitStack, listener: socket.socket, limits: Limits) -> None:
        self._undo = undo
        self._address = listener.getsockname()
        self._family = listener.family
        self.clock = Clock()
        self.lines: list[str] = []
        self.loop = Loop(application, [listener], limits, log=self.lines.append, clock=self.clock)

    def connect(self, *, accepted: bool = True) -> Client:
        """Return a new client."""
        connection = self._undo.enter_context(socket.socket(self._family))
        before = set(self.channels)
        connection.connect(self._address)
        if accepted:
            wait_until(lambda: self._has_others_than(before))
        return Client(self, connection)

    def _has_others_than(self, known: set[Channel]) -> bool:
        self.turn()
        return bool(set(self.channels) - known)

    @property
    def channels(self) -> list[Channel]:
        """The connections as the loop sees them."""
        return self.loop.channels

    def turn(self) -> None:
        """Take a step."""
        self.loop.step(0.001)

    def passes(self, seconds: float) -> None:
        """Let time pass, and take a step."""
        self.clock.now += seconds
        self.turn()


@contextmanager
def served(listener: socket.socket | None = None, **limits: float) -> Iterator[Served]:
    """Serve with some limits, on loopback or the socket given."""
    with ExitStack() as undo:
        if listener is None:
            (listener,) = listen("127.0.0.1", 0)
        one = Served(undo, listener, Limits(**limits))  # type: ignore[arg-type]
        undo.callback(one.loop.drain, 0)
        yield one
