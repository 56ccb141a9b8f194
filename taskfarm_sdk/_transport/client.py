"""The one module that knows httpx: connections, the sender of each request, errors from replies.

A sender turns every status that is not a success into an SDK error before generated code sees the
reply, for that code would return an error page as if it were an answer.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.request import getproxies

from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._sansio.steps import Call
from taskfarm_sdk._transport import bounds, proxies, replies, request_log, tls
from taskfarm_sdk._transport.httpx_import import httpx
from taskfarm_sdk._transport.tcp import TcpUserTimeout
from taskfarm_sdk._version import VERSION
from taskfarm_sdk.errors import (
    ConfigurationError,
    ConnectionFailed,
    TaskfarmError,
    UnexpectedReply,
)

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")
Trace = Callable[[str, dict[str, Any]], None]
AsyncTrace = Callable[[str, dict[str, Any]], Awaitable[None]]

# Each request says itself whom it is sent as: nothing in a URL or a file of the user's does.
NOBODY = httpx.Auth()
# Encoded replies are refused: a megabyte of one can be a gigabyte in memory.
HEADERS = {
    "Accept-Encoding": "identity",
    "User-Agent": f"taskfarm-sdk/{VERSION} python-httpx/{httpx.__version__}",
}

# Under gunicorn's default keep-alive of 2 s: a connection that the server is about to close is not
# used again (with httpx's own 5 s, 3 of 720 requests at that boundary broke).
KEEPALIVE_EXPIRY_S = 1.5
LIMITS = httpx.Limits(
    max_connections=None, max_keepalive_connections=32, keepalive_expiry=KEEPALIVE_EXPIRY_S
)

# What httpx raises; a bug in it, or in us, is raised as it is.
_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, bounds.ReplyTooLarge)
# Before these, the request had not left.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Sender:
    """Send the one request of a call: generated code takes it for an `httpx.Client`.

    Args:
        client: whose connections it goes over.
        call: whom it is sent as, and how long it may take.
        trace: is told what happens to the connection.
    """

    # By hand, for attrs takes a twentieth of what the SDK adds to a request.
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
        """Return the reply, which says that it went well.

        Raises:
            TaskfarmError: one kind for each thing that can go wrong.
        """
        try:
            request = _request(self._client, self._call, self._trace, method, url, more)
            return _read(self._client.send(request, stream=True))
        except _ERRORS as error:
            request_log.note(method.upper(), url, type(error).__name__)
            raise _error_of_transport(error, self.url) from error


class AsyncSender:
    """Send the one request of a call, awaited: generated code takes it for a client."""

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
        """Return the reply, which says that it went well.

        Raises:
            TaskfarmError: one kind for each thing that can go wrong.
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
            raise _lost(self.url, "no whole reply in time") from error
        except _ERRORS as error:
            request_log.note(method.upper(), url, type(error).__name__)
            raise _error_of_transport(error, self.url) from error


def _request(
    client: httpx.Client | httpx.AsyncClient,
    call: Call[Any],
    trace: Trace | AsyncTrace,
    method: str,
    path: str,
    more: dict[str, Any],
) -> httpx.Request:
    """Return a call's request, without what would have httpx parse its URL again.

    Its parser takes most of the time that a request costs its client: it is run for each merging
    of a base and a path, and for parameters that there are none of.
    """
    if call.acting_as is not None:
        more["headers"] = {**more.get("headers", {}), "Authorization": call.acting_as.header}
    more["params"] = more.get("params") or None
    timeout_s = call.timeout_s
    if timeout_s is None:
        # The client's own, which all four of its time-outs are.
        timeout_s = client.timeout.read or 0.0
    extensions = {"trace": trace, "timeout": bounds.timeouts(timeout_s, call.left_s)}
    url = _absolute(client.base_url, path)
    return client.build_request(method, url, extensions=extensions, **more)


@lru_cache(maxsize=256)
def _absolute(base: httpx.URL, path: str) -> httpx.URL:
    return httpx.URL(path if "://" in path else f"{base}{path.lstrip('/')}")


def _read(response: httpx.Response) -> httpx.Response:
    """Read a reply that is a success, and leave the stream that it was read from.

    The two hold each other, and fifty objects beside: collecting those is left to Python's search
    for cycles, which lets a program's memory grow by a quarter meanwhile.

    Raises:
        TaskfarmError: it is none.
    """
    request_log.note(response.request.method, response.request.url, response.status_code)
    try:
        if not response.is_success:
            raise error_from(response, _page(response.iter_raw()))
        replies.refuse_encoded(str(response.request.url), response.headers)
        response.read()
    finally:
        response.close()
        del response.stream
    return response


async def _aread(response: httpx.Response, ends_at: float) -> httpx.Response:
    """Read a reply that is a success, awaiting until a time of the event loop; see `_read`."""
    import asyncio

    request_log.note(response.request.method, response.request.url, response.status_code)
    try:
        if not response.is_success:
            raise error_from(response, await _apage(response.aiter_raw(), ends_at))
        replies.refuse_encoded(str(response.request.url), response.headers)
        async with asyncio.timeout_at(ends_at):
            await response.aread()
    finally:
        await response.aclose()
        del response.stream
    return response


