"""Strategies for arguments that no type checker allows, and for some that are right."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.fuzzing.words import FILES, UUID


class Unshowable:
    """An object whose texts cannot be had."""

    def __repr__(self) -> NoReturn:
        raise RuntimeError("it has no text")

    __str__ = __repr__


_NUMBERS: tuple[object, ...] = (
    *(0, 1, 2, -1, 3, 98, 99, 100, 10_000, 2**31 - 1, 2**31, 2**63, -(2**63), 10**400, 10**5_000),
    *(0.0, -0.0, 0.5, 1.0, 30.0, 31.0, 1e308, 5e-324, math.nan, math.inf, -math.inf, True, False),
    *(Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e400"), Fraction(1, 3), 1 + 2j),
)
_TEXTS: tuple[object, ...] = (
    *("", " ", "0", "1.5", "nan", "abc", "\0", "a\0b", "\ud800", "\udcff", "x" * 10_000, "a\nb"),
    *("\x1b[2J", "\u202e", "../..", "~nobody-has-this-name", "auto", "stale_after_s", "waiting"),
    *(UUID, UUID.upper(), f"{UUID[:8]}-{UUID[8:]}", "http://h.invalid/api/", "http://h:0/", "a:b"),
    *("postgresql://me@h.invalid/name", "sqlite:///x", *FILES, "*", "[", ";"),
)
_OTHERS: tuple[object, ...] = (
    *(None, ..., b"", b"abc", b"\xff", bytearray(b"x"), memoryview(b"x"), object(), Unshowable()),
    *([], [1], [None], [[]], ["x"], [math.nan], (), (1, 2), {}, {"x": 1}, {1: 2}, set(), {1}),
    *(frozenset("ab"), range(0), range(3), range(10**30), range(5, 0, -2), int, len, math, abs),
    *(Path("abc"), Path("a\0b"), datetime.timedelta(seconds=1), datetime.date(2026, 1, 1)),
)
# Each value once only, or another drawing would meet an iterator's end.
_FRESH: tuple[Callable[[], object], ...] = (
    lambda: iter([1, 2]),
    lambda: (number for number in range(3)),
    lambda: zip("ab", [1, 2], strict=True),
)
odd: SearchStrategy[object] = st.one_of(
    st.sampled_from(_NUMBERS),
    st.sampled_from(_TEXTS),
    st.sampled_from(_OTHERS),
    st.sampled_from(_FRESH).map(lambda make: make()),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=5),
)


def replaced(
    names: list[str], more: Mapping[str, SearchStrategy[Any]]
) -> SearchStrategy[dict[str, object]]:
    """Return a strategy for one or two arguments, by their names, in place of right ones.

    Args:
        names: the arguments' names.
        more: draws more values of an argument.
    """
    one = st.one_of(
        [st.tuples(st.just(name), odd | more[name] if name in more else odd) for name in names]
    )
    return st.lists(one, min_size=1, max_size=2).map(dict)
