"""What the fuzz tests draw, compared with what users can give."""

from __future__ import annotations

from tests.support.fuzzing.undrawn import EXCEPTIONS, undrawn


def test_each_argument_of_a_public_call_is_drawn_or_an_exception_with_a_reason() -> None:
    assert sorted(undrawn()) == sorted(EXCEPTIONS)
