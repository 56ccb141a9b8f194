"""Hostile replies as data: what is sent, and which error it has to become.

A reply is made for an operation and a request. `Fate` says what has to become of it.
"""

from __future__ import annotations

import copy
import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import attrs

from tests.support.hostile.operations import OPERATIONS, Operation
from tests.support.stub_server import Answer, Drip, Reply, Request

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}
PAGE = b"<html><h1>Hello</h1></html>"


class Fate(Enum):
    """What has to become of a reply."""

    # Taken, or refused with any error of the SDK.
    EITHER = "either"
    # Taken as a sound one.
    SOUND = "sound"
    UNEXPECTED = "UnexpectedReply"
    # The request was sent, and its reply is lost.
    LOST = "ConnectionFailed"
    # What its status says.
    STATUS = "status"


@attrs.frozen
class Hostile:
    """A reply.

    Attributes:
        name: names it in a failure of the test.
        fate: what has to become of it.
        make: makes what is sent.
        status: its status, if that decides.
        only: the operations that it is for; empty for all.
    """

    name: str
    fate: Fate
    make: Callable[[Operation, Request], Answer]
    status: int = 0
    only: tuple[str, ...] = ()

    def is_for(self, operation: Operation) -> bool:
        """Return whether an operation can be answered so."""
        return not self.only or operation.name in self.only


def _raw(name: str, fate: Fate, data: bytes) -> Hostile:
    return Hostile(name, fate, lambda *_: data)


def _head(status: int, reason: bytes, *headers: bytes) -> bytes:
    line = b"HTTP/1.1 %d " % status + reason
    return b"\r\n".join((line, b"Connection: close", *headers, b"", b""))


def _paged(
    name: str, status: int, page: bytes = PAGE, *headers: bytes, reason: bytes = b"Odd"
) -> Hostile:
    """Return a reply whose status decides, whatever its page and its headers are."""
    head = _head(status, reason, b"Content-Length: %d" % len(page), *headers)
    return Hostile(name, Fate.STATUS, lambda *_: head + page, status)


def _body(name: str, fate: Fate, body: bytes, headers: dict[str, str] = JSON) -> Hostile:
    """Return a reply with a sound status and an unsound body."""

    def make(operation: Operation, _: Request) -> Answer:
        # An operation without a document has no other sound status than that without a body.
        return Reply(200 if operation.document is None else operation.status, body, headers)

    return Hostile(name, fate, make)


def _changed(
    name: str, fate: Fate, change: Callable[[bytes], bytes], headers: dict[str, str] = JSON
) -> Hostile:
    """Return a reply whose sound body is changed."""

    def make(operation: Operation, _: Request) -> Answer:
        body = (
            b"" if operation.document is None else change(json.dumps(operation.document).encode())
        )
        return Reply(operation.status, body, headers)

    return Hostile(name, fate, make)


def _framed(name: str, fate: Fate, headers: Callable[[bytes], bytes]) -> Hostile:
    """Return a reply whose sound body comes with odd headers."""

    def make(operation: Operation, _: Request) -> Answer:
        body = json.dumps(operation.document or {}).encode()
        status = 200 if operation.document is None else operation.status
        return _head(status, b"OK", headers(body)) + body

    return Hostile(name, fate, make)


def page_at(status: int) -> Hostile:
    """Return a web page with a status."""
    return _paged(str(status), status)


def statuses() -> list[Hostile]:
    """Return a web page with each status."""
    return [
        Hostile(str(status), Fate.LOST, _paged("", status).make, status)
        if status < 200  # and no other after it
        else page_at(status)
        for status in range(100, 600)
    ]


ELSEWHERE = b"http://elsewhere.invalid/api/"
LOCATIONS = {
    "elsewhere": ELSEWHERE,
    "itself": b"/api/runs",
    "nowhere": b"",
    "no URL": b"http://[::1",
    "a script": b"javascript:alert(1)",
    "a terminal's controls": b"http://x.invalid/\x9b31m\xc2\x9b2J",
    "50 KB": b"http://x.invalid/" + b"a" * 50_000,
}


