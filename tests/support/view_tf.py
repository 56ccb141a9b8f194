"""viewTF as a user starts it: a process of its own, and browsers that are only HTTP clients."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs
import httpx

from taskfarm_sdk.testing import LocalServer
from tests.support.processes import NET_S, wait_until
from tests.support.said import Said

COMMAND = (sys.executable, "-m", "taskfarm_cli.view")


@attrs.frozen
class Login:
    """A server's URL, and the credentials for it."""

    url: str
    user: str = "user"
    password: str = "password"


class ViewTF:
    """A viewTF that is running.

    Attributes:
        process: the process.
        lines: what it said so far.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._said = Said(process)
        self.kill = self._said.kill

    def next_line(self) -> str | None:
        """Return the next line that it says, waiting for it; None at its end."""
        line = self._said.next_line()
        if line is not None:
            self.lines.append(line)
        return line

    def next_address(self) -> str:
        """Return the address that it prints next."""
        while (line := self.next_line()) is not None:
            if found := re.search(r"open (http\S+)", line):
                return found[1]
        raise AssertionError(f"no address in {self.lines}")

    def end(self, number: int) -> int:
        """Send it a signal, and return its exit status when it has ended."""
        self.process.send_signal(number)
        status = self.process.wait(NET_S)
        while self.next_line() is not None:
            pass
        return status


@contextmanager
def viewing(
    server: LocalServer | Login, *options: object, url: str | None = None, **more: str
) -> Iterator[ViewTF]:
    """Run viewTF for a server until the block ends.

    Args:
        server: the server, whose credentials it gets.
        options: its options.
        url: another URL of the server, as of a proxy.
        more: more variables of its environment.
    """
    environment = {
        "TASKFARM_URL": url or server.url,
        "TASKFARM_USER": server.user,
        "TASKFARM_PASSWORD": server.password,
    }
    with subprocess.Popen(
        [*COMMAND, *map(str, options)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment, **more},
    ) as process:
        view = ViewTF(process)
        try:
            yield view
        finally:
            view.kill()


class Viewer:
    """A browser that was let in.

    Args:
        address: the address that viewTF printed.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.base = address.partition("enter?")[0]
        self.origin = "/".join(address.split("/")[:3])
        self.client = httpx.Client(base_url=self.base, timeout=NET_S)
        self._streams = ExitStack()
        reply = self.client.get(address)
        assert reply.status_code == 200, reply.text

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return self.client.get(path, headers=headers)

    def text(self, path: str) -> str:
        """Return a page's text without its tags."""
        return seen(self.get(path).text)

    def wait_for_text(self, path: str, text: str) -> str:
        """Return a page's text once it has a text in it, opening the page until then."""
        wait_until(lambda: text in self.text(path))
        return self.text(path)

    def secret(self, path: str) -> str:
        """Return the secret of a page's form."""
        found = re.search(r'name="secret" value="([0-9a-f]+)"', self.get(path).text)
        assert found
        return found[1]

    def post(self, path: str, *, secret: str | None, **headers: str) -> httpx.Response:
        """Send a form, from a page of this server unless headers say otherwise."""
        data = {} if secret is None else {"secret": secret}
        return self.client.post(path, data=data, headers={"origin": self.origin, **headers})

    def confirm(self, path: str) -> httpx.Response:
        """Open a page that asks, and agree."""
        return self.post(path, secret=self.secret(path))

    def events(self, path: str) -> Iterator[tuple[str, Any]]:
        """Yield the events of a page: their name and their data; `close` ends them."""
        reply = self._streams.enter_context(self.client.stream("GET", path))
        assert reply.status_code == 200
        name = ""
        for line in reply.iter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                yield name, json.loads(value)

    def wait_for(self, path: str, part: str, text: str) -> str:
        """Return a part of a page once it has a text in it."""
        for name, data in self.events(path):
            if name == "parts" and text in seen(data.get(part, "")):
                return seen(data[part])
        raise AssertionError(f"the events of {path} ended without {text!r}")

    def close(self) -> None:
        """Close the connections."""
        self._streams.close()
        self.client.close()


@contextmanager
def viewer(address: str) -> Iterator[Viewer]:
    """Let a browser in until the block ends."""
    made = Viewer(address)
    try:
        yield made
    finally:
        made.close()


def seen(page: str) -> str:
    """Return the text of some HTML, a blank between elements."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
