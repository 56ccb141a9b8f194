"""A proxy that lets TLS through, CONNECT by CONNECT, and keeps what it could see of it."""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from types import TracebackType
from typing import Self


class Tunnel:
    """Listens on a port of its own, and leads every CONNECT to one place.

    Args:
        port: the port on loopback that all of them are led to.

    Attributes:
        asked: the first line of each request that came.
        seen: all bytes that clients sent.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []
        self.seen = b""
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """What HTTPS_PROXY is to be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], tunnel: Tunnel) -> None:
        self.tunnel = tunnel
        super().__init__(address, _Handler)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        tunnel, client = self.server.tunnel, self.request
        asked = b""
        while b"\r\n\r\n" not in asked:
            chunk = client.recv(65536)
            if not chunk:
                return
            asked += chunk
        tunnel.seen += asked
        tunnel.asked.append(asked.partition(b"\r\n")[0].decode())
        if not asked.startswith(b"CONNECT "):
            client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", tunnel.port)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    source: socket.socket = key.fileobj  # type: ignore[assignment]
                    try:
                        chunk = source.recv(65536)
                        key.data.sendall(chunk)
                    except OSError:
                        return
                    if not chunk:
                        return
                    if source is client:
                        self.server.tunnel.seen += chunk
