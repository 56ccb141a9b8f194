"""Replies that never end, or are far too large."""

from __future__ import annotations

import itertools
import zlib

from tests.support.hostile.replies import Fate, Hostile, body_of, head_of, paged, raw
from tests.support.stub_server import Drip


def drips() -> list[Hostile]:
    """Return replies that trickle and never end, but for one that says nothing for a while."""
    ok = b"HTTP/1.1 200 OK\r\n"
    chunked = head_of(200, b"OK", b"Transfer-Encoding: chunked")
    page = head_of(503, b"Busy", b"Content-Length: 999999")
    endless: dict[str, tuple[list[bytes], bytes]] = {
        "a status line": ([], b"H"),
        "headers": ([ok], b"X-A: b\r\n"),
        "a header": ([ok, b"X: "], b"y"),
        "100 Continue": ([], b"HTTP/1.1 100 Continue\r\n\r\n"),
        "a body": ([head_of(200, b"OK", b"Content-Length: 999999")], b" "),
        "a body without a length": ([head_of(200, b"OK")], b" "),
        "chunks": ([chunked], b"1\r\n \r\n"),
        "the size of a chunk": ([chunked], b"0"),
        "trailers": ([chunked, b"0\r\n"], b"X-A: b\r\n"),
    }
    silent = {
        "silence": b"",
        "silence in the status line": b"HTTP/1.1 2",
        "silence in the head": ok,
        "silence after 100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n",
        "silence after the head": head_of(200, b"OK", b"Content-Length: 9"),
        "silence in the body": head_of(200, b"OK", b"Content-Length: 9") + b'{"da',
        "silence in a chunk": chunked + b"9\r\n{",
        "silence before the last chunk": chunked + b"1\r\n{\r\n",
    }
    return [
        # A server cannot see that a client has gone to which it sends nothing.
        *(_pieces(name, Fate.LOST, [begin], [b""] * 200) for name, begin in silent.items()),
        # Of its status as much is known as came in time.
        Hostile("a page", Fate.EITHER, _dripped("", [page], b"b").make),
        Hostile(
            "silence in a page", Fate.EITHER, lambda *_: Drip(iter([page, *[b""] * 200]), 0.01)
        ),
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
# By name, the smallest documents and what they are to hold: as much as the largest reply has.
TINY = {
    "empty lists": b"[],",
    "empty objects": b"{},",
    "objects in objects": b'{"":{}},',
    "fractions": b"1.5,",
    "letters": b'"ab",',
}
LIST_BYTES = 60 * 1024 * 1024
PIECE_BYTES = 200_000


def floods() -> list[Hostile]:
    """Return replies of 200 MB, as they are or once they are unpacked.

    What comes in `LABORIOUS` pieces keeps a client busy up to the bound of bytes, or of time.
    """

    def flood(name: str, fate: Fate, head: bytes, unit: bytes, status: int = 0) -> Hostile:
        piece = unit * (PIECE_BYTES // len(unit))
        return _pieces(name, fate, [head], [piece] * (FLOOD_BYTES // len(piece)), status)

    length = b"Content-Length: %d" % FLOOD_BYTES
    chunked = head_of(200, b"OK", b"Transfer-Encoding: chunked")
    bomb = _bomb()
    packed = (b"Content-Encoding: gzip", b"Content-Length: %d" % len(bomb))
    return [
        flood("a body", Fate.UNEXPECTED, head_of(200, b"OK", length), b" "),
        flood("a body without a length", Fate.UNEXPECTED, head_of(200, b"OK"), b" "),
        flood("chunks", Fate.UNEXPECTED, chunked, b"186a0\r\n" + b" " * 100_000 + b"\r\n"),
        flood("small chunks", Fate.UNEXPECTED, chunked, b"1\r\n \r\n"),
        flood("100 Continue", Fate.UNEXPECTED, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        flood("headers", Fate.LOST, b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        flood("a header", Fate.LOST, b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        flood("trailers", Fate.LOST, chunked + b"0\r\n", b"X-A: b\r\n"),
        flood("a page", Fate.STATUS, head_of(503, b"Busy", length), b"busy ", 503),
        flood("a page in chunks", Fate.STATUS, chunked.replace(b"200", b"503"), b"1\r\nb\r\n", 503),
        raw("a gzip bomb", Fate.UNEXPECTED, head_of(200, b"OK", *packed) + bomb),
        paged("a page that is a gzip bomb", 503, bomb, packed[0]),
        body_of("lists in a list", Fate.UNEXPECTED, b"[" + b"[]," * 340_000 + b"[]]"),
    ]


def crowds() -> list[Hostile]:
    """Return lists of runs as large as they may be, of far more values than any can have."""

    def crowd(name: str, unit: bytes) -> Hostile:
        piece = unit * (PIECE_BYTES // len(unit))
        head = head_of(200, b"OK", b"Content-Type: application/json")
        pieces = [piece] * (LIST_BYTES // len(piece))
        return _pieces(name, Fate.UNEXPECTED, [head, b'{"data": ['], [*pieces, b"0]}"])

    return [crowd(name, unit) for name, unit in TINY.items()]


def _bomb() -> bytes:
    """Return 200 MB in gzip's form, some 200 KB."""
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(bytes(1_000_000)) for _ in range(FLOOD_BYTES // 1_000_000)]
    return b"".join([*packed, packer.flush()])
