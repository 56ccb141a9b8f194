"""The connections that a server needs, and those that its database has for it."""

from __future__ import annotations

import pytest

from taskfarm_sdk.server import Capacity


@pytest.mark.parametrize(
    ("row", "allowed", "held", "fits"),
    [
        pytest.param([97, 3, None, 1, None, 2], 97, 3, True, id="room_enough"),
        pytest.param([20, 4, None, 0, None, 0], 20, 4, True, id="just_enough"),
        pytest.param([20, 5, None, 0, None, 0], 20, 5, False, id="one_too_few"),
        pytest.param([100, 90, 50, 0, None, 9], 100, 90, False, id="others_hold_them"),
        pytest.param([100, 70, 15, 0, None, 0], 15, 0, False, id="the_roles_limit"),
        pytest.param([100, 70, 20, 0, 30, 25], 30, 25, False, id="the_databases_limit"),
    ],
)
def test_the_tightest_limit_counts(
    row: list[int | None], allowed: int, held: int, fits: bool
) -> None:
    capacity = Capacity.from_row(row, at_once=8)
    assert capacity == Capacity(needed=16, allowed=allowed, held=held)
    assert capacity.fits is fits


def test_what_could_not_be_asked_is_not_known() -> None:
    assert Capacity.from_row(None, at_once=8) is None