def pages() -> list[Hostile]:
    """Return replies that are no success, with odd pages, headers and texts."""
    redirections = [
        _paged(f"{status} to {name}", status, b"", b"Location: " + place)
        for status in (301, 302, 303, 307, 308)
        for name, place in LOCATIONS.items()
    ]
    odd = {
        "a terminal's controls": b"\x1b[31mred\x07\x00\x7f\xc2\x9b2J \xe2\x80\xae \xf3\xa0\x80\x81",
        "no UTF-8": b"\xff\xfe\xd8\x00" * 999,
        "entities": b"&#27;[31m &#xD800; &#x202e; &#99999999999999;" * 99,
        "brackets": b"<" * 70_000,
        "scripts": b"<script" * 9_000,
        "lines": b"a\r\nb\n\x85\xe2\x80\xa8c" * 999,
        "one word": b"a" * 200_000,
    }
    headers = {
        "charset": b"Content-Type: text/html; charset=undefined",
        "charset utf-16": b"Content-Type: text/html; charset=utf-16",
        "type": b"Content-Type: \xff\xfe",
        "gzip that is none": b"Content-Encoding: gzip",
        "encodings": b"Content-Encoding: gzip, br, zstd, x",
        "a wish": b"Retry-After: " + b"9" * 400,
        "a date": b"Retry-After: Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        "a cookie": b"Set-Cookie: =;=;Expires=x",
    }
    return [
        *redirections,
        *(
            _paged(f"{status}, {name}", status, page)
            for status in (400, 401, 404, 500, 503)
            for name, page in odd.items()
        ),
        *(
            _paged(f"{status}, {name}", status, PAGE, each)
            for status in (400, 502, 503)
            for name, each in headers.items()
        ),
        *(
            _paged(f"{status}, reason", status, b"", reason=b"\x1b[31mbad \x9b2J" + b"x" * 9_000)
            for status in (301, 400, 503)
        ),
        _paged("600", 600),
        _paged("999", 999),
    ]


GZIP_BOMB = gzip.compress(bytes(1 << 22))
DEFLATE_BOMB = zlib.compress(bytes(1 << 22))
BODIES = {
    "a page": PAGE,
    "nothing": b"",
    "a cut object": b'{"data": [{"id": 1, "uuid": "0123',
    "a cut text": b'{"token": "abc',
    "100,000 lists": b"[" * 100_000,
    "100,000 objects": b'{"data":' * 100_000,
    "100,000 closed lists": b"[" * 100_000 + b"]" * 100_000,
    "5,000 digits": b'{"data": ' + b"9" * 5_000 + b"}",
    "no UTF-8": b'{"token": "\xff\xfe"}',
    "half of UTF-16": '{"token": "abc"}'.encode("utf-16")[:-1],
    "a byte order mark": b"\xef\xbb\xbf",
    "two documents": b'{"data": []} {"data": []}',
    "XML": b"<?xml version='1.0'?><runs/>",
    "controls": b"\x00\x01\x1b[2J",
    "lone surrogate": b'{"token": "\\ud800", "uuid": "\\ud800", "id": 1, "numTasks": 1}',
    "not a number": b"NaN",
}
ENCODED = {
    "gzip": GZIP_BOMB,
    "deflate": DEFLATE_BOMB,
    "br": GZIP_BOMB,
    "zstd": GZIP_BOMB,
    "gzip, gzip": gzip.compress(GZIP_BOMB),
    "\x9b31m": b"",
}
CHARSETS = ("undefined", "hex", "utf-16", "idna", "punycode", "")


def _twice(body: bytes) -> bytes:
    """Return an object with each of its keys twice, the sound value last."""
    inner = body.strip()[1:-1]
    keys = json.loads(body)
    return b"{" + b"".join(b'"%s": null, ' % key.encode() for key in keys) + inner + b"}"


def bodies() -> list[Hostile]:
    """Return replies with the sound status and a body that is none, or an odd sound one."""
    return [
        *(_body(name, Fate.UNEXPECTED, body) for name, body in BODIES.items()),
        *(
            _body(
                f"encoded as {name!a}",
                Fate.UNEXPECTED,
                body,
                {**JSON, "Content-Encoding": name},
            )
            for name, body in ENCODED.items()
        ),
        *(
            _body(
                f"a page, charset {name!r}",
                Fate.UNEXPECTED,
                PAGE,
                {"Content-Type": f"text/html; charset={name}"},
            )
            for name in CHARSETS
        ),
        *(
            _changed(
                f"charset {name!r}",
                Fate.SOUND,
                bytes,
                {"Content-Type": f"application/json; charset={name}"},
            )
            for name in CHARSETS
        ),
        _changed("a byte order mark before it", Fate.SOUND, lambda body: b"\xef\xbb\xbf" + body),
        _changed("in UTF-16", Fate.SOUND, lambda body: body.decode().encode("utf-16")),
        _changed("in UTF-32", Fate.SOUND, lambda body: body.decode().encode("utf-32")),
        _changed("keys twice", Fate.SOUND, _twice),
        _changed(
            "keys twice, the unsound last",
            Fate.EITHER,
            lambda body: body[:-1] + b', "id": null, "token": null}',
        ),
        _changed("500 KB of blanks", Fate.SOUND, lambda body: b" " * 500_000 + body),
        _changed("another key", Fate.SOUND, lambda body: b'{"\\ud800": [], ' + body[1:]),
        _changed("a cookie", Fate.SOUND, bytes, {**JSON, "Set-Cookie": "a=b; Path=/"}),
        _changed("a hostile date", Fate.SOUND, bytes, {**JSON, "Date": "\x9b" * 9_000}),
    ]


