"""No example of a property has a limit of time, so that the tests pass on a busy machine."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies


def test_an_example_may_take_as_long_as_it_takes() -> None:
    @hypothesis.given(strategies.booleans())
    def drawn(_: bool) -> None: ...

    assert hypothesis.settings.default is not None
    assert hypothesis.settings.default.deadline is None
    assert drawn._hypothesis_internal_use_settings.deadline is None  # type: ignore[attr-defined]
