"""Replies that are no HTTP, are cut, tell a wrong length, or are HTTP as few servers write it."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.support.hostile.operations import BARE, DOCUMENTED, OPERATIONS, Operation
from tests.support.hostile.replies import PAGE, Fate, Hostile, head_of, raw
from tests.support.stub_server import Answer, Drip, Reply, Request, Reset


def _framed(name: str, fate: Fate, headers: Callable[[bytes], bytes]) -> Hostile:
    """Return a reply whose sound body comes with odd headers."""

    def make(operation: Operation, _: Request) -> Answer:
        body = json.dumps(operation.document or {}).encode()
        status = 200 if operation.document is None else operation.status
        return head_of(status, b"OK", headers(body)) + body

    return Hostile(name, fate, make)


def _written(
    name: str,
    fate: Fate,
    write: Callable[[bytes, bytes], Answer],
    only: tuple[str, ...] = DOCUMENTED,
) -> Hostile:
    """Return a sound reply that is written oddly, from its status line's end and its body."""

    def make(operation: Operation, _: Request) -> Answer:
        return write(b"%d OK" % operation.status, _body_of(operation))

    return Hostile(name, fate, make, only=only)


def _body_of(operation: Operation) -> bytes:
    return b"" if operation.document is None else json.dumps(operation.document).encode()


def cuts() -> list[Hostile]:
    """Return the sound reply to each operation, cut before each of its bytes, and reset there."""
    return [
        Hostile(
            f"{name} cut at byte {end}{how}",
            Fate.LOST,
            lambda *_, data=data: data,
            only=(name,),
        )
        for name, operation in OPERATIONS.items()
        for end in range(len(_plainly(operation)))
        for how, data in _ended(_plainly(operation)[:end], resets=end % RESET_EVERY == 0)
    ]


# A connection that is reset looks like one that is closed to all but the reading of the socket.
RESET_EVERY = 10


def _ended(data: bytes, *, resets: bool) -> list[tuple[str, Answer]]:
    return [("", data), *([(" by a reset", Reset(data))] if resets else [])]


def _plainly(operation: Operation) -> bytes:
    body = _body_of(operation)
    length = [b"Content-Length: %d" % len(body)] if operation.document is not None else []
    return head_of(operation.status, b"OK", *length) + body


def _in_chunks(status: bytes, body: bytes, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """Return a reply with each byte of its body in a chunk of its own."""
    chunks = b"".join(b"1%s\r\n%c\r\n" % (extension, byte) for byte in body)
    head = b"HTTP/1.1 " + status + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunks + b"0" + extension + b"\r\n" + trailer + b"\r\n"


def _headed(status: bytes, body: bytes, end: bytes = b"\r\n", before: bytes = b"") -> bytes:
    """Return a reply whose lines end oddly, or that comes after something."""
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), b"", b"")
    return before + end.join(lines) + body


HINTS = b"".join(
    b"HTTP/1.1 %d Wait\r\nLink: <http://x.invalid/>\r\n\r\n" % status for status in (100, 102, 103)
)
STRANGER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull"