def frames() -> list[Hostile]:
    """Return replies that are no HTTP, are cut, or tell a wrong length."""
    ok = b"HTTP/1.1 200 OK\r\n"
    lost = {
        "closed at once": b"",
        "cut in the status line": b"HTTP/1.1 20",
        "cut after the status line": ok,
        "cut in a header": ok + b"Content-Le",
        "cut before the end of the head": ok + b"Content-Length: 10\r\n",
        "cut after 100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/0.9": PAGE,
        "HTTP/0.9, lines": PAGE + b"\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/2 settings": b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "SMTP": b"220 mail.invalid ESMTP\r\n\r\n",
        "an upgrade": _head(101, b"Switching", b"Upgrade: h2c", b"Connection: upgrade"),
        "status 099": b"HTTP/1.1 099 Odd\r\n\r\n",
        "status 1000": b"HTTP/1.1 1000 Odd\r\n\r\n",
        "status of letters": b"HTTP/1.1 abc Odd\r\n\r\n",
        "a long line": b"\x1b[2J" + b"z" * 90_000 + b"\r\n\r\n",
        "a header that is none": ok + b"Bad header\x00line " + b"q" * 9_000 + b"\r\n\r\n",
        "a header of 1 MB": ok + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
        "a name of 1 MB": ok + b"y" * 1_000_000 + b": x\r\n\r\n",
        "a folded header": ok + b" folded: x\r\n\r\n",
        "a null in a header": ok + b"X: a\x00b\r\n\r\n",
        "gzip and chunked": _head(200, b"OK", b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
        "a chunk without a size": _head(200, b"OK", b"Transfer-Encoding: chunked") + b"zz\r\n",
        "a chunk with a huge size": _head(200, b"OK", b"Transfer-Encoding: chunked")
        + b"f" * 30
        + b"\r\n",
        "a chunk cut": _head(200, b"OK", b"Transfer-Encoding: chunked") + b"10\r\nabc",
        "chunks without an end": _head(200, b"OK", b"Transfer-Encoding: chunked") + b"1\r\n \r\n",
    }
    many = b"\r\n".join(b"X-%d: y" % n for n in range(10_000))
    return [
        *(_raw(name, Fate.LOST, data) for name, data in lost.items()),
        _raw("version 9.9", Fate.UNEXPECTED, b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"),
        _raw("cut after the head", Fate.LOST, _head(200, b"OK", b"Content-Length: 9")),
        _framed("cut in the body", Fate.LOST, lambda body: b"Content-Length: %d" % (len(body) + 5)),
        _framed(
            "length too small",
            Fate.UNEXPECTED,
            lambda body: b"Content-Length: %d" % (len(body) - 1),
        ),
        _framed("length negative", Fate.LOST, lambda body: b"Content-Length: -%d" % len(body)),
        _framed(
            "lengths, two",
            Fate.LOST,
            lambda body: b"Content-Length: 1\r\nContent-Length: %d" % len(body),
        ),
        _framed("length of letters", Fate.LOST, lambda _: b"Content-Length: ten"),
        _framed("length in other digits", Fate.LOST, lambda _: b"Content-Length: \xd9\xa1\xd9\xa0"),
        _framed("length of 5,000 digits", Fate.LOST, lambda _: b"Content-Length: " + b"9" * 5_000),
        _framed("length of 20 digits", Fate.UNEXPECTED, lambda _: b"Content-Length: " + b"9" * 20),
        _framed("200 MB to come", Fate.UNEXPECTED, lambda _: b"Content-Length: 200000000"),
        _framed(
            "10,000 headers", Fate.EITHER, lambda body: many + b"\r\nContent-Length: %d" % len(body)
        ),
        _framed("no length", Fate.EITHER, lambda _: b"Connection: close"),
    ]


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
            return _head(status, b"Odd", b"Content-Length: %d" % len(body), *headers) + body

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
            lambda told: _head(503, _unpacked(told), b"Content-Length: 0"),
            503,
        ),
        echo(
            "in the place",
            Fate.STATUS,
            lambda told: _head(
                302, b"", b"Location: http://x.invalid/?t=" + _unpacked(told), b"Content-Length: 0"
            ),
            302,
        ),
        echo(
            "in the encoding",
            Fate.UNEXPECTED,
            lambda told: _head(200, b"OK", b"Content-Encoding: " + told),
        ),
        echo("in no status line", Fate.LOST, lambda told: told + b"\r\n\r\n"),
        echo(
            "in no header",
            Fate.LOST,
            lambda told: _head(200, b"OK", _unpacked(told).replace(b":", b" ")),
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
    import base64

    return base64.b64decode(authorization.partition(b" ")[2])


def _in_entities(authorization: bytes) -> bytes:
    return b"".join(b"&#%d;" % byte for byte in _unpacked(authorization))


VALUES: dict[str, object] = {
    "null": None,
    "an empty text": "",
    "text": "text",
    "a text of controls": "\x1b[2J\ud800",
    "a path": "../../x",
    "an integer": 7,
    "a negative integer": -1,
    "a fraction": 1.5,
    "a list": [],
    "an object": {},
    "true": True,
    "NaN": float("nan"),
    "an infinity": float("inf"),
    "2^63": 2**63,
    "400 digits": int("9" * 400),
    "1e400": "@1e400",
    "5,000 digits": "@" + "9" * 5_000,
    "a text of 1 MB": "x" * 900_000,
    "missing": "@",
}
NUMBERS = (
    "an integer",
    "a negative integer",
    "a fraction",
    "NaN",
    "an infinity",
    "2^63",
    "400 digits",
    "1e400",
)
# By the last key of a place, or the number of a row: which values are taken there, because other
# clients may have written them, or the SDK does not use them.
TAKEN: dict[str | int, tuple[str, ...]] = {
    "numTasks": tuple(set(VALUES) - {"missing", "5,000 digits"}),
    "percentDone": NUMBERS,
    "percentCompleted": (*NUMBERS, "null"),
    "numWaiting": ("an integer",),
    "numComputing": ("an integer",),
    "numDone": ("an integer",),
    "token": ("text", "a path"),
    "data": ("a list",),
    0: ("missing",),
}
Place = tuple[str | int, ...]


def _places(value: object, at: Place = ()) -> Iterator[Place]:
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*at, index))


