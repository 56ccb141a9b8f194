"""The gate before the pages: refuses what the rules refuse, and adds headers to all answers."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskfarm_cli.common.guard import complain
from taskfarm_cli.view.arguments import PROGRAM
from taskfarm_cli.view.keys import Keys
from taskfarm_cli.view.pages import message_page
from taskfarm_cli.view.rules import SECURITY_HEADERS, Hosts, cookies_of, origin_fault

# What contains nothing that not everybody may know, and the way in.
_WITHOUT_COOKIE = ("style.css", "icon.svg", "page.js", "enter")
SESSION = "viewtf.session"


class Gate:
    """The application, with a gate before it.

    Args:
        app: answers what the gate lets through; the browser's session is in its scope, or an empty
            text for a browser that was not let in.
        keys: the secrets.
        hosts: the names under which the page may be reached.
        cookie: the cookie's name.
    """

    def __init__(self, app: ASGIApp, keys: Keys, hosts: Hosts, cookie: str) -> None:
        self._app = app
        self._keys = keys
        self._hosts = hosts
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_safely(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        answer = self._refuse(scope) or self._app
        try:
            await answer(scope, receive, send_safely)
        except Exception as error:  # noqa: BLE001 - uvicorn would print a traceback
            complain(PROGRAM, f"unexpected {type(error).__name__}: {error}")
            if not has_begun:
                await PlainTextResponse("viewTF failed", 500)(scope, receive, send_safely)

    def _refuse(self, scope: MutableMapping[str, Any]) -> Response | None:
        """Return the refusal of a request, or None if it is let through."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._hosts.accept(hosts[0]):
            return PlainTextResponse(
                "viewTF is not reached by this name: open the address that it printed, or give it "
                "the name with --allow-host\n",
                421,
            )
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "")
        fault = origin_fault(scope["method"], hosts[0], origin, site)
        if fault is not None:
            return PlainTextResponse(f"the request is refused: {fault}\n", 403)
        base = f"/{self._keys.place}/"
        path: str = scope["path"]
        if not path.startswith(base):
            return PlainTextResponse("open the address that viewTF printed\n", 404)
        given = cookies_of(headers.getlist("cookie"), self._cookie)
        session = next(filter(self._keys.knows, given), "")
        if not session and path.removeprefix(base) not in _WITHOUT_COOKIE:
            return _locked(base, path)
        scope[SESSION] = session
        return None


def _locked(base: str, path: str) -> Response:
    page = message_page(
        "Not open to this browser",
        "Open the address that viewTF printed last; each lets one browser in. If this browser was "
        "let in and came here by a link in another page, try again:",
        base=base,
        link=path,
        name="Try again",
    )
    return HTMLResponse(page, 403)
