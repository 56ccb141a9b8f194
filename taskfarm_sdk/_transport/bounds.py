"""Bounds of one request: its total time, and the size of its reply.

httpx only limits each single read, so a server that sends a byte a second never times out, and it
does not limit the size of a reply. httpcore passes the read time-out of a request to each `read` of
its connection, so a time-out object that knows the end of the request reaches all of them.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar, cast

from taskfarm_sdk._transport.httpx_import import httpcore

R = TypeVar("R")
# The names of httpcore's trace events for a new connection.
CONNECTED = ("connect_tcp.complete", "start_tls.complete")
WITHOUT_TLS = "connect_tcp.complete"
SENDING = "http11.send_request_headers.started"
# The longest wait for data between two checks of the request's end.
SLICE_S = 0.5
# The heads of a reply, and of those with status 1xx before it, count as well.
HEADS_MOST_BYTES = 1024 * 1024
# The time limit for each address of a host name.
CONNECT_MOST_S = 5.0


class ReplyTooLarge(Exception):
    """A reply is larger than any that a taskfarm server sends.

    Attributes:
        most_bytes: how large its body may be.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes)
        self.most_bytes = most_bytes


class StaleReply(Exception):
    """A reply had come before its request was sent, so that it belongs to an earlier one."""


class Bound(float):
    """The bounds of one request, passed as its read time-out.

    Args:
        timeout_s: the time limit of the whole request, in seconds.
        most_bytes: the largest body of the reply.
        left_s: called during the request, returns how long it may still take; for workers, whose
            requests can be ended early.

    Attributes:
        most_bytes: see the argument.
        is_sent: whether the request began to be sent; only of requests of asyncio.
    """

    __slots__ = ("_bytes_left", "_ends_at", "_left_s", "is_sent", "most_bytes")

    most_bytes: int
    is_sent: bool
    _bytes_left: int
    _ends_at: float
    _left_s: Callable[[], float] | None

    def __new__(
        cls, timeout_s: float, most_bytes: int, left_s: Callable[[], float] | None = None
    ) -> Self:
        """Start the time of a request."""
        bound = super().__new__(cls, timeout_s)
        bound.most_bytes = most_bytes
        bound.is_sent = False
        bound._bytes_left = most_bytes + HEADS_MOST_BYTES
        bound._ends_at = time.monotonic() + timeout_s
        bound._left_s = left_s
        return bound

    @property
    def has_received(self) -> bool:
        """Whether any byte of a reply came since the request's time began."""
        return self._bytes_left < self.most_bytes + HEADS_MOST_BYTES

    def next_wait_s(self) -> float:
        """Return how long the next read may wait for data.

        Raises:
            httpcore.ReadTimeout: the request's time is over.
        """
        left_s = self._ends_at - time.monotonic()
        if self._left_s is not None:
            left_s = min(left_s, self._left_s())
        if left_s <= 0:
            raise httpcore.ReadTimeout("the reply was not complete in time")
        return min(left_s, SLICE_S)

    def received(self, size: int) -> None:
        """Count bytes of the reply.

        Raises:
            ReplyTooLarge: the reply is too large.
        """
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ReplyTooLarge(self.most_bytes)


def timeouts(
    timeout_s: float, most_bytes: int, left_s: Callable[[], float] | None = None
) -> dict[str, float | None]:
    """Return a request's time-outs in the form that httpx passes to its transport.

    Args:
        timeout_s: the time limit of the whole request, in seconds.
        most_bytes: see `Bound`.
        left_s: see `Bound`.
    """
    connect_s = min(timeout_s, CONNECT_MOST_S)
    return {
        "connect": connect_s if left_s is None else max(0.0, min(connect_s, left_s())),
        "read": Bound(timeout_s, most_bytes, left_s),
        "write": timeout_s,
        "pool": timeout_s,
    }


def bound_reads(event: str, facts: dict[str, Any]) -> None:
    """Apply each request's bounds to the reads of a new connection; called with every event."""
    if event.endswith(CONNECTED):
        stream = facts["return_value"]
        stream.read = _bounded(_read_of(stream), weakref.ref(stream))


def abound_reads(event: str, facts: dict[str, Any]) -> None:
    """Count a new asyncio connection's bytes; asyncio itself limits the time of its requests."""
    if event == SENDING:
        bound = facts["request"].extensions["timeout"]["read"]
        if isinstance(bound, Bound):
            bound.is_sent = True
    elif event.endswith(CONNECTED):
        stream = facts["return_value"]
        stream.read = _counted(_read_of(stream), weakref.ref(stream))
        if event.endswith(WITHOUT_TLS):
            kind = cast("Any", type(stream))
            stream.start_tls = _or_closed(kind.start_tls, weakref.ref(stream))


def _read_of(stream: object) -> Any:
    """Return the `read` of a stream's class, which does not hold the stream."""
    return cast("Any", type(stream)).read


# A stream keeps what replaces its `read`, which must not keep the stream: such a cycle is left to
# Python's cycle collector.
def _bounded(
    read: Callable[..., bytes], stream: weakref.ref[Any]
) -> Callable[[int, float | None], bytes]:
    def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
        if not isinstance(timeout, Bound):
            return read(stream(), max_bytes, timeout)
        while True:
            wait_s = timeout.next_wait_s()
            try:
                data = read(stream(), max_bytes, wait_s)
            except httpcore.ReadTimeout:
                continue
            timeout.received(len(data))
            return data

    return bounded


def _counted(
    read: Callable[..., Awaitable[bytes]], stream: weakref.ref[Any]
) -> Callable[[int, float | None], Awaitable[bytes]]:
    async def counted(max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        data = await read(stream(), max_bytes, timeout)
        if isinstance(timeout, Bound):
            timeout.received(len(data))
        return data

    return counted


def _or_closed(
    start_tls: Callable[..., Awaitable[R]], stream: weakref.ref[Any]
) -> Callable[..., Awaitable[R]]:
    async def started(*arguments: Any, **named: Any) -> R:
        plain: Any = stream()
        try:
            return await start_tls(plain, *arguments, **named)
        except BaseException:
            # httpcore closes it after exceptions, and not where the request is cancelled.
            await plain.aclose()
            raise

    return started
