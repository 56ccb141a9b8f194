"""Senders of single requests, and errors from their replies.

A sender turns every status that is not a success into an SDK error before generated code sees the
reply, because that code would return an error page as a result.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from taskfarm_sdk._sansio.steps import Call
from taskfarm_sdk._transport import bounds, failures, replies, request_log
from taskfarm_sdk._transport.httpx_import import httpx
from taskfarm_sdk._transport.quotes import Asked
from taskfarm_sdk.errors import TaskfarmError, UnexpectedReply
from taskfarm_sdk.hidden import Hidden

# The place that a redirection leads to, once `leave_place` took it out of the headers.
PLACE = "taskfarm_place"
Trace = Callable[[str, dict[str, Any]], None]
AsyncTrace = Callable[[str, dict[str, Any]], Awaitable[None]]


class _OneRequest:
    """What both senders know of their request."""

    # Without attrs, which would cost a twentieth of the time that the SDK adds to a request.
    __slots__ = ("_call", "_request", "_trace", "_url")

    def __init__(self, url: httpx.URL, call: Call[Any], trace: Trace | AsyncTrace) -> None:
        self._url = url
        self._call = call
        self._trace = trace
        self._request: httpx.Request | None = None

    def unexpected(self, error: Exception) -> UnexpectedReply:
        """Return the error for a reply that could not be read, because of another error."""
        failure = replies.not_the_contract(str(self._url), self._asked, error)
        failure.__cause__ = self._cause(error)
        return failure

    def _build(
        self, client: httpx.Client | httpx.AsyncClient, method: str, url: str, more: dict[str, Any]
    ) -> httpx.Request:
        self._request = _request(client, self._call, self._trace, method, url, more)
        return self._request

    def _failed(self, error: Exception) -> TaskfarmError:
        """Return the error for one that the request ended with."""
        asked = self._asked
        request_log.note(asked.method, asked.url, type(error).__name__)
        if isinstance(error, TimeoutError):
            failure = failures.timed_out(str(self._url), asked, is_sent=self._is_sent)
        else:
            failure = failures.error_of(error, str(self._url), asked)
        failure.__cause__ = self._cause(error)
        return failure

    @property
    def _is_sent(self) -> bool:
        return self._request is not None and self._request.extensions["timeout"]["read"].is_sent

    @property
    def _asked(self) -> Asked:
        return Asked("", str(self._url)) if self._request is None else _asked(self._request)

    def _cause(self, error: Exception) -> Exception | None:
        """Return the cause of an error, unless that quotes the credentials of the request."""
        if self._asked.reveals(str(error)):
            return None
        # These two contain the whole reply, and so perhaps a token.
        has_reply = isinstance(error, (json.JSONDecodeError, UnicodeError))
        return ValueError(str(error)) if has_reply else error


class Sender(_OneRequest):
    """Send the one request of a call; generated code uses it as an `httpx.Client`.

    Args:
        client: the client with the connections.
        call: the call, with credentials and time limit.
        trace: called with each event of the connection.
    """

    __slots__ = ("_client",)

    def __init__(self, client: httpx.Client, call: Call[Any], trace: Trace) -> None:
        super().__init__(client.base_url, call, trace)
        self._client = client

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Send the request and return its reply, which is a success.

        Raises:
            TaskfarmError: the request failed.
        """
        try:
            request = self._build(self._client, method, url, more)
            return _read(self._client.send(request, stream=True))
        except UnicodeError as error:
            raise failures.no_name(str(self._url), error) from error
        except failures.RAISED as error:
            failure = self._failed(error)
        # Raised here: the error above is its context otherwise, also if that quotes credentials.
        raise failure from failure.__cause__


class AsyncSender(_OneRequest):
    """`Sender` for asyncio; generated code uses it as an `httpx.AsyncClient`."""

    __slots__ = ("_client",)

    def __init__(self, client: httpx.AsyncClient, call: Call[Any], trace: AsyncTrace) -> None:
        super().__init__(client.base_url, call, trace)
        self._client = client

    async def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """Send the request and return its reply, which is a success.

        Raises:
            TaskfarmError: the request failed.
        """
        import asyncio

        try:
            request = self._build(self._client, method, url, more)
            ends_at = asyncio.get_running_loop().time() + request.extensions["timeout"]["read"]
            async with asyncio.timeout_at(ends_at):
                response = await self._client.send(request, stream=True)
            return await _aread(response, ends_at)
        except UnicodeError as error:
            raise failures.no_name(str(self._url), error) from error
        except (TimeoutError, *failures.RAISED) as error:
            failure = self._failed(error)
        # As in `Sender`.
        raise failure from failure.__cause__


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
    extensions = {
        "trace": trace,
        "timeout": bounds.timeouts(timeout_s, call.reply_most_bytes, call.left_s),
    }
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
    request = response.request
    try:
        _refuse_stale(response)
        request_log.note(request.method, request.url, response.status_code)
        if not response.is_success:
            raise error_from(response, _page(response.iter_raw()))
        replies.refuse(
            _asked(request), response.headers, request.extensions["timeout"]["read"].most_bytes
        )
        response.read()
        replies.refuse_crowded(_asked(request), response.content)
    finally:
        response.close()
        del response.stream
    return response


async def _aread(response: httpx.Response, ends_at: float) -> httpx.Response:
    """Read a successful reply, until a time of the event loop's clock; see `_read`."""
    import asyncio

    request = response.request
    try:
        _refuse_stale(response)
        request_log.note(request.method, request.url, response.status_code)
        if not response.is_success:
            raise error_from(response, await _apage(response.aiter_raw(), ends_at))
        replies.refuse(
            _asked(request), response.headers, request.extensions["timeout"]["read"].most_bytes
        )
        async with asyncio.timeout_at(ends_at):
            await response.aread()
        replies.refuse_crowded(_asked(request), response.content)
    finally:
        await response.aclose()
        del response.stream
    return response


def _refuse_stale(response: httpx.Response) -> None:
    """Refuse a reply that stood in the connection's buffer before its request was sent.

    httpcore keeps what a server sends behind a reply, and takes it as the reply to the next
    request. Its body is not read, so that httpcore closes the connection.

    Raises:
        StaleReply: it is one.
    """
    # Replies that come from no network have no such stream.
    is_of_network = "network_stream" in response.extensions
    if is_of_network and not response.request.extensions["timeout"]["read"].has_received:
        raise bounds.StaleReply


def leave_place(response: httpx.Response) -> None:
    """Keep httpx from parsing the place of a redirection, and raising what is wrong with it.

    It parses the place, which can be any text, even if redirections are not followed.
    """
    if "location" in response.headers:
        response.extensions[PLACE] = response.headers.pop("location")


async def aleave_place(response: httpx.Response) -> None:
    """See `leave_place`."""
    leave_place(response)


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


def error_from(response: httpx.Response, page: bytes) -> TaskfarmError:
    """Return the error for a reply whose status is not a success."""
    asked = _asked(response.request)
    return replies.error_of(
        asked.method,
        response.status_code,
        response.reason_phrase,
        asked.url,
        response.headers,
        page,
        authorization=asked.authorization,
        place=response.extensions.get(PLACE, ""),
    )


def _asked(request: httpx.Request) -> Asked:
    header = Hidden(request.headers.get("authorization", ""))
    return Asked(request.method, str(request.url), header)
