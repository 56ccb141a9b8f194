"""Bounds of one request: its total time, and the size of its reply.

httpx bounds each read alone, so a server that sends a byte a second is never too slow for it, and
nothing bounds a reply's size. httpcore hands the read time-out of a request on to each `read` of
its connection: a time-out that knows when the request is to be over reaches them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self, cast

from taskfarm_sdk._transport.httpx_import import httpcore

# As httpx's transport names the moments at which a connection is there.
CONNECTED = ("connect_tcp.complete", "start_tls.complete")
# A wait for data looks so often whether its request is to be over.
SLICE_S = 0.5
# A list of half a million runs is below it.
REPLY_MOST_BYTES = 64 * 1024 * 1024
# Each address of a name is tried for that long at most.
CONNECT_MOST_S = 5.0


class ReplyTooLarge(Exception):
    """A reply is larger than any that a taskfarm server sends."""


class Bound(float):
    """The bound of one request, in the place of its read time-out.

    Args:
        timeout_s: how long the request may take in all.
        left_s: how long it may still take, asked anew during the request, for a request that may
            have to be hurried.
    """

    __slots__ = ("_bytes_left", "_ends_at", "_left_s")

    _bytes_left: int
    _ends_at: float
    _left_s: Callable[[], float] | None

    def __new__(cls, timeout_s: float, left_s: Callable[[], float] | None = None) -> Self:
        """Begin the time of a request."""
        bound = super().__new__(cls, timeout_s)
        bound._bytes_left = REPLY_MOST_BYTES
        bound._ends_at = time.monotonic() + timeout_s
        bound._left_s = left_s
        return bound

    def next_wait_s(self) -> float:
        """Return how long the next read may wait for data.

        Raises:
            httpcore.ReadTimeout: the request's time is over.
        """
        left_s = self._ends_at - time.monotonic()
        if self._left_s is not None:
            left_s = min(left_s, self._left_s())
        if left_s <= 0:
            raise httpcore.ReadTimeout("no whole reply in time")
        return min(left_s, SLICE_S)

    def received(self, size: int) -> None:
        """Count bytes of the reply.

        Raises:
            ReplyTooLarge: there are too many.
        """
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ReplyTooLarge


def timeouts(
    timeout_s: float, left_s: Callable[[], float] | None = None
) -> dict[str, float | None]:
    """Return a request's time-outs, as httpx hands them to its transport.

    Args:
        timeout_s: how long the request may take in all.
        left_s: see `Bound`.
    """
    connect_s = min(timeout_s, CONNECT_MOST_S)
    return {
        "connect": connect_s if left_s is None else max(0.0, min(connect_s, left_s())),
        "read": Bound(timeout_s, left_s),
        "write": timeout_s,
        "pool": timeout_s,
    }


def bound_reads(event: str, facts: dict[str, Any]) -> None:
    """Have a connection that was made keep the bounds of each request; told of all that happens."""
    if event.endswith(CONNECTED):
        stream = facts["return_value"]
        stream.read = _bounded(stream.read)


def abound_reads(event: str, facts: dict[str, Any]) -> None:
    """Do the same for a connection of asyncio's, whose requests have their time bounded there."""
    if event.endswith(CONNECTED):
        stream = facts["return_value"]
        stream.read = _counted(stream.read)


def _bounded(read: Callable[..., bytes]) -> Callable[..., bytes]:
    def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
        if not isinstance(timeout, Bound):
            return read(max_bytes, timeout)
        while True:
            wait_s = timeout.next_wait_s()
            try:
                data = read(max_bytes, wait_s)
            except httpcore.ReadTimeout:
                continue
            timeout.received(len(data))
            return data

    return bounded


def _counted(read: Callable[..., Any]) -> Callable[..., Any]:
    async def counted(max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        data = cast("bytes", await read(max_bytes, timeout))
        if isinstance(timeout, Bound):
            timeout.received(len(data))
        return data

    return counted