def _page(chunks: Iterator[bytes]) -> bytes:
    """Return the beginning of an error's page; a page that breaks off is as good as a short one."""
    page = b""
    with suppress(*_ERRORS):
        for chunk in chunks:
            page += chunk
            if len(page) >= replies.PAGE_MOST_BYTES:
                break
    return page


async def _apage(chunks: AsyncIterator[bytes], ends_at: float) -> bytes:
    import asyncio

    page = b""
    with suppress(TimeoutError, *_ERRORS):
        async with asyncio.timeout_at(ends_at):
            async for chunk in chunks:
                page += chunk
                if len(page) >= replies.PAGE_MOST_BYTES:
                    break
    return page


class HttpTransport:
    """The blocking connections of a farm: safe among threads, and after a fork.

    Args:
        url: the API's base URL.
        timeout_s: the limit of each request that does not bring its own.
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
        """Send one request and return what its reply says.

        Raises:
            TaskfarmError: one kind for each thing that can go wrong.
        """
        if not call.fresh:
            return call.sync(Sender(self._get(), call, self._on_event))
        with self._new() as client:
            return call.sync(Sender(client, call, self._on_event))

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
        tls.tell_of_open_way(self._url)
        trusted = tls.context(self._url)
        with _proxies_explained():
            client = httpx.Client(
                base_url=self._url,
                timeout=self._timeout_s,
                limits=LIMITS,
                proxy=proxies.proxy_for(self._url, getproxies()),
                trust_env=False,
                verify=trusted,
                auth=NOBODY,
                headers=HEADERS,
            )
        base = client.base_url
        request_log.begin(base.scheme, base.host, base.port)
        return client

    def _on_event(self, event: str, facts: dict[str, Any]) -> None:
        self._tcp_timeout.on_event(event, facts)
        bounds.bound_reads(event, facts)

    def after_fork(self) -> None:
        """Leave the parent's connections alone: two processes on one get each other's answers."""
        if self._client is not None:
            # Closing takes a lock that another thread of the parent may have held at the fork.
            _left_to_the_parent.append(self._client)
        self._client = None
        self._start()


_left_to_the_parent: list[httpx.Client] = []


class AsyncHttpTransport:
    """The awaited connections of a farm: those of one event loop at a time."""

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
        """Send one request and return what its reply says.

        Raises:
            TaskfarmError: one kind for each thing that can go wrong.
        """
        if not call.fresh:
            return await call.asyncio(AsyncSender(self._get(), call, self._on_event))
        async with self._new() as client:
            return await call.asyncio(AsyncSender(client, call, self._on_event))

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
        tls.tell_of_open_way(self._url)
        trusted = tls.context(self._url)
        with _proxies_explained():
            client = httpx.AsyncClient(
                base_url=self._url,
                timeout=self._timeout_s,
                limits=LIMITS,
                proxy=proxies.proxy_for(self._url, getproxies()),
                trust_env=False,
                verify=trusted,
                auth=NOBODY,
                headers=HEADERS,
            )
        base = client.base_url
        request_log.begin(base.scheme, base.host, base.port)
        return client

    async def _on_event(self, event: str, facts: dict[str, Any]) -> None:
        self._tcp_timeout.on_event(event, facts)
        bounds.abound_reads(event, facts)


def _closed() -> ConfigurationError:
    return ConfigurationError("this Farm is closed: use it inside its `with`, or make a new one")


@contextmanager
def _proxies_explained() -> Generator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            "the environment names a SOCKS proxy, for which httpx needs a package: "
            'pip install "httpx[socks]", or name the server in NO_PROXY'
        ) from error
    except (httpx.InvalidURL, ValueError):
        # What httpx says of it can be a piece of the proxy's password.
        raise ConfigurationError(
            "the environment names a proxy that cannot be used: HTTP_PROXY, HTTPS_PROXY and "
            "ALL_PROXY look like http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with / @ : "
            "and # of a password written as %2F %40 %3A and %23; NO_PROXY names the hosts to ask "
            "without one"
        ) from None


def _error_of_transport(error: Exception, url: str) -> TaskfarmError:
    said = str(error) or type(error).__name__
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return ConfigurationError(f"not a URL to ask: {url} ({said})", url=url, detail=said)
    if isinstance(error, bounds.ReplyTooLarge):
        most_mib = bounds.REPLY_MOST_BYTES >> 20
        return UnexpectedReply(
            f"{url} sent over {most_mib} MiB, which no taskfarm server does: is it one?", url=url
        )
    if (distrusted := tls.distrust(error)) is not None:
        return ConnectionFailed(
            tls.explained(url, distrusted), sent=False, hopeless=True, url=url, detail=said
        )
    if isinstance(error, NEVER_SENT):
        return ConnectionFailed(
            f"no taskfarm server answers at {url} ({said}); is it running, and is the URL right?",
            sent=False,
            url=url,
            detail=said,
        )
    return _lost(url, said)


def _lost(url: str, said: str) -> ConnectionFailed:
    return ConnectionFailed(
        f"the connection to {url} broke before the reply was here ({said})",
        sent=True,
        url=url,
        detail=said,
    )


def error_from(response: httpx.Response, page: bytes) -> TaskfarmError:
    """Make the error of a reply whose status is not a success."""
    return replies.error_of(
        response.request.method,
        response.status_code,
        response.reason_phrase,
        str(response.request.url),
        response.headers,
        page,
    )
