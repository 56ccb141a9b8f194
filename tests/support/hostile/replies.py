"""Hostile replies as data: what is sent, and which error it has to become.

A reply is made for an operation and a request. `Fate` says what has to become of it.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable
from enum import Enum

import attrs

from tests.support.hostile.operations import DOCUMENTED, Operation
from tests.support.stub_server import Answer, Reply, Request

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


def raw(name: str, fate: Fate, data: bytes) -> Hostile:
    """Return a reply of these bytes, after which the connection ends."""
    return Hostile(name, fate, lambda *_: data)


def head_of(status: int, reason: bytes, *headers: bytes) -> bytes:
    """Return the head of a reply, after which the connection ends."""
    line = b"HTTP/1.1 %d " % status + reason
    return b"\r\n".join((line, b"Connection: close", *headers, b"", b""))


def paged(
    name: str, status: int, page: bytes = PAGE, *headers: bytes, reason: bytes = b"Odd"
) -> Hostile:
    """Return a reply whose status decides, whatever its page and its headers are."""
    head = head_of(status, reason, b"Content-Length: %d" % len(page), *headers)
    return Hostile(name, Fate.STATUS, lambda *_: head + page, status)


def body_of(name: str, fate: Fate, body: bytes, headers: dict[str, str] = JSON) -> Hostile:
    """Return a reply with a sound status and an unsound body."""

    def make(operation: Operation, _: Request) -> Answer:
        # An operation without a document has no other sound status than that without a body.
        return Reply(200 if operation.document is None else operation.status, body, headers)

    return Hostile(name, fate, make)


def _changed(
    name: str,
    fate: Fate,
    change: Callable[[bytes], bytes],
    headers: dict[str, str] = JSON,
    only: tuple[str, ...] = (),
) -> Hostile:
    """Return a reply whose sound body is changed."""

    def make(operation: Operation, _: Request) -> Answer:
        body = (
            b"" if operation.document is None else change(json.dumps(operation.document).encode())
        )
        return Reply(operation.status, body, headers)

    return Hostile(name, fate, make, only=only)


def page_at(status: int) -> Hostile:
    """Return a web page with a status."""
    return paged(str(status), status)


def statuses() -> list[Hostile]:
    """Return a web page with each status."""
    return [
        Hostile(str(status), Fate.LOST, paged("", status).make, status)
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
        paged(f"{status} to {name}", status, b"", b"Location: " + place)
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
    wishes = {
        "a wish below zero": b"Retry-After: -1",
        "a wish with an exponent": b"Retry-After: 1e309",
        "a wish in other digits": b"Retry-After: \xd9\xa1",
        "two wishes": b"Retry-After: 1\r\nRetry-After: 999999999",
        "a realm of 50 KB": b'WWW-Authenticate: Basic realm="' + b"y" * 50_000 + b'"',
        "a ticket": b"WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM",
        "another way": b'Alt-Svc: h3="x.invalid:443"; ma=99999999999',
        "another place": b"Refresh: 0; url=http://x.invalid/\r\nLink: <http://x.invalid/>",
    }
    return [
        *redirections,
        *(
            paged(f"{status}, {name}", status, page)
            for status in (400, 401, 404, 500, 503)
            for name, page in odd.items()
        ),
        *(
            paged(f"{status}, {name}", status, PAGE, each)
            for status in (400, 502, 503)
            for name, each in headers.items()
        ),
        *(
            paged(f"{status}, reason", status, b"", reason=b"\x1b[31mbad \x9b2J" + b"x" * 9_000)
            for status in (301, 400, 503)
        ),
        *(
            paged(f"{status}, {name}", status, PAGE, each)
            for status in (401, 429)
            for name, each in wishes.items()
        ),
        paged("600", 600),
        paged("999", 999),
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
    "no Unicode": '{"token": "\xe9"}'.encode("latin-1"),
    "EBCDIC": b'{"data": []}'.decode().encode("cp037"),
    "a fraction of 900,000 digits": b'{"data": 0.' + b"3" * 900_000 + b"}",
    "an exponent of 900,000 digits": b'{"data": 1e' + b"9" * 900_000 + b"}",
    "100,000 keys": b"{" + b",".join(b'"%d":0' % number for number in range(100_000)) + b"}",
    "900 KB of escapes": b'{"data": "' + b"\\ud83d" * 150_000 + b'"}',
    "a zero below zero": b"-0",
}
ENCODED = {
    "gzip": GZIP_BOMB,
    "deflate": DEFLATE_BOMB,
    "br": GZIP_BOMB,
    "zstd": GZIP_BOMB,
    "GZIP": GZIP_BOMB,
    "identity, gzip": GZIP_BOMB,
    "gzip, gzip": gzip.compress(GZIP_BOMB),
    "\x9b31m": b"",
}
CHARSETS = ("undefined", "hex", "utf-16", "idna", "punycode", "", "iso-8859-1", "utf-7", "zlib")
# What other software puts around a document.
AROUND: dict[str, tuple[bytes, bytes]] = {
    "a guard before it": (b")]}',\n", b""),
    "a call around it": (b"callback(", b");"),
    "a comment behind it": (b"", b" // runs"),
    "a comma behind it": (b"", b","),
    "a list around it": (b"[", b"]"),
    "a null behind it": (b"", b"\x00"),
    "a warning before it": (b"<br />\n<b>Warning</b>: odd in <b>x</b>\n", b""),
}


def _twice(body: bytes) -> bytes:
    """Return an object with each of its keys twice, the sound value last."""
    inner = body.strip()[1:-1]
    keys = json.loads(body)
    return b"{" + b"".join(b'"%s": null, ' % key.encode() for key in keys) + inner + b"}"


def _escaped(body: bytes) -> bytes:
    """Return a document with each letter and digit of its texts, and of its keys, escaped."""

    def escape(text: re.Match[bytes]) -> bytes:
        return b'"' + b"".join(b"\\u%04X" % byte for byte in text[1]) + b'"'

    return re.sub(rb'"(\w*)"', escape, body)


def _wrapped(before: bytes, behind: bytes) -> Callable[[bytes], bytes]:
    return lambda body: before + body + behind


def bodies() -> list[Hostile]:
    """Return replies with the sound status and a body that is none, or an odd sound one."""
    return [
        *(body_of(name, Fate.UNEXPECTED, body) for name, body in BODIES.items()),
        *(
            body_of(
                f"encoded as {name!a}",
                Fate.UNEXPECTED,
                body,
                {**JSON, "Content-Encoding": name},
            )
            for name, body in ENCODED.items()
        ),
        *(
            body_of(
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
        *(
            _changed(name, Fate.UNEXPECTED, _wrapped(*around), only=DOCUMENTED)
            for name, around in AROUND.items()
        ),
        *(
            _changed(f"encoded as {name}", Fate.SOUND, bytes, {**JSON, "Content-Encoding": name})
            for name in ("identity", "IDENTITY", "")
        ),
        _changed("escapes", Fate.SOUND, _escaped),
        _changed("a type of text", Fate.SOUND, bytes, {"Content-Type": "text/plain"}),
        _changed("no type", Fate.SOUND, bytes, {}),
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
