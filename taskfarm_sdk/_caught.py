"""Describe exceptions of code outside the SDK: their name, text and traceback.

An exception's own methods may raise, or return gigabytes of text or no text at all. Nothing here
raises for that, or shows local variables, which may hold secrets.
"""

from __future__ import annotations

import linecache
import re
import traceback as tracebacks
from types import TracebackType

import attrs

MOST_TEXT = 2000
MOST_TRACEBACK = 20_000
# A frame of which Python found no source line to show below it.
_BARE_FRAME = re.compile(r'^  File "(.+)", line ([0-9]+), in .+$(?!\n    )', re.MULTILINE)


@attrs.frozen
class Caught:
    """What is kept of an exception that failed an attempt.

    Attributes:
        type: the name of its type.
        text: what it says.
        traceback: where it came from, with the exceptions before it.
        packed: itself, pickled, where it comes from another process and can travel.
        error: the exception itself, if it was raised in this process and no other code handles it.
    """

    type: str
    text: str
    traceback: str = attrs.field(repr=False)
    packed: bytes | None = attrs.field(default=None, repr=False)
    error: BaseException | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def explained(self) -> str:
        """The exception in one line, and where it came from."""
        return f"{_joined(self.type, self.text)}\n{self.traceback}".rstrip()


def describe(error: BaseException) -> str:
    """Return an exception's type name and text. Never raises."""
    return _joined(_name(error), _text(error))


def caught(error: BaseException, frames: TracebackType | None) -> Caught:
    """Return a description of an exception, without the exception. Never raises.

    Args:
        error: the exception.
        frames: its traceback, from the first frame to show.
    """
    return Caught(_name(error), _text(error), _traceback(error, frames))


def with_lines(traceback: str) -> str:
    """Return a traceback of another process with the source lines that only this process has.

    A notebook's cells are in no file, and a script need not be on each machine.
    """
    return _BARE_FRAME.sub(_with_line, traceback)


def _with_line(frame: re.Match[str]) -> str:
    line = linecache.getline(frame[1], int(frame[2])).strip()
    return f"{frame[0]}\n    {line}" if line else frame[0]


def cut(text: str, most: int = MOST_TEXT) -> str:
    """Return the beginning of a text, with its full length noted."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _joined(name: str, text: str) -> str:
    return f"{name}: {text}" if text else name


def _name(error: BaseException) -> str:
    try:
        return _plain(type(error).__name__)
    except BaseException:  # noqa: BLE001 - a metaclass can do as it likes
        return "an exception without a name"


def _text(error: BaseException) -> str:
    try:
        return cut(_plain(str(error)))
    except BaseException as trouble:  # noqa: BLE001 - as above; so it is told by its type alone
        return f"(its text cannot be shown: {_name(trouble)})"


def _plain(text: str) -> str:
    # Also of a subclass with methods of its own, and without halves of characters, which no stream
    # would take.
    return str.encode(text, errors="backslashreplace").decode()


def _traceback(error: BaseException, frames: TracebackType | None) -> str:
    try:
        lines = tracebacks.format_exception(type(error), error, frames)
        text = _plain("".join(lines)).rstrip()
    except BaseException:  # noqa: BLE001 - as above
        return ""
    if len(text) <= MOST_TRACEBACK:
        return text
    # Both ends matter: how it was called, and what was raised.
    half = MOST_TRACEBACK // 2
    return f"{text[:half]}\n… ({len(text)} characters)\n{text[-half:]}"