def oddly_framed() -> list[Hostile]:
    """Return sound replies that are written as few servers do, or with something behind them."""
    lengths = {
        "length with a plus": b"Content-Length: +%d",
        "length in hexadecimals": b"Content-Length: 0x%x",
        "lengths in one header, two": b"Content-Length: %d, 1",
        "length with a blank before the colon": b"Content-Length : %d",
        "length and another encoding": b"Content-Length: %d\r\nTransfer-Encoding: identity",
        "chunked twice": b"Content-Length: %d\r\nTransfer-Encoding: chunked, chunked",
        "length and no chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked",
    }
    kept = {"Content-Type": "application/json"}
    return [
        *(
            _framed(name, Fate.LOST, lambda body, header=header: header % len(body))  # type: ignore[misc]
            for name, header in lengths.items()
        ),
        _written("each byte a chunk", Fate.SOUND, _in_chunks),
        _written(
            "chunks with extensions and trailers",
            Fate.SOUND,
            lambda status, body: _in_chunks(status, body, b"; a=b", b"X-A: b\r\nX-C: d\r\n"),
        ),
        _written(
            "a chunk with a size below zero",
            Fate.LOST,
            lambda status, body: _in_chunks(status, body).replace(b"1\r\n", b"-1\r\n", 1),
        ),
        _written(
            "a chunk longer than its size",
            Fate.LOST,
            lambda status, body: _in_chunks(status, body).replace(b"1\r\n{", b"1\r\n{{", 1),
        ),
        _written(
            "a chunk with an extension of 1 MB",
            Fate.LOST,
            lambda status, body: _in_chunks(status, body[:1], b";" + b"y" * 1_000_000),
        ),
        _written(
            "a trailer of 1 MB",
            Fate.LOST,
            lambda status, body: _in_chunks(status, body, trailer=b"X: " + b"y" * 1_000_000),
        ),
        _written("line feeds alone", Fate.SOUND, lambda status, body: _headed(status, body, b"\n")),
        _written(
            "carriage returns alone",
            Fate.LOST,
            lambda status, body: _headed(status, body, b"\r"),
        ),
        _written(
            "an empty line before it",
            Fate.LOST,
            lambda status, body: _headed(status, body, before=b"\r\n"),
        ),
        _written(
            "informational replies before it",
            Fate.SOUND,
            lambda status, body: _headed(status, body, before=HINTS),
        ),
        _written(
            "byte by byte",
            Fate.SOUND,
            lambda status, body: Drip(
                (bytes([byte]) for byte in _headed(status, body)), every_s=0.0
            ),
        ),
        _written(
            "another reply behind it",
            Fate.EITHER,
            lambda status, body: Reply(
                int(status[:3]), body + STRANGER, {**kept, "Content-Length": str(len(body))}
            ),
        ),
        _written("a body where none may be", Fate.EITHER, lambda *_: Reply(204, PAGE), BARE),
        _written(
            "another reply where none may be", Fate.EITHER, lambda *_: Reply(204, STRANGER), BARE
        ),
        Hostile("reset at once", Fate.LOST, lambda *_: Reset(b"")),
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
        "HTTP in small letters": b"http/1.1 200 ok\r\nContent-Length: 0\r\n\r\n",
        "a stream of music": b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
        "FTP": b"220 ready\r\n",
        "a header without a colon": ok + b"Content-Length\r\n\r\n",
        "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "SMTP": b"220 mail.invalid ESMTP\r\n\r\n",
        "an upgrade": head_of(101, b"Switching", b"Upgrade: h2c", b"Connection: upgrade"),
        "status 099": b"HTTP/1.1 099 Odd\r\n\r\n",
        "status 1000": b"HTTP/1.1 1000 Odd\r\n\r\n",
        "status of letters": b"HTTP/1.1 abc Odd\r\n\r\n",
        "a long line": b"\x1b[2J" + b"z" * 90_000 + b"\r\n\r\n",
        "a header that is none": ok + b"Bad header\x00line " + b"q" * 9_000 + b"\r\n\r\n",
        "a header of 1 MB": ok + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
        "a name of 1 MB": ok + b"y" * 1_000_000 + b": x\r\n\r\n",
        "a folded header": ok + b" folded: x\r\n\r\n",
        "a null in a header": ok + b"X: a\x00b\r\n\r\n",
        "gzip and chunked": head_of(200, b"OK", b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
        "a chunk without a size": head_of(200, b"OK", b"Transfer-Encoding: chunked") + b"zz\r\n",
        "a chunk with a huge size": head_of(200, b"OK", b"Transfer-Encoding: chunked")
        + b"f" * 30
        + b"\r\n",
        "a chunk cut": head_of(200, b"OK", b"Transfer-Encoding: chunked") + b"10\r\nabc",
        "chunks without an end": head_of(200, b"OK", b"Transfer-Encoding: chunked") + b"1\r\n \r\n",
    }
    many = b"\r\n".join(b"X-%d: y" % n for n in range(10_000))
    return [
        *(raw(name, Fate.LOST, data) for name, data in lost.items()),
        raw("version 9.9", Fate.UNEXPECTED, b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"),
        raw("cut after the head", Fate.LOST, head_of(200, b"OK", b"Content-Length: 9")),
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
