"""Connections, the sender of each request, and errors from replies: the only user of httpx.

A sender turns every status that is not a success into an SDK error before generated code sees the
reply, because that code would return an error page as a result.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._sansio.steps import Call
from taskfarm_sdk._transport import (
    bounds,
    failures,
    proxies,
    replies,
    request_log,
    shortages,
    tls,
)
from taskfarm_sdk._transport.httpx_import import httpx
from taskfarm_sdk._transport.tcp import TcpUserTimeout
from taskfarm_sdk._version import VERSION
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Veil

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")
C = TypeVar("C", httpx.Client, httpx.AsyncClient)
Trace = Callable[[str, dict[str, Any]], None]
AsyncTrace = Callable[[str, dict[str, Any]], Awaitable[None]]

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


class Sender:
    """Send the one request of a call; generated code uses it as an `httpx.Client`.

    Args:
        client: the client with the connections.
        call: the call, with credentials and time limit.
        trace: called with each event of the connection.
    """

    # Without attrs, which would cost a twentieth of the time that the SDK adds to a request.
    __slots__ = ("_call", "_client", "_trace")

    def __init__(self, client: httpx.Client, call: Call[Any], trace: Trace) -> None:
        self._client = client
        self._call = call
        self._trace = trace

    @property
    def url(self) -> str:
        """The API's URL."""
        return str(self._client.base_url)

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Send the request and return its reply, which is a success.

        Raises:
            TaskfarmError: the request failed.
        """
        try:
            request = _request(self._client, self._call, self._trace, method, url, more)
            return _read(self._client.send(request, stream=True))
        except UnicodeError as error:
            raise failures.no_name(self.url, error) from error
        except failures.RAISED as error:
            request_log.note(method.upper(), url, type(error).__name__)
            raise failures.error_of(error, self.url) from error


class AsyncSender:
    """`Sender` for asyncio; generated code uses it as an `httpx.AsyncClient`."""

    __slots__ = ("_call", "_client", "_trace")

    def __init__(self, client: httpx.AsyncClient, call: Call[Any], trace: AsyncTrace) -> None:
        self._client = client
        self._call = call
        self._trace = trace

    @property
    def url(self) -> str:
        """The API's URL."""
        return str(self._client.base_url)

    async def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Send the request and return its reply, which is a success.

        Raises:
            TaskfarmError: the request failed.
        """
        import asyncio

        try:
            request = _request(self._client, self._call, self._trace, method, url, more)
            ends_at = asyncio.get_running_loop().time() + request.extensions["timeout"]["read"]
            async with asyncio.timeout_at(ends_at):
                response = await self._client.send(request, stream=True)
            return await _aread(response, ends_at)
        except TimeoutError as error:
            request_log.note(method.upper(), url, type(error).__name__)
            raise failures.lost(self.url, "the reply was not complete in time") from error
        except UnicodeError as error:
            raise failures.no_name(self.url, error) from error
        except failures.RAISED as error:
            request_log.note(method.upper(), url, type(error).__name__)
            raise failures.error_of(error, self.url) from error


def _request(
    client: httpx.Client | httpx.AsyncClient,
    call: Call[Any],
    trace: Trace | AsyncTrace,
    method: str,
    path: str,
    more: dict[str, Any],
) -> httpx.Request:
    """Return a call's request, without making httpx parse its URL again.

    The parser takes most of the time that a request costs the client: httpx runs it to join a base
    and a path, and for empty parameters.
    """
    more["params"] = more.get("params") or None
    timeout_s = call.timeout_s
    if timeout_s is None:
        # The client's own; all four of its time-outs are the same.
        timeout_s = client.timeout.read or 0.0
    extensions = {"trace": trace, "timeout": bounds.timeouts(timeout_s, call.left_s)}
    url = _absolute(client.base_url, path)
    request = client.build_request(method, url, extensions=extensions, **more)
    if call.acting_as is not None:
        # Only now: httpx masks it in the repr of a request's headers, a dictionary would not.
        request.headers["Authorization"] = call.acting_as.header.reveal()
    return request


@lru_cache(maxsize=256)
def _absolute(base: httpx.URL, path: str) -> httpx.URL:
    return httpx.URL(path if "://" in path else f"{base}{path.lstrip('/')}")


def _read(response: httpx.Response) -> httpx.Response:
    """Read a successful reply, and drop the stream that it was read from.

    Reply and stream refer to each other and to fifty more objects. Left to Python's cycle
    collector, they let a program's memory grow by a quarter.

    Raises:
        TaskfarmError: the reply is not a success.
    """
    request_log.note(response.request.method, response.request.url, response.status_code)
    try:
        if not response.is_success:
            raise failures.error_from(response, _page(response.iter_raw()))
        replies.refuse_encoded(str(response.request.url), response.headers)
        response.read()
    finally:
        response.close()
        del response.stream
    return response


async def _aread(response: httpx.Response, ends_at: float) -> httpx.Response:
    """Read a successful reply, until a time of the event loop's clock; see `_read`."""
    import asyncio

    request_log.note(response.request.method, response.request.url, response.status_code)
    try:
        if not response.is_success:
            raise failures.error_from(response, await _apage(response.aiter_raw(), ends_at))
        replies.refuse_encoded(str(response.request.url), response.headers)
        async with asyncio.timeout_at(ends_at):
            await response.aread()
    finally:
        await response.aclose()
        del response.stream
    return response


def _page(chunks: Iterator[bytes]) -> bytes:
    """Return the beginning of an error page, or less if the connection breaks."""
    page = b""
    with suppress(*failures.RAISED):
        for chunk in chunks:
            page += chunk
            if len(page) >= replies.PAGE_MOST_BYTES:
                break
    return page


async def _apage(chunks: AsyncIterator[bytes], ends_at: float) -> bytes:
    import asyncio

    page = b""
    with suppress(TimeoutError, *failures.RAISED):
        async with asyncio.timeout_at(ends_at):
            async for chunk in chunks:
                page += chunk
                if len(page) >= replies.PAGE_MOST_BYTES:
                    break
    return page


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
        return _opened(httpx.Client, self._url, self._timeout_s)

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
        return _opened(httpx.AsyncClient, self._url, self._timeout_s)

    async def _on_event(self, event: str, facts: dict[str, Any]) -> None:
        self._tcp_timeout.on_event(event, facts)
        bounds.abound_reads(event, facts)


def _opened(kind: type[C], url: str, timeout_s: float) -> C:
    """Return a client of httpx's for a farm."""
    tls.tell_of_open_way(url)
    with shortages.explained_for(url):
        client = _made(kind, url, timeout_s)
    base = client.base_url
    request_log.begin(base.scheme, base.host, base.port)
    return client


def _made(kind: type[C], url: str, timeout_s: float) -> C:
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
            )
    except ImportError as error:
        raise failures.no_socks() from error
    except (httpx.InvalidURL, ValueError):
        pass
    # Raised here: httpx's message can contain a part of the proxy's password.
    raise proxies.unusable()


def _closed() -> ConfigurationError:
    return ConfigurationError("this Farm is closed: use it inside its `with`, or create a new one")
