"""Limits that both kinds of servers keep, and those of the one that reads requests whole."""

from __future__ import annotations

import dataclasses

# Longer than the 5 s of httpx and the 1.5 s of the SDK: the client closes first, so that no request
# uses a connection that the server is closing.
KEEPALIVE_S = 10
GRACE_S = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client may take of a server that reads requests whole.

    The largest request of the SDK has under 1 KiB, the header included.

    Attributes:
        request_s: the most seconds from a request's first byte to its last.
        keepalive_s: the most seconds between a reply and the next request's first byte.
        reply_s: the most seconds in which a client takes nothing of its reply.
        linger_s: the most seconds for which the rest of a refused request is read and dropped, so
            that its client gets to read why.
        body_bytes: the most bytes of a request's body.
        header_bytes: the most bytes of a request's header.
        unread_bytes: the most bytes of all requests that are not whole yet.
        connections: the most connections; at one more, the longest idle one is closed.
    """

    request_s: float = 20.0
    keepalive_s: float = KEEPALIVE_S
    reply_s: float = 20.0
    linger_s: float = 2.0
    body_bytes: int = 1024 * 1024
    header_bytes: int = 64 * 1024
    unread_bytes: int = 64 * 1024 * 1024
    connections: int = 1000
