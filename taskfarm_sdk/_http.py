"""The one module that knows httpx: connections, credentials on requests, errors from replies.

A response hook turns every status that is not a success into an SDK error before generated code
sees it, for that code would return an error page as if it were an answer.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from taskfarm_sdk import _checks, _replies, _trust
from taskfarm_sdk._flow import Call
from taskfarm_sdk._forks import renew_in_children
from taskfarm_sdk._httpx import httpx
from taskfarm_sdk._unsent import Unsent
from taskfarm_sdk.errors import (
    ConfigurationError,
    ConnectionFailed,
    TaskfarmError,
    UnexpectedReply,
)

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")
HttpClient = httpx.Client
AsyncHttpClient = httpx.AsyncClient

# Under gunicorn's default keep-alive of 2 s: a connection that the server is about to close is not
# used again (with httpx's own 5 s, 3 of 720 requests at that boundary broke).
KEEPALIVE_EXPIRY_S = 1.5
LIMITS = httpx.Limits(
    max_connections=None, max_keepalive_connections=32, keepalive_expiry=KEEPALIVE_EXPIRY_S
)

# Before these, the request had not left.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_current: ContextVar[Call[Any] | None] = ContextVar("_current", default=None)
_headers: ContextVar[httpx.Headers] = ContextVar("_headers")


class _Client(httpx.Client):
    def build_request(self, method: str, url: httpx.URL | str, **more: Any) -> httpx.Request:
        return super().build_request(method, **_spared(self.base_url, url, more))

    def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        return _read(super().send(request, **more))


class _AsyncClient(httpx.AsyncClient):
    def build_request(self, method: str, url: httpx.URL | str, **more: Any) -> httpx.Request:
        return super().build_request(method, **_spared(self.base_url, url, more))

    async def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        return _read(await super().send(request, **more))


def _read(response: httpx.Response) -> httpx.Response:
    """Return a response that was read, without the stream that it was read from.

    The two hold each other, and fifty objects beside: collecting those is left to Python's search
    for cycles, which lets a program's memory grow by a quarter meanwhile.
    """
    del response.stream
    return response


def _spared(base: httpx.URL, url: httpx.URL | str, more: dict[str, Any]) -> dict[str, Any]:
    """Return a request's arguments, without what would have httpx parse its URL again.

    Its parser takes most of the time that a request costs its client: it is run for each merging
    of a base and a path, and for parameters that there are none of.
    """
    return {**more, "url": _absolute(base, str(url)), "params": more.get("params") or None}


@lru_cache(maxsize=256)
def _absolute(base: httpx.URL, path: str) -> httpx.URL:
    return httpx.URL(path if "://" in path else f"{base}{path.lstrip('/')}")


class Wire:
    """The blocking connections of a farm: safe among threads, and after a fork.

    Args:
        url: the API's base URL.
        timeout_s: the limit of each request that does not bring its own.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._unsent = Unsent(timeout_s)
        self._client: httpx.Client | None = None
        self._closed = False
        self._start()
        renew_in_children(self)

    def _start(self) -> None:
        self._lock = threading.Lock()
        self.exclusive: threading.Lock = threading.Lock()

    def perform(self, call: Call[R]) -> R:
        """Send one request and return what its reply says.

        Raises:
            TaskfarmError: one kind for each thing that can go wrong.
        """
        with _errors_of_ours(call, self._url):
            if not call.fresh:
                return call.sync(self._get())
            with self._new() as client:
                return call.sync(client)

    def close(self) -> None:
        """Close all connections; the farm cannot be used any more."""
        with self._lock:
            client, self._client, self._closed = self._client, None, True
        if client is not None:
            client.close()

    def _get(self) -> httpx.Client:
        with self._lock:
            if self._closed:
                raise _closed()
            if self._client is None:
                self._client = self._new()
            return self._client

    def _new(self) -> httpx.Client:
        _trust.tell_of_open_way(self._url)
        trusted = _trust.context(self._url)
        with _proxies_explained():
            return _Client(
                base_url=self._url,
                timeout=self._timeout_s,
                limits=LIMITS,
                mounts=_past_proxies(self._url),
                verify=trusted,
                auth=_ActingAs(),
                event_hooks={"request": [self._before], "response": [_raise_for_status]},
            )

    def _before(self, request: httpx.Request) -> None:
        _limit_time(request)
        request.extensions["trace"] = self._unsent.on_event

    def after_fork(self) -> None:
        """Leave the parent's connections alone: two processes on one get each other's answers."""
        if self._client is not None:
            # Closing takes a lock that another thread of the parent may have held at the fork.
            _left_to_the_parent.append(self._client)
        self._client = None
        self._start()


_left_to_the_parent: list[httpx.Client] = []


