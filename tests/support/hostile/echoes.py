"""Replies that contain the credentials of their request, in many places."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from tests.support.hostile.replies import Fate, Hostile, head_of


def echoes() -> list[Hostile]:
    """Return replies that contain the credentials of their request, in many places."""

    def echo(name: str, fate: Fate, make: Callable[[bytes], bytes], status: int = 0) -> Hostile:
        return Hostile(
            name, fate, lambda _, request: make(request.headers["Authorization"].encode()), status
        )

    def page(
        status: int, reply: Callable[[bytes], bytes], *headers: bytes
    ) -> Callable[[bytes], bytes]:
        def made(authorization: bytes) -> bytes:
            body = reply(authorization)
            return head_of(status, b"Odd", b"Content-Length: %d" % len(body), *headers) + body

        return made

    return [
        *(
            echo(f"in the page of {status}", Fate.STATUS, page(status, reply), status)
            for status in (400, 401, 403, 404, 500, 503)
            for reply in (_told, _unpacked, _in_entities)
        ),
        *(
            echo(
                f"in the page's 8 KiB of {status}",
                Fate.STATUS,
                page(status, lambda told: b" " * (8192 - 30) + _unpacked(told)),
                status,
            )
            for status in (400, 503)
        ),
        echo(
            "in the reason",
            Fate.STATUS,
            lambda told: head_of(503, _unpacked(told), b"Content-Length: 0"),
            503,
        ),
        echo(
            "in the place",
            Fate.STATUS,
            lambda told: head_of(
                302, b"", b"Location: http://x.invalid/?t=" + _unpacked(told), b"Content-Length: 0"
            ),
            302,
        ),
        echo(
            "in the encoding",
            Fate.UNEXPECTED,
            lambda told: head_of(200, b"OK", b"Content-Encoding: " + told),
        ),
        echo("in no status line", Fate.LOST, lambda told: told + b"\r\n\r\n"),
        echo(
            "in no header",
            Fate.LOST,
            lambda told: head_of(200, b"OK", _unpacked(told).replace(b":", b" ")),
        ),
        echo(
            "as a status of a task",
            Fate.UNEXPECTED,
            page(
                200,
                lambda told: json.dumps(
                    {"id": 1, "task": 0, "percentCompleted": 0, "status": _unpacked(told).decode()}
                ).encode(),
            ),
        ),
    ]


def _told(authorization: bytes) -> bytes:
    return b"<pre>Authorization: " + authorization + b"</pre>"


def _unpacked(authorization: bytes) -> bytes:
    return base64.b64decode(authorization.partition(b" ")[2])


def _in_entities(authorization: bytes) -> bytes:
    return b"".join(b"&#%d;" % byte for byte in _unpacked(authorization))