def _put(document: Any, place: Place, value: object) -> bytes:
    """Return a document with another value in a place, as JSON; "@…" is JSON, and "@" nothing."""
    changed = {"": copy.deepcopy(document)}
    holder: Any = changed
    *outer, last = ("", *place)
    for key in outer:
        holder = holder[key]
    literal = value[1:] if isinstance(value, str) and value.startswith("@") else None
    if literal == "":
        del holder[last]
    else:
        holder[last] = value if literal is None else "literal"
    text = json.dumps(changed.get(""))
    return text.replace('"literal"', literal or "").encode()


def types() -> list[Hostile]:
    """Return the sound documents with each value in each of their places."""
    return [
        Hostile(
            f"{name}{list(place)}: {what}",
            _fate_of(operation, place, what),
            _made(operation, place, value),
            only=(name,),
        )
        for name, operation in OPERATIONS.items()
        if operation.document is not None
        for place in _places(operation.document)
        for what, value in VALUES.items()
        if place or what != "missing"
    ]


def _made(
    operation: Operation, place: Place, value: object
) -> Callable[[Operation, Request], Answer]:
    body = _put(operation.document, place, value)
    return lambda *_: Reply(operation.status, body, JSON)


def _fate_of(operation: Operation, place: Place, what: str) -> Fate:
    last = place[-1] if place else ""
    if what == "5,000 digits" or not place:
        return Fate.UNEXPECTED
    if (
        last == "id"
        and "uuid" in json.dumps(operation.document)
        and operation.name != "register_worker"
    ):
        return Fate.EITHER if what == "an integer" else Fate.UNEXPECTED
    if last == "id":
        return Fate.UNEXPECTED if what == "missing" else Fate.EITHER
    if last == "task" and operation.name == "claim_task" and what == "an integer":
        return Fate.EITHER
    return Fate.EITHER if what in TAKEN.get(last, ()) else Fate.UNEXPECTED


