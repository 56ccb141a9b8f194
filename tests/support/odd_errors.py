"""Exceptions as no function should raise them, and some do."""

from __future__ import annotations

import threading
from asyncio import CancelledError
from typing import NoReturn


class PanicException(BaseException):
    """As polars and other code in Rust raises it."""


class Mute(Exception):
    """Raises when it is asked for its text."""

    def __str__(self) -> NoReturn:
        raise RuntimeError("no text")

    __repr__ = __str__


class Fatal(Exception):
    """Raises an interruption when it is asked for its text."""

    def __str__(self) -> NoReturn:
        raise SystemExit("from a text")


class NoText(Exception):
    """Has a text that is none."""

    def __str__(self) -> str:
        return 7  # type: ignore[return-value]  # noqa: PLE0307


class Trickster(str):
    """A text that does not do what texts do."""

    __slots__ = ()

    def encode(self, *_: object, **__: object) -> NoReturn:
        """Do nothing of the kind."""
        raise RuntimeError("no encoding")

    def __len__(self) -> NoReturn:
        raise RuntimeError("no length")


class Tricky(Exception):
    """Has such a text."""

    def __str__(self) -> str:
        return Trickster("seems fine")


class Broken(Exception):
    """Has half a character in its text, which cannot be written."""

    def __str__(self) -> str:
        return "half \ud83d"


class Huge(Exception):
    """Has a text of a megabyte."""

    def __str__(self) -> str:
        return "x" * 1_000_000


class Choosy(Exception):
    """Pickles, and does not unpickle."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


class Holder(Exception):
    """Holds what does not travel."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


class Heavy(Exception):
    """Holds more than a message should."""

    def __init__(self, text: str = "heavy") -> None:
        super().__init__(text)
        self.held = bytes(1_000_000)


class Changeling(Exception):
    """Comes out of its pickle as something else."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("7",)


class Unpacker(Exception):
    """Raises what no handler expects when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return _panic, ()


def _panic() -> NoReturn:
    raise PanicException("in a pickle")


ODD: tuple[BaseException, ...] = (
    PanicException("panicked"),
    CancelledError("cancelled"),
    Mute(),
    Fatal(),
    NoText(),
    Tricky(),
    Broken(),
    Huge(),
)
# These come to other processes as the SDK's stand-in.
STUCK: tuple[BaseException, ...] = (
    Choosy(1, 2),
    Holder("held"),
    Heavy(),
    Changeling("changed"),
    Unpacker("unpacked"),
)


def repr_of(error: object) -> str:
    """Return the name of an exception's type, for the name of a test."""
    return type(error).__name__
