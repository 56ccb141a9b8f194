"""Connections of a farm, blocking and for asyncio."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, TypeVar

from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._sansio.steps import Call
from taskfarm_sdk._transport import (
    bounds,
    failures,
    proxies,
    request_log,
    shortages,
    tls,
)
from taskfarm_sdk._transport.httpx_import import httpx
from taskfarm_sdk._transport.senders import AsyncSender, Sender, aleave_place, leave_place
from taskfarm_sdk._transport.tcp import TcpUserTimeout
from taskfarm_sdk._version import VERSION
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Veil

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")
C = TypeVar("C", httpx.Client, httpx.AsyncClient)

# Each request carries its own credentials; httpx must not take any from a URL or ~/.netrc.
NOBODY = httpx.Auth()
# Compressed replies are refused: a megabyte can become a gigabyte in memory.
HEADERS = {
    "Accept-Encoding": "identity",
    "User-Agent": f"taskfarm-sdk/{VERSION} python-httpx/{httpx.__version__}",
}

# Below gunicorn's default keep-alive of 2 s, so that no connection is reused that the server is
# about to close (with httpx's own 5 s, 3 of 720 requests at that boundary broke).
KEEPALIVE_EXPIRY_S = 1.5
LIMITS = httpx.Limits(
    max_connections=None, max_keepalive_connections=32, keepalive_expiry=KEEPALIVE_EXPIRY_S
)


class _NoCookies(CookieJar):
    """Keep no cookie: the API has none, and other servers could set ever more of them."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave the cookies of a reply alone."""


class HttpTransport:
    """The blocking connections of a farm; threads can share them, and forked children renew them.

    Args:
        url: the API's base URL.
        timeout_s: the time limit of each request that has no own limit, in seconds.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._tcp_timeout = TcpUserTimeout(timeout_s)
        self._client: httpx.Client | None = None
        self._closed = False
        self._start()
        renew_in_children(self)

    def _start(self) -> None:
        self._lock = threading.Lock()
        self.exclusive: threading.Lock = threading.Lock()

    def perform(self, call: Call[R]) -> R:
        """Send one request and return its result.

        Raises:
            TaskfarmError: the request failed.
        """
        if not call.fresh:
            return call.sync(Sender(self._get(), call, self._on_event))
        with self._new() as client:
            return call.sync(Sender(client, call, self._on_event))

    def close(self) -> None:
        """Close all connections; the farm cannot be used afterwards."""
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
        return _opened(httpx.Client, self._url, self._timeout_s, leave_place)

    def _on_event(self, event: str, facts: dict[str, Any]) -> None:
        self._tcp_timeout.on_event(event, facts)
        bounds.bound_reads(event, facts)

    def after_fork(self) -> None:
        """Drop the parent's connections: two processes that share one get each other's replies."""
        if self._client is not None:
            # Not closed: that takes a lock which a thread of the parent may have held at the fork.
            _left_to_the_parent.append(self._client)
        self._client = None
        self._start()


_left_to_the_parent: list[httpx.Client] = []


class AsyncHttpTransport:
    """The asyncio connections of a farm, for one event loop at a time."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._tcp_timeout = TcpUserTimeout(timeout_s)
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
        """Send one request and return its result.

        Raises:
            TaskfarmError: the request failed.
        """
        if not call.fresh:
            return await call.asyncio(AsyncSender(self._get(), call, self._on_event))
        async with self._new() as client:
            return await call.asyncio(AsyncSender(client, call, self._on_event))

    async def aclose(self) -> None:
        """Close all connections; the farm cannot be used afterwards."""
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

        # Connections belong to the loop that opened them, and each asyncio.run has a new loop.
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._client, self._exclusive = loop, None, None

    def _new(self) -> httpx.AsyncClient:
        return _opened(httpx.AsyncClient, self._url, self._timeout_s, aleave_place)

    async def _on_event(self, event: str, facts: dict[str, Any]) -> None:
        self._tcp_timeout.on_event(event, facts)
        bounds.abound_reads(event, facts)


def _opened(kind: type[C], url: str, timeout_s: float, on_response: Callable[..., Any]) -> C:
    """Return a client of httpx's for a farm."""
    tls.tell_of_open_way(url)
    with shortages.explained_for(url):
        client = _made(kind, url, timeout_s, on_response)
    base = client.base_url
    request_log.begin(base.scheme, base.host, base.port)
    return client


def _made(kind: type[C], url: str, timeout_s: float, on_response: Callable[..., Any]) -> C:
    trusted = tls.context(url)
    proxy = proxies.proxy_for(url, proxies.of_environment())
    try:
        with Veil():
            return kind(
                base_url=url,
                timeout=timeout_s,
                limits=LIMITS,
                proxy=None if proxy is None else proxy.reveal(),
                trust_env=False,
                verify=trusted,
                auth=NOBODY,
                headers=HEADERS,
                cookies=_NoCookies(),
                event_hooks={"response": [on_response]},
            )
    except ImportError as error:
        raise failures.no_socks() from error
    except (httpx.InvalidURL, ValueError):
        pass
    # Raised here: httpx's message can contain a part of the proxy's password.
    raise proxies.unusable()


def _closed() -> ConfigurationError:
    return ConfigurationError("this Farm is closed: use it inside its `with`, or create a new one")
