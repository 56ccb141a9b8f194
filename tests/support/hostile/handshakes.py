"""Servers that hinder the handshake of TLS, before any request could be sent."""

from __future__ import annotations

import itertools
import socketserver
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# The pause between two pieces of what drips.
EVERY_S = 0.01
# The head of a record of 16 KiB, which holds a part of the server's first message.
RECORD = b"\x16\x03\x03\x40\x00"
Pieces = Callable[[], Iterator[bytes]]
# By name: what is sent to whoever begins a handshake. An empty piece is a pause.
HANDSHAKES: dict[str, Pieces] = {
    "closed at once": lambda: iter([]),
    "silence": lambda: itertools.repeat(b""),
    "silence in a record": lambda: itertools.chain([RECORD], itertools.repeat(b"")),
    "a record that drips": lambda: itertools.chain([RECORD], itertools.repeat(b"\x02")),
    "a hello without an end": lambda: itertools.chain(
        [b"\x16\x03\x03\x00\x04\x02\x00\xff\xff"], itertools.repeat(b"\x16\x03\x03\x00\x01\x00")
    ),
    "empty records": lambda: itertools.repeat(b"\x16\x03\x03\x00\x00" * 9),
    "a hello cut": lambda: iter([RECORD + b"\x02\x00\x00"]),
    "an alert": lambda: iter([b"\x15\x03\x03\x00\x02\x02\x28"]),
    "warnings without an end": lambda: itertools.repeat(b"\x15\x03\x03\x00\x02\x01\x5a"),
    "plain HTTP": lambda: iter([b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"]),
    "a terminal's controls": lambda: iter([b"\x1b[2J\x1b[31m\x07" * 99]),
    "nulls": lambda: iter([b"\x00" * 9_000]),
}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    pieces: Pieces
    ended: threading.Event


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        client: Any = self.request
        # The client may be gone by now.
        with suppress(OSError):
            client.settimeout(EVERY_S)
            for piece in self.server.pieces():
                if self.server.ended.is_set():
                    return
                client.sendall(piece)
                with suppress(TimeoutError):
                    if not client.recv(65536):
                        return
                time.sleep(EVERY_S if piece else 0)


@contextmanager
def hindering(pieces: Pieces) -> Generator[str]:
    """Run a server while the block runs, and yield the URL of an API there.

    Args:
        pieces: makes what is sent on each connection.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.pieces, server.ended = pieces, threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(EVERY_S,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}/api/"
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
