"""Tasks that nobody had before, told from those that are handed out again."""

from __future__ import annotations

import pytest

from taskfarm_sdk._protocol.lease import Lease, encode
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._worker.hand_outs import HandOuts

LEASE_AT_0 = encode(Lease(percent=0.0, attempts=0, beat=0, holder=0))


def handed(number: int, percent: float | None = 0.0) -> TaskRow:
    return TaskRow(number, "computing", percent)


@pytest.mark.parametrize("percent", [0.0, None])
def test_tasks_in_the_order_of_their_creation_are_new(percent: float | None) -> None:
    hand_outs = HandOuts()
    for number in (0, 1, 5, 6):
        assert hand_outs.is_new(handed(number, percent), hand_outs.highest)


@pytest.mark.parametrize("percent", [37.5, 100.0, -1.0, LEASE_AT_0])
def test_a_task_with_a_number_was_had_before(percent: float) -> None:
    hand_outs = HandOuts()
    assert not hand_outs.is_new(handed(0, percent), hand_outs.highest)
    assert hand_outs.is_new(handed(1), hand_outs.highest)


def test_after_a_task_that_came_again_at_0_none_is_surely_new() -> None:
    hand_outs = HandOuts()
    assert hand_outs.is_new(handed(7), hand_outs.highest)
    assert not hand_outs.is_new(handed(3), hand_outs.highest)
    assert not hand_outs.is_new(handed(9), hand_outs.highest)


def test_hand_outs_whose_answers_come_in_another_order_are_new() -> None:
    hand_outs = HandOuts()
    both_asked = hand_outs.highest
    assert hand_outs.is_new(handed(1), both_asked)
    assert hand_outs.is_new(handed(0), both_asked)
