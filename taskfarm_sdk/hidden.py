"""Secrets in memory: values that no text shows, and tracebacks without the frames that hold them.

Tools such as `pytest -l`, rich and error trackers show the local variables of each frame. So the
SDK and the command line hold a secret in a `Hidden` from where it is read to where it is sent; and
code of other libraries, which must have it in the clear, is called inside a `Veil`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Generic, NoReturn, TypeVar

__all__ = ["MASK", "Hidden", "Veil", "half_made", "hide", "shown_half_made"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MASK = "'***'"
# Errors that are raised in these packages say enough without the place.
_OURS = ("taskfarm_sdk", "taskfarm_cli", "taskfarm_api")


class Hidden(Generic[T_co]):
    """A value whose texts are a mask; two of them are equal if their values are.

    It is no text and no mapping, because tools look into those whatever their repr is.

    Args:
        value: the secret, or something that contains one, such as an environment.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T_co) -> None:
        self._value = value

    def reveal(self) -> T_co:
        """Return the value: only where it is sent or stored, and never into a variable."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and bool(self._value == other._value)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Hidden[T_co]:
        return self

    def __deepcopy__(self, _: object) -> Hidden[T_co]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a hidden value is not pickled, because anybody can read a pickle")


def hide(value: T | None) -> Hidden[T] | None:
    """Return a value hidden, or None for None.

    Args:
        value: the value.
    """
    return None if value is None else Hidden(value)


def half_made(describe: Callable[[T], str]) -> Callable[[T], str]:
    """Decorate a `__repr__` or `__str__`, so that it works before `__init__` has finished.

    Tools show the variables of a traceback, among them the `self` of a constructor that failed.

    Args:
        describe: the method, which raises AttributeError for what is not there yet.
    """

    @functools.wraps(describe)
    def described(self: T) -> str:
        try:
            return describe(self)
        except AttributeError:
            return f"<{type(self).__name__}, not made>"

    return described


def shown_half_made(kind: type[T]) -> type[T]:
    """Decorate a class of attrs, so that its `__repr__` is `half_made`.

    Args:
        kind: the class.
    """
    kind.__repr__ = half_made(kind.__repr__)  # type: ignore[method-assign]
    return kind


class Veil:
    """Drops from the errors that leave a `with` block all frames below the block's own.

    The errors keep their types, texts and causes. An error that was raised by another library gets
    a note of the place, which the traceback no longer shows.
    """

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        # What the caller handles just now is part of the chain, and none of this block's.
        self._before = sys.exception()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or trace is None:
            return
        _note_place(error, trace)
        trace.tb_next = None
        left, seen = [error.__cause__, error.__context__], {id(error), id(self._before)}
        while left:
            each = left.pop()
            if each is None or id(each) in seen:
                continue
            seen.add(id(each))
            each.__traceback__ = None
            left += [each.__cause__, each.__context__]
            if isinstance(each, BaseExceptionGroup):
                left += each.exceptions  # pyright: ignore[reportUnknownMemberType]


def _note_place(error: BaseException, trace: TracebackType) -> None:
    while trace.tb_next is not None:
        trace = trace.tb_next
    frame = trace.tb_frame
    module = str(frame.f_globals.get("__name__", ""))
    if isinstance(error, Exception) and module.partition(".")[0] not in _OURS:
        where = f"{frame.f_code.co_name} of {module}, line {trace.tb_lineno}"
        error.add_note(f"(raised in {where}; frames that hold secrets are left out)")
