"""Debian's Chromium without a window, driven over pipes (Chrome's DevTools protocol)."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import axe, engines
from tests.support.processes import NET_S, wait_until

# Its own requests to its maker are switched off, so that a test sees those of the page alone.
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-default-apps", "--disable-domain-reliability", "--remote-debugging-pipe"),
    *("--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
)


def _moved(descriptor: int) -> int:
    """Return a descriptor with a number that the browser's own cannot have."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(descriptor)
    return moved


class Browser:
    """A running browser; its profile is new and is removed."""

    def __init__(self) -> None:
        program = shutil.which("chromium")
        if program is None:
            engines.is_missing("Chromium", "apt-get install chromium")
        self._folder = tempfile.mkdtemp(prefix="chromium-")
        self._heard, its_out = map(_moved, os.pipe())
        its_in, self._told = map(_moved, os.pipe())
        # The browser reads descriptor 3 and writes 4.
        self._process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{its_in} 4>&{its_out}', "bash", program, *_OPTIONS),
                f"--user-data-dir={self._folder}",
            ],
            pass_fds=(its_in, its_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(its_in)
        os.close(its_out)
        self._rest = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait(NET_S)
        os.close(self._heard)
        os.close(self._told)
        # Its children end a moment after it, and write until then.
        wait_until(self._is_removed)

    def _is_removed(self) -> bool:
        shutil.rmtree(self._folder, ignore_errors=True)
        return not Path(self._folder).exists()

    def ask(self, method: str, session: str | None = None, **params: object) -> dict[str, Any]:
        """Send a command, and return its result."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        left = memoryview(json.dumps(message).encode() + b"\0")
        while left:
            left = left[os.write(self._told, left) :]
        while True:
            heard = self._next(NET_S)
            assert heard is not None, f"no answer to {method}"
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                result: dict[str, Any] = heard["result"]
                return result
            self._events.append(heard)

    def events(self, session: str) -> list[dict[str, Any]]:
        """Return all events of a page so far."""
        while (heard := self._next(0)) is not None:
            self._events.append(heard)
        return [event for event in self._events if event.get("sessionId") == session]

    def _next(self, timeout_s: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._heard, selectors.EVENT_READ)
            while b"\0" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return None
                some = os.read(self._heard, 1 << 20)
                assert some, "the browser ended"
                self._rest += some
        line, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(line)
        return heard

    @contextmanager
    def page(self, width: int = 1280, height: int = 900, *, dark: bool = False) -> Iterator[Page]:
        """Open an empty page of a size, light or dark."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        made = Page(self, session)
        made.ask("Page.enable")
        made.ask("Network.enable")
        made.ask("Runtime.enable")
        made.ask("Log.enable")
        made.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        made.ask("Emulation.setEmulatedMedia", features=[scheme])
        yield made
        self.ask("Target.closeTarget", targetId=target)


class Page:
    """A page of a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Send a command of this page."""
        return self._browser.ask(method, self._session, **params)

    def resize(self, width: int, height: int) -> None:
        """Show it in another size; one as narrow as a phone is laid out as there."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def go(self, url: str) -> None:
        """Open an address."""
        self.ask("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression; None while a page is being exchanged.

        Of a promise it is the value that it settles with.
        """
        result = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        return result["result"].get("value")

    @property
    def text(self) -> str:
        """The text that is to be seen."""
        return str(self.run("document.body && document.body.innerText"))

    def wait_for(self, text: str, timeout_s: float = NET_S) -> None:
        """Return when a text is to be seen."""
        try:
            wait_until(lambda: text in self.text, timeout_s)
        except AssertionError:
            raise AssertionError(f"{text!r} is not in {self.text!r}") from None

    def wait_for_style(self) -> None:
        """Return when all that the page loads is there, its style too."""
        wait_until(lambda: self.run("document.readyState") == "complete")

    def press(self, key: str) -> None:
        """Press a key, such as Tab or Enter."""
        codes = {"Tab": 9, "Enter": 13}
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            code = codes[key]
            self.ask(
                "Input.dispatchKeyEvent",
                **{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, **more},
            )

    def requested(self) -> list[str]:
        """Return the addresses of all requests so far."""
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events(self._session)
            if event["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """Return the errors in the browser's console, such as of the content security policy."""
        return [
            event["params"]["entry"]["text"]
            for event in self._browser.events(self._session)
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"
        ]

    def violations(self) -> list[str]:
        """Return what axe-core finds to be hard to perceive or to use, each with its place."""
        self.wait_for_style()
        self.run(axe.source())
        # Only these: on a large page it takes seconds to tell where all that is right stands.
        found = self.run("axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]

    def print(self, path: Path) -> None:
        """Print to a file of PDF."""
        path.write_bytes(base64.b64decode(self.ask("Page.printToPDF")["data"]))

    def picture(self, path: Path) -> None:
        """Write a picture of the whole page."""
        self.wait_for_style()
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))
