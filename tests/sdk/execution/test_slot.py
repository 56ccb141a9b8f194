"""The turns of one slot: who computes, who claims ahead, and who gives back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from taskfarm_sdk.execution.slot import Slot, SlotTurn
from tests.support.conditions import wait_until_waiting
from tests.support.processes import NET_S, wait_until

LONG_AFTER_S = 600.0


Other = Callable[[Callable[[], object]], Future[object]]


@pytest.fixture
def other() -> Iterator[Other]:
    """Run functions in the slot's other thread."""
    with ThreadPoolExecutor(2) as threads:
        yield threads.submit


def compute(turns: Slot) -> None:
    """Compute a short task."""
    with turns.turn() as turn, turn.compute():
        pass


def is_kept_waiting(future: Future[object], turns: Slot) -> bool:
    """Return once the other thread waits for the slot: whether it has not ended."""
    wait_until_waiting(turns._changed)
    return not future.done()


def claims_ahead(turns: Slot) -> bool:
    """Whether what is claimed now is for a later turn."""
    with turns.turn() as turn:
        return not turn._has_slot


def test_of_a_free_slot_the_first_takes_the_turn(other: Other) -> None:
    turns = Slot(LONG_AFTER_S)
    with turns.turn() as turn:
        assert turn.comes()
        assert is_kept_waiting(waiting := other(lambda: claims_ahead(turns)), turns)
    assert waiting.result(NET_S) is False


def test_nothing_is_claimed_ahead_until_a_task_was_short(other: Other) -> None:
    turns = Slot(LONG_AFTER_S)
    with turns.turn() as turn, turn.compute():
        assert is_kept_waiting(waiting := other(lambda: claims_ahead(turns)), turns)
    assert waiting.result(NET_S) is False
    with turns.turn() as turn, turn.compute():
        assert other(lambda: claims_ahead(turns)).result(NET_S) is True


def test_while_tasks_are_short_the_next_is_claimed_ahead_and_gets_the_slot(other: Other) -> None:
    turns = Slot(LONG_AFTER_S)
    compute(turns)
    claimed = threading.Event()

    def next_one() -> bool:
        with turns.turn() as turn:
            claimed.set()
            return turn.comes()

    with turns.turn() as turn, turn.compute():
        ahead = other(next_one)
        assert claimed.wait(NET_S)
        assert turns.computing
        assert is_kept_waiting(ahead, turns)
    assert ahead.result(NET_S) is True


def test_who_leaves_the_slot_first_lets_the_other_begin(
    other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskfarm_sdk.execution.slot.LET_BEGIN_S", NET_S)
    turns = Slot(LONG_AFTER_S)
    compute(turns)
    has_gone_on = threading.Event()

    def next_one() -> bool:
        with turns.turn() as turn:
            assert turn.comes()
            wait_until_waiting(turns._changed)  # the one that leaves, for this one's begin
            with turn.compute():
                return has_gone_on.wait(NET_S)

    with turns.turn() as turn:
        with turn.compute():
            ahead = other(next_one)
            wait_until(lambda: turns._next is not None)
        assert turns.computing
        has_gone_on.set()
    assert ahead.result(NET_S) is True


def test_what_was_claimed_ahead_is_given_back_where_the_current_task_is_long(other: Other) -> None:
    clock = [0.0]
    turns = Slot(LONG_AFTER_S, lambda: clock[0])
    compute(turns)
    with turns.turn() as turn, turn.compute():

        def next_one() -> bool:
            with turns.turn() as ahead:
                clock[0] = LONG_AFTER_S
                return ahead.comes()

        assert other(next_one).result(NET_S) is False
        assert is_kept_waiting(later := other(lambda: claims_ahead(turns)), turns)
    assert later.result(NET_S) is False


def test_after_a_long_task_nothing_is_claimed_ahead_until_one_was_short(other: Other) -> None:
    clock = [0.0]
    turns = Slot(LONG_AFTER_S, lambda: clock[0])
    compute(turns)
    with turns.turn() as turn, turn.compute():
        clock[0] = LONG_AFTER_S
    with turns.turn() as turn, turn.compute():
        assert is_kept_waiting(waiting := other(lambda: claims_ahead(turns)), turns)
    assert waiting.result(NET_S) is False


def test_nobody_claims_for_the_slot_while_the_other_has_a_task_for_it(other: Other) -> None:
    # Its claim might wait for the end of that task, which waits for the slot.
    turns = Slot(LONG_AFTER_S)
    compute(turns)
    ahead: list[SlotTurn] = []
    go_on = threading.Event()

    def next_one() -> None:
        with turns.turn() as turn:
            ahead.append(turn)
            assert go_on.wait(NET_S)
            assert turn.comes()

    with turns.turn() as turn, turn.compute():
        claiming = other(next_one)
        wait_until(lambda: ahead)
    second = other(lambda: claims_ahead(turns))
    assert is_kept_waiting(second, turns)
    go_on.set()
    claiming.result(NET_S)
    assert second.result(NET_S) is False


def test_who_found_nothing_to_claim_ahead_leaves_the_slot_to_the_other(other: Other) -> None:
    turns = Slot(LONG_AFTER_S)
    compute(turns)
    with turns.turn() as turn, turn.compute():
        assert other(lambda: claims_ahead(turns)).result(NET_S) is True
    with turns.turn() as turn:
        assert turn.comes()


def test_the_end_lets_nobody_wait_and_nobody_compute(other: Other) -> None:
    turns = Slot(LONG_AFTER_S)

    def next_one() -> bool:
        with turns.turn() as turn:
            return turn.comes()

    with turns.turn():
        assert is_kept_waiting(waiting := other(next_one), turns)
        turns.end()
        assert waiting.result(NET_S) is False
    assert next_one() is False


def test_in_a_closed_slot_nothing_begins_until_it_is_open_again(other: Other) -> None:
    turns = Slot(LONG_AFTER_S)
    compute(turns)
    with turns.turn() as turn, turn.compute():
        turns.open(is_open=False)
        # The task before was short: else the next one would be claimed ahead.
        assert is_kept_waiting(waiting := other(lambda: claims_ahead(turns)), turns)
        assert turns.computing
    assert is_kept_waiting(waiting, turns)
    turns.open(is_open=True)
    assert waiting.result(NET_S) is False


def test_a_task_that_was_claimed_ahead_is_given_back_when_its_slot_closes(other: Other) -> None:
    turns = Slot(LONG_AFTER_S)
    compute(turns)

    def comes() -> bool:
        with turns.turn() as turn:
            return turn.comes()

    with turns.turn() as turn, turn.compute():
        assert is_kept_waiting(waiting := other(comes), turns)
        turns.open(is_open=False)
        assert waiting.result(NET_S) is False
