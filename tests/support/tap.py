"""Stands between two ends of a TCP connection, and keeps what the first says to the second."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Tap:
    """Listens on a port of its own, and passes everything on.

    Args:
        upstream: host and port of the second end.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._chunks: list[bytes] = []
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        """Where to connect to."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def said(self) -> bytes:
        """What came so far, on all connections."""
        return b"".join(self._chunks)

    def close(self) -> None:
        """Cut all connections."""
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: object, *args: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                first, _ = self._listener.accept()
                second = socket.create_connection(self._upstream)
                self._ends += [first, second]
                self._start(self._pass_on, first, second, self._chunks)
                self._start(self._pass_on, second, first, [])

    def _pass_on(self, source: socket.socket, to: socket.socket, kept: list[bytes]) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                kept.append(chunk)
                to.sendall(chunk)
            to.shutdown(socket.SHUT_WR)


@contextmanager
def tap(address: str) -> Iterator[Tap]:
    """Listen in on a server, given as tcp://HOST:PORT."""
    parts = urlsplit(address)
    made = Tap((parts.hostname or "", parts.port or 0))
    try:
        yield made
    finally:
        made.close()
