"""Checks of arguments: a wrong one is a ValueError that names it."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import SupportsFloat, SupportsIndex, TypeVar

from taskfarm_sdk._text import shown

T = TypeVar("T")
Pair = tuple[float, float]

# Counts of 64 bits.
MOST_COUNTED = 2**63 - 1
# More characters, columns or cells are a mistake, and would fill the memory.
MOST_WIDE = 10_000
MOST_CELLS = 1_000_000
# What is larger is no time or rate of anything, and its squares and sums are not finite.
FAR = 1e100
# What Python raises for a value that is no number, or too large a one.
NO_NUMBER = (AttributeError, TypeError, ValueError, ArithmeticError)


def count(name: str, value: SupportsIndex, *, least: int, most: int = MOST_COUNTED) -> int:
    """Return a whole number; True and False are none."""
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if not least <= number <= most:
        raise ValueError(
            f"{name} must be an integer from {least:,} to {most:,}, not {shown(value)}"
        )
    return number


def any_count(name: str, value: SupportsIndex) -> int:
    """Return a number of tasks, which odd numbers of another client make negative."""
    return count(name, value, least=-MOST_COUNTED)


def number(name: str, value: SupportsFloat) -> float:
    """Return a number as a float, which may be infinite or NaN."""
    try:
        if not isinstance(value, bool):
            # Texts and bytes have none, although `float` reads them.
            return float(type(value).__float__(value))
    except NO_NUMBER:
        pass
    raise ValueError(f"{name} must be a number, not {shown(value)}")


def text(name: str, value: str) -> str:
    """Return a text."""
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(  # noqa: TRY004 - one type of error for all arguments
            f"{name} must be a text (str), not {shown(value)}"
        )
    return value


def all_of(name: str, values: Sequence[T], kind: type[T]) -> list[T]:
    """Return a sequence of objects of a class as a list."""
    try:
        number = len(values)
        found = list(values) if number <= MOST_CELLS else []
    except (TypeError, OverflowError):
        raise ValueError(f"{name} must be a sequence, not {shown(values)}") from None
    if number > MOST_CELLS:
        raise ValueError(f"{name} must be at most {MOST_CELLS:,}, not {number:,}")
    for value in found:
        if not isinstance(value, kind):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(  # noqa: TRY004 - one type of error for all arguments
                f"{name} must be {kind.__name__} objects, and {shown(value)} is none"
            )
    return found


def numbers(name: str, values: Iterable[float], least: float, below: float) -> array[float]:
    """Return the numbers that lie in a range, and leave out the others."""
    with naming(name, "numbers"):
        return array("d", (value for value in values if least <= value < below))


def pairs(name: str, values: Iterable[Pair]) -> list[Pair]:
    """Return pairs of numbers, and leave out those with one that is not finite."""
    with naming(name, "pairs of numbers"):
        found = [(float(first + 0), float(second + 0)) for first, second in values]
    return [pair for pair in found if all(-FAR < one < FAR for one in pair)]


@contextmanager
def naming(name: str, what: str) -> Generator[None]:
    """Turn what Python raises for a value of another kind into an error that names the argument."""
    try:
        yield
    except NO_NUMBER as error:
        raise ValueError(f"{name} must be {what}: {error}") from error
