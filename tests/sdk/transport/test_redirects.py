"""A server that points elsewhere: nothing goes there, and least of all a credential."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from taskfarm_sdk import AsyncFarm, Farm, UnexpectedReply

STATUSES = (301, 302, 303, 307, 308)


class _Pointing(ThreadingHTTPServer):
    """Answers everything with a redirect.

    Attributes:
        status: the redirect's.
        place: where to.
        asked: how many requests came.
    """

    status = 302
    place = ""
    asked = 0

    @property
    def url(self) -> str:
        """The API's URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/api/"


class _Handler(BaseHTTPRequestHandler):
    server: _Pointing
    protocol_version = "HTTP/1.1"

    def _point(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Location", self.server.place + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = _point

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    """Another origin, where whoever comes is left in the queue."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def pointing(elsewhere: socket.socket) -> Iterator[_Pointing]:
    with _Pointing(("127.0.0.1", 0), _Handler) as server:
        server.place = f"http://127.0.0.1:{elsewhere.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def nobody_came(elsewhere: socket.socket) -> bool:
    elsewhere.setblocking(False)
    try:
        elsewhere.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("password", "token"), [("secret", None), (None, "secret")], ids=["password", "token"]
)
def test_a_redirect_is_told_and_not_followed(
    pointing: _Pointing,
    elsewhere: socket.socket,
    status: int,
    password: str | None,
    token: str | None,
) -> None:
    pointing.status = status
    with Farm(pointing.url, user="me", password=password, token=token) as farm:
        for ask in (farm.runs, lambda: farm.create_run(1)):
            with pytest.raises(UnexpectedReply, match=f"points to {pointing.place}") as raised:
                ask()
            assert raised.value.status == status
            assert "secret" not in str(raised.value)

    async def ask_too() -> None:
        async with AsyncFarm(pointing.url, user="me", password=password, token=token) as farm:
            with pytest.raises(UnexpectedReply):
                await farm.runs()

    asyncio.run(ask_too())
    assert pointing.asked == 3
    assert nobody_came(elsewhere)


@pytest.mark.parametrize("mode", ["--list", "--login"])
def test_the_command_line_follows_none_either(
    pointing: _Pointing, elsewhere: socket.socket, mode: str
) -> None:
    words = ("-m", "taskfarm_cli.manage", mode, "-b", pointing.url, "-u", "me", "-p", "-")
    done = subprocess.run(
        [sys.executable, *words], input="secret\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "never sent on to another place" in done.stderr
    assert nobody_came(elsewhere)
