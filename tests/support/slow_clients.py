"""Clients without credentials that keep a server waiting, each in a thread of its own."""

from __future__ import annotations

import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import attrs

from tests.support.processes import NET_S

DRIP_S = 1.0
# Longer than the server keeps them.
KEPT_S = 12.0
CHUNK = b"x" * 65536
HEADER = b"GET /api/runs HTTP/1.1\r\nHost: here\r\n"
BODY = b"POST /api/run HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"


@attrs.frozen
class SlowClient:
    """A client that is running.

    Attributes:
        address: the server's host and port.
        begun: set once the server has something of this client to wait for.
        over: set when the client is to end.
    """

    address: tuple[str, int]
    begun: threading.Event = attrs.field(factory=threading.Event)
    over: threading.Event = attrs.field(factory=threading.Event)

    def connect(self) -> socket.socket:
        """Open a connection to the server."""
        return socket.create_connection(self.address, timeout=60)


def dripping_header(client: SlowClient) -> None:
    """Send a line of the header each second, and begin again when cut off."""
    while not client.over.is_set():
        with suppress(OSError), client.connect() as one:
            one.sendall(HEADER)
            while not client.over.wait(DRIP_S):
                client.begun.set()
                one.sendall(b"A: b\r\n")


def dripping_body(client: SlowClient) -> None:
    """Send a byte of the body each second, and begin again when cut off."""
    while not client.over.is_set():
        with suppress(OSError), client.connect() as one:
            one.sendall(BODY % 100_000)
            while not client.over.wait(DRIP_S):
                client.begun.set()
                one.sendall(b"x")


def large_body(client: SlowClient) -> None:
    """Send 300 MB as fast as they are taken, and again."""
    while not client.over.is_set():
        with suppress(OSError), client.connect() as one:
            one.sendall(BODY % 300_000_000)
            for _ in range(300_000_000 // len(CHUNK)):
                if client.over.is_set():
                    return
                one.sendall(CHUNK)
                client.begun.set()


def silent(connections: int) -> Callable[[SlowClient], None]:
    """Return a client that keeps so many connections open, and sends nothing."""

    def keep_silent(client: SlowClient) -> None:
        allow_files(connections + 200)
        while not client.over.is_set():
            with suppress(OSError), ExitStack() as undo:
                for _ in range(connections):
                    undo.enter_context(client.connect())
                client.begun.set()
                client.over.wait(KEPT_S)

    return keep_silent


KINDS: dict[str, Callable[[SlowClient], None]] = {
    "dripping header": dripping_header,
    "dripping body": dripping_body,
    "50 silent": silent(50),
    "1000 silent": silent(1000),
    "300 MB body": large_body,
}


@contextmanager
def slow_client(kind: str, url: str) -> Iterator[None]:
    """Run a client of one kind until the block ends; it is at work when that begins.

    Args:
        kind: one of `KINDS`.
        url: the server's.
    """
    parts = urlsplit(url)
    client = SlowClient((parts.hostname or "", parts.port or 0))
    thread = threading.Thread(target=KINDS[kind], args=(client,))
    thread.start()
    try:
        assert client.begun.wait(NET_S)
        yield
    finally:
        client.over.set()
        thread.join()


def allow_files(most: int) -> None:
    """Let this process open so many files, if it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