class AsyncWire:
    """The awaited connections of a farm: those of one event loop at a time."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._unsent = Unsent(timeout_s)
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._exclusive: asyncio.Lock | None = None

    @property
    def exclusive(self) -> asyncio.Lock:
        """The lock of the running event loop."""
        import asyncio

        self._meet_loop()
        if self._exclusive is None:
            self._exclusive = asyncio.Lock()
        return self._exclusive

    async def perform(self, call: Call[R]) -> R:
        """Send one request and return what its reply says.

        Raises:
            TaskfarmError: one kind for each thing that can go wrong.
        """
        with _errors_of_ours(call, self._url):
            if not call.fresh:
                return await call.asyncio(self._get())
            async with self._new() as client:
                return await call.asyncio(client)

    async def aclose(self) -> None:
        """Close all connections; the farm cannot be used any more."""
        import asyncio

        self._closed = True
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    def _get(self) -> httpx.AsyncClient:
        if self._closed:
            raise _closed()
        self._meet_loop()
        if self._client is None:
            self._client = self._new()
        return self._client

    def _meet_loop(self) -> None:
        import asyncio

        # Connections belong to the loop that made them, and asyncio.run makes a new one each time.
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._client, self._exclusive = loop, None, None

    def _new(self) -> httpx.AsyncClient:
        _trust.tell_of_open_way(self._url)
        trusted = _trust.context(self._url)
        with _proxies_explained():
            return _AsyncClient(
                base_url=self._url,
                timeout=self._timeout_s,
                limits=LIMITS,
                mounts=_past_proxies(self._url),
                verify=trusted,
                auth=_ActingAs(),
                event_hooks={"request": [self._before], "response": [_araise_for_status]},
            )

    async def _before(self, request: httpx.Request) -> None:
        _limit_time(request)
        request.extensions["trace"] = self._unsent.aon_event


def _closed() -> ConfigurationError:
    return ConfigurationError("this Farm is closed: use it inside its `with`, or make a new one")


def _past_proxies(url: str) -> dict[str, None]:
    """Return what keeps the environment's proxies away from a server on this very machine.

    A proxy would look for it on the proxy's own machine, and see the credentials.
    """
    return {_checks.origin(url): None} if _checks.is_loopback(url) else {}


@contextmanager
def _proxies_explained() -> Generator[None]:
    try:
        yield
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        raise ConfigurationError(
            f"the environment names a proxy that cannot be used ({error}): HTTP_PROXY, HTTPS_PROXY "
            "and ALL_PROXY look like http://HOST:PORT; NO_PROXY names the hosts to ask without one"
        ) from error


class _ActingAs(httpx.Auth):
    """Puts the current call's credentials on its request: one client serves them all."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        call = _current.get()
        who = call.acting_as if call is not None else None
        if who is not None:
            request.headers["Authorization"] = who.header
        yield request


def _limit_time(request: httpx.Request) -> None:
    call = _current.get()
    if call is not None and call.timeout_s is not None:
        request.extensions["timeout"] = httpx.Timeout(call.timeout_s).as_dict()


def last_date() -> datetime.datetime | None:
    """Return the server's time of the last reply to this thread, in whole seconds, if it told."""
    try:
        return parsedate_to_datetime(_headers.get()["date"]).astimezone(datetime.UTC)
    except (LookupError, ValueError):
        return None


def _raise_for_status(response: httpx.Response) -> None:
    _headers.set(response.headers)
    if not response.is_success:
        response.read()
        raise error_from(response)


async def _araise_for_status(response: httpx.Response) -> None:
    if not response.is_success:
        await response.aread()
        raise error_from(response)


class _errors_of_ours:  # noqa: N801 - used as a function is
    """Makes a call the current one, and errors of httpx in its block those of the SDK."""

    # By hand, for contextlib's way takes a tenth of what the SDK adds to a request.
    __slots__ = ("_before", "_call", "_url")

    def __init__(self, call: Call[Any], url: str) -> None:
        self._call = call
        self._url = url

    def __enter__(self) -> None:
        self._before = _current.set(self._call)

    def __exit__(
        self, kind: object, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _current.reset(self._before)
        if isinstance(error, (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict)):
            raise _error_of_transport(error, self._url) from error


def _error_of_transport(error: Exception, url: str) -> TaskfarmError:
    said = str(error) or type(error).__name__
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return ConfigurationError(f"not a URL to ask: {url} ({said})", url=url, detail=said)
    if isinstance(error, httpx.DecodingError):
        return UnexpectedReply(f"{url} sent what cannot be read ({said})", url=url, detail=said)
    if (distrusted := _trust.distrust(error)) is not None:
        return ConnectionFailed(
            _trust.explained(url, distrusted), sent=False, hopeless=True, url=url, detail=said
        )
    if isinstance(error, NEVER_SENT):
        return ConnectionFailed(
            f"no taskfarm server answers at {url} ({said}); is it running, and is the URL right?",
            sent=False,
            url=url,
            detail=said,
        )
    return ConnectionFailed(
        f"the connection to {url} broke before the reply was here ({said})",
        sent=True,
        url=url,
        detail=said,
    )


def error_from(response: httpx.Response) -> TaskfarmError:
    """Make the error of a reply whose status is not a success."""
    return _replies.error_of(
        response.status_code,
        response.reason_phrase,
        str(response.request.url),
        response.headers,
        response.text,
    )