def drips() -> list[Hostile]:
    """Return replies that trickle and never end, but for one that says nothing for a while."""
    ok = b"HTTP/1.1 200 OK\r\n"
    chunked = _head(200, b"OK", b"Transfer-Encoding: chunked")
    endless: dict[str, tuple[list[bytes], bytes]] = {
        "a status line": ([], b"H"),
        "headers": ([ok], b"X-A: b\r\n"),
        "a header": ([ok, b"X: "], b"y"),
        "100 Continue": ([], b"HTTP/1.1 100 Continue\r\n\r\n"),
        "a body": ([_head(200, b"OK", b"Content-Length: 999999")], b" "),
        "a body without a length": ([_head(200, b"OK")], b" "),
        "chunks": ([chunked], b"1\r\n \r\n"),
        "the size of a chunk": ([chunked], b"0"),
        "trailers": ([chunked, b"0\r\n"], b"X-A: b\r\n"),
    }
    return [
        # A server cannot see that a client has gone to which it sends nothing.
        _pieces("silence", Fate.LOST, [], [b""] * 200),
        *(_dripped(name, begin, piece) for name, (begin, piece) in endless.items()),
    ]


def _dripped(name: str, begin: list[bytes], piece: bytes) -> Hostile:
    return Hostile(
        name,
        Fate.LOST,
        lambda *_: Drip(itertools.chain(begin, itertools.repeat(piece)), every_s=0.01),
    )


def _pieces(
    name: str, fate: Fate, begin: list[bytes], pieces: list[bytes], status: int = 0
) -> Hostile:
    every_s = 0.01 if fate is Fate.LOST and not any(pieces) else 0.0
    return Hostile(name, fate, lambda *_: Drip(iter([*begin, *pieces]), every_s), status)


FLOOD_BYTES = 200_000_000
LABORIOUS = ("small chunks", "100 Continue", "a page in chunks")
PIECE_BYTES = 200_000


def floods() -> list[Hostile]:
    """Return replies of 200 MB, as they are or once they are unpacked.

    What comes in `LABORIOUS` pieces keeps a client busy up to the bound of bytes, or of time.
    """

    def flood(name: str, fate: Fate, head: bytes, unit: bytes, status: int = 0) -> Hostile:
        piece = unit * (PIECE_BYTES // len(unit))
        return _pieces(name, fate, [head], [piece] * (FLOOD_BYTES // len(piece)), status)

    length = b"Content-Length: %d" % FLOOD_BYTES
    chunked = _head(200, b"OK", b"Transfer-Encoding: chunked")
    bomb = _bomb()
    packed = (b"Content-Encoding: gzip", b"Content-Length: %d" % len(bomb))
    return [
        flood("a body", Fate.UNEXPECTED, _head(200, b"OK", length), b" "),
        flood("a body without a length", Fate.UNEXPECTED, _head(200, b"OK"), b" "),
        flood("chunks", Fate.UNEXPECTED, chunked, b"186a0\r\n" + b" " * 100_000 + b"\r\n"),
        flood("small chunks", Fate.UNEXPECTED, chunked, b"1\r\n \r\n"),
        flood("100 Continue", Fate.UNEXPECTED, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        flood("headers", Fate.LOST, b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        flood("a header", Fate.LOST, b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        flood("trailers", Fate.LOST, chunked + b"0\r\n", b"X-A: b\r\n"),
        flood("a page", Fate.STATUS, _head(503, b"Busy", length), b"busy ", 503),
        flood("a page in chunks", Fate.STATUS, chunked.replace(b"200", b"503"), b"1\r\nb\r\n", 503),
        _raw("a gzip bomb", Fate.UNEXPECTED, _head(200, b"OK", *packed) + bomb),
        _paged("a page that is a gzip bomb", 503, bomb, packed[0]),
        _body("lists in a list", Fate.UNEXPECTED, b"[" + b"[]," * 340_000 + b"[]]"),
    ]


def _bomb() -> bytes:
    """Return 200 MB in gzip's form, some 200 KB."""
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(bytes(1_000_000)) for _ in range(FLOOD_BYTES // 1_000_000)]
    return b"".join([*packed, packer.flush()])
