"""The lines of a file, held as its bytes and the place of each line."""

from __future__ import annotations

import codecs
import io
from array import array
from collections.abc import Iterator
from itertools import accumulate
from operator import sub
from pathlib import Path

from taskfarm_sdk._items.digests import digest_of
from taskfarm_sdk.errors import ConfigurationError

BOM = codecs.BOM_UTF8
_PIECE = 2**20
_NUL_FOR_NEWLINE = bytes.maketrans(b"\0\n", b"\n\0")


class Lines:
    """Texts that stand in the bytes of a file, one in each line.

    A line ends with a line feed, also after a carriage return, and no other character ends one. An
    empty line is a text, but there is none after the last line feed.

    Args:
        content: the bytes.
        nul: whether NUL bytes end the texts in place of line ends.
        encoding: how the bytes are decoded.
        errors: what becomes of bytes in another encoding, as in `bytes.decode`; with "strict" the
            caller has checked that there are none.
    """

    columns = None

    def __init__(
        self, content: bytes, *, nul: bool = False, encoding: str = "utf-8", errors: str = "strict"
    ) -> None:
        self._content = content if nul else content.removeprefix(BOM)
        self._end, self._nul = (b"\0" if nul else b"\n"), nul
        self._encoding, self._errors = encoding, errors
        self._starts = starts_of(
            self._content.translate(_NUL_FOR_NEWLINE) if nul else self._content
        )

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def longest(self) -> int:
        """The number of bytes in the longest line, with its end; 0 if there are no lines."""
        return max(map(sub, self._starts[1:], self._starts), default=0)

    def at(self, number: int) -> str:
        """Return a text: 0 is the first, and numbers are below `len`."""
        return self._text(self._content[self._starts[number] : self._starts[number + 1]])

    def __iter__(self) -> Iterator[str]:
        if self._nul:
            return map(self.at, range(len(self)))
        return map(self._text, io.BytesIO(self._content))

    def digest(self) -> str | None:
        """Return the digest of the texts."""
        return digest_of(self)

    def _text(self, line: bytes) -> str:
        line = line.removesuffix(self._end)
        if not self._nul:
            line = line.removesuffix(b"\r")
        return line.decode(self._encoding, self._errors)


def starts_of(content: bytes) -> array[int]:
    """Return where each line of some bytes starts, and at last where the bytes end."""
    # Half the memory for most files.
    kind = "I" if len(content) < 2**32 else "Q"
    return array(kind, accumulate(map(len, io.BytesIO(content)), initial=0))


def read(path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read items from {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"cannot read items from {path!r}: {error}") from error


def check_utf8(content: bytes, source: str) -> None:
    """Refuse bytes that are not UTF-8.

    Raises:
        ConfigurationError: they are not; the message names the line.
    """
    if content.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), _PIECE):
        held = len(decoder.getstate()[0])
        piece = content[start : start + _PIECE]
        try:
            decoder.decode(piece, final=start + _PIECE >= len(content))
        except UnicodeDecodeError as error:
            place = start - held + error.start
            line = content.count(b"\n", 0, place) + 1
            raise ConfigurationError(
                f"line {line:,} of {source} is not UTF-8 (byte 0x{content[place]:02x}): convert "
                "the file, such as with `iconv -f latin1 -t utf-8`"
            ) from None
