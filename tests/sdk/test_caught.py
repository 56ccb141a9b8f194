"""Text and tracebacks of exceptions that do as they like."""

from __future__ import annotations

import linecache

import pytest

from taskfarm_sdk._caught import MOST_TEXT, MOST_TRACEBACK, caught, describe, with_lines
from tests.support.odd_errors import ODD, Broken, Fatal, Huge, Mute, NoText, Tricky, repr_of

SECRET = "of-a-local"


class Nameless(type):
    def __getattribute__(cls, _: str) -> object:
        raise RuntimeError("no name")


class OfNameless(Exception, metaclass=Nameless):
    pass


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("odd"), "ValueError: odd"),
        (ValueError(), "ValueError"),
        (Mute(), "Mute: (its text cannot be shown: RuntimeError)"),
        (Fatal(), "Fatal: (its text cannot be shown: SystemExit)"),
        (NoText(), "NoText: (its text cannot be shown: TypeError)"),
        (KeyError(Mute()), "KeyError: (its text cannot be shown: RuntimeError)"),
        (Tricky(), "Tricky: seems fine"),
        (Broken(), "Broken: half \\ud83d"),
    ],
    ids=repr_of,
)
def test_an_exception_is_described_whatever_it_does(error: BaseException, text: str) -> None:
    assert describe(error) == text
    assert type(describe(error)) is str


def test_an_exception_whose_type_has_no_name_is_described_too() -> None:
    assert describe(OfNameless("odd")) == "an exception without a name: odd"


def test_of_a_huge_text_the_beginning_and_the_length_are_told() -> None:
    told = describe(Huge())
    assert told.startswith("Huge: xxx")
    assert told.endswith("x… (1000000 characters)")
    assert len(told) < MOST_TEXT + 50


def raising(error: BaseException) -> None:
    secret = SECRET
    if secret:
        raise error


@pytest.mark.parametrize("odd", ODD, ids=repr_of)
def test_each_traceback_names_file_and_line_and_no_local_variable(odd: BaseException) -> None:
    with pytest.raises(type(odd)) as raised:
        raising(odd)
    kept = caught(odd, raised.value.__traceback__)
    assert __file__ in kept.traceback
    assert "\n    raise error\n" in kept.traceback
    assert SECRET not in kept.explained
    assert kept.explained.startswith(type(odd).__name__)
    assert len(kept.traceback) < MOST_TRACEBACK + 50


def test_exceptions_in_a_circle_are_kept_too() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    first.__notes__ = 7  # type: ignore[assignment]
    assert "ValueError: second" in caught(first, None).traceback


def test_both_ends_of_a_long_traceback_are_kept() -> None:
    kept = caught(ExceptionGroup("many", [ValueError("x" * 5000) for _ in range(9)]), None)
    assert len(kept.traceback) < MOST_TRACEBACK + 50
    assert kept.traceback.startswith("  | ExceptionGroup: many")
    assert kept.traceback.endswith("-----")


CELL = "cell-of-a-notebook"
BARE = f"""\
Traceback (most recent call last):
  File "{CELL}", line 2, in compute
  File "elsewhere", line 7, in read
ValueError: odd"""


def test_a_traceback_gets_the_lines_that_only_this_process_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = "def compute(task):\n    read()\n"
    entry = (len(cell), None, cell.splitlines(keepends=True), CELL)
    monkeypatch.setitem(linecache.cache, CELL, entry)
    mended = BARE.replace("in compute\n", "in compute\n    read()\n")
    assert with_lines(BARE) == mended
    assert with_lines(mended) == mended
