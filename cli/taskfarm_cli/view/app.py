"""The application: which address shows what."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import attrs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from taskfarm_cli.view import pages
from taskfarm_cli.view.background import in_thread
from taskfarm_cli.view.events import Bell, stream
from taskfarm_cli.view.gate import SESSION, Gate
from taskfarm_cli.view.keys import Keys
from taskfarm_cli.view.markup import Html
from taskfarm_cli.view.places import Place, list_place, run_place
from taskfarm_cli.view.rules import Hosts, cookie_name, set_cookie
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from taskfarm_cli.view.observer import Observer, Parts
    from taskfarm_cli.view.steering import Steering

# A form has one secret in it.
MOST_FORM_BYTES = 4096
# So long a page waits for what it shows first.
FIRST_S = 1.0
_STATIC = Path(__file__).parent / "static"
_TYPES = {"page.js": "text/javascript", "style.css": "text/css", "icon.svg": "image/svg+xml"}


@attrs.frozen(kw_only=True)
class Setting:
    """What the pages are made of.

    Attributes:
        url: the farm's server.
        keys: the secrets.
        hosts: the names under which the page may be reached.
        port: the port on which it listens.
        start: what a browser that was let in sees first, below the place of all pages.
        allow_actions: whether runs may be changed.
        on_admitted: called after a browser was let in.
    """

    url: str
    keys: Keys
    hosts: Hosts
    port: int
    start: str
    allow_actions: bool
    on_admitted: Callable[[], None]


class View:
    """The pages of one viewTF.

    Args:
        setting: what they are made of.
        observer: reads the server.
        steering: does what readers ask for.
    """

    def __init__(self, setting: Setting, observer: Observer, steering: Steering) -> None:
        self._setting = setting
        self._observer = observer
        self._steering = steering
        self._base = f"/{setting.keys.place}/"
        self._cookie = cookie_name(setting.port)
        self._bell: Bell | None = None

    def application(self) -> ASGIApp:
        """Return what a server of ASGI runs."""
        routes = [
            Route("/", self._list),
            Route("/enter", self._enter),
            Route("/events", self._list_events),
            Route("/runs/{uuid}", self._run),
            Route("/runs/{uuid}/events", self._run_events),
            Route("/runs/{uuid}/{action}", self._ask, methods=["GET"]),
            Route("/runs/{uuid}/{action}", self._do, methods=["POST"]),
            *(Route(f"/{name}", self._static) for name in _TYPES),
        ]
        app = Starlette(
            routes=[Mount(f"/{self._setting.keys.place}", routes=routes)],
            lifespan=self._lifespan,
        )
        return Gate(app, self._setting.keys, self._setting.hosts, self._cookie)

    def end(self) -> None:
        """Tell all open pages that viewTF ends, and end what it does."""
        self._observer.end()
        self._steering.end()
        if self._bell is not None:
            self._bell.end()

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        self._bell = Bell()
        self._observer.start(self._bell.ring)
        yield
        self.end()

    async def _enter(self, request: Request) -> Response:
        keys = self._setting.keys
        # A browser that is in already may follow an address again.
        if request.scope[SESSION]:
            return HTMLResponse(pages.entered_page(self._base, self._setting.start))
        session = keys.admit(Hidden(request.query_params.get("token", "")))
        if session is None:
            return self._message(
                "This address was used before",
                "Each address lets one browser in, once: open the one that viewTF printed last.",
                403,
            )
        answer = HTMLResponse(pages.entered_page(self._base, self._setting.start))
        cookie = set_cookie(self._cookie, session.reveal(), keys.place)
        answer.headers["set-cookie"] = cookie
        self._setting.on_admitted()
        return answer

    async def _list(self, request: Request) -> Response:
        place = list_place(request.query_params.get("part", "1"))
        parts = await self._first_parts(place)
        page = pages.list_page(self._setting.url, parts, base=self._base, part=place.part)
        return HTMLResponse(page)

    async def _run(self, request: Request) -> Response:
        place = run_place(request.path_params["uuid"])
        if place is None or place.uuid is None:
            return self._no_run()
        parts = await self._first_parts(place)
        page = pages.run_page(
            place.uuid,
            parts,
            base=self._base,
            allow_actions=self._setting.allow_actions,
            is_reading=self._steering.is_reading(place.uuid),
        )
        return HTMLResponse(page)

    async def _list_events(self, request: Request) -> Response:
        return self._events(list_place(request.query_params.get("part", "1")))

    async def _run_events(self, request: Request) -> Response:
        place = run_place(request.path_params["uuid"])
        return self._no_run() if place is None else self._events(place)

    async def _ask(self, request: Request) -> Response:
        place, action = run_place(request.path_params["uuid"]), self._action(request)
        if place is None or place.uuid is None:
            return self._no_run()
        if isinstance(action, Response):
            return action
        await self._first_parts(place)  # how many tasks there are
        record = self._observer.record(place.uuid)
        status = None if record is None else record.status
        page = pages.confirm_page(
            place.uuid,
            action,
            base=self._base,
            secret=self._setting.keys.form_secret(request.scope[SESSION]),
            num_tasks=None if status is None else status.num_tasks,
        )
        return HTMLResponse(page)

    async def _do(self, request: Request) -> Response:
        from taskfarm_sdk import TaskfarmError

        place, action = run_place(request.path_params["uuid"]), self._action(request)
        if place is None or place.uuid is None:
            return self._no_run()
        if isinstance(action, Response):
            return action
        secret = await _secret_of(request)
        if not self._setting.keys.is_form_secret(request.scope[SESSION], secret):
            return self._message(
                "Refused", "The form is not from a page of this viewTF: open it anew.", 403
            )
        uuid, is_deleting = place.uuid, action is pages.DELETE
        onward = self._base if is_deleting else f"{self._base}runs/{uuid}"
        name = "All runs" if is_deleting else "Back to the run"
        try:
            done = await in_thread(lambda: self._steering.do(action.name, uuid))
        except TaskfarmError as error:
            return self._message("Not done", str(error), 502, onward, name)
        return self._message(action.title, done, 200, onward, name)

    async def _static(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        return Response(_content(name), media_type=_TYPES[name])

    def _action(self, request: Request) -> pages.Action | Response:
        action = pages.ACTIONS.get(request.path_params["action"])
        if action is None:
            return self._message("No such page", "There is no page at this address.", 404)
        if action.is_change and not self._setting.allow_actions:
            return self._message(
                "Not allowed", "Runs can be changed here if viewTF has --allow-actions.", 403
            )
        return action

    def _events(self, place: Place) -> Response:
        assert self._bell is not None
        events = stream(self._observer, self._bell, place)
        return StreamingResponse(events, media_type="text/event-stream")

    async def _first_parts(self, place: Place) -> Parts:
        self._observer.open(place)
        return await in_thread(lambda: self._observer.first_parts(place, FIRST_S))

    def _no_run(self) -> Response:
        return self._message(
            "No such run",
            "A run has a UUID of 32 hexadecimal digits.",
            404,
            self._base,
            "All runs",
        )

    def _message(
        self, title: str, message: str, status: int, link: str = "", name: str = ""
    ) -> Response:
        page: Html = pages.message_page(title, message, base=self._base, link=link, name=name)
        return HTMLResponse(page, status)


@cache
def _content(name: str) -> str:
    own = (_STATIC / name).read_text(encoding="utf-8")
    if name != "style.css":
        return own
    from taskfarm_sdk.charts import STYLE

    return f"{STYLE}\n{own}"


async def _secret_of(request: Request) -> Hidden[str]:
    """Return the secret in a form, or an empty text if there is none, or too much."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            return Hidden("")
    fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=4)
    return Hidden(fields.get("secret", [""])[0])
