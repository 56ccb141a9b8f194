"""A server that answers as a test says, in place of a taskfarm server."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(answer: Callable[[str, str], Answer]) -> Generator[str]:
    """Serve what a function of method and path answers; gives the URL of the API."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answer(self.command, self.path)
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
    """Return a page of HTML as an answer."""
    return status, {"Content-Type": "text/html", **headers}, b"<html><h1>Hello</h1></html>"


def data(value: object, status: int = 200) -> Answer:
    """Return JSON as an answer."""
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()
