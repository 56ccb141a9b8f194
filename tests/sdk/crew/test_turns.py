"""The turns of one slot: who computes, who claims ahead, and who gives back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from taskfarm_sdk.crew.turns import Turn, Turns
from tests.support.processes import wait_until

LONG_AFTER_S = 30.0


Other = Callable[[Callable[[], object]], Future[object]]


@pytest.fixture
def other() -> Iterator[Other]:
    """Run functions in the slot's other thread."""
    with ThreadPoolExecutor(2) as threads:
        yield threads.submit


def compute(turns: Turns) -> None:
    """Compute a short task."""
    with turns.turn() as turn, turn.compute():
        pass


def is_kept_waiting(future: Future[object]) -> bool:
    """Whether it does not end, as far as a moment tells."""
    with pytest.raises(TimeoutError):
        future.result(0.1)
    return True


def claims_ahead(turns: Turns) -> bool:
    """Whether what is claimed now is for a later turn."""
    with turns.turn() as turn:
        return not turn._has_slot


def test_of_a_free_slot_the_first_takes_the_turn(other: Other) -> None:
    turns = Turns(LONG_AFTER_S)
    with turns.turn() as turn:
        assert turn.comes()
        assert is_kept_waiting(waiting := other(lambda: claims_ahead(turns)))
    assert waiting.result(10) is False


def test_nothing_is_claimed_ahead_until_a_task_was_short(other: Other) -> None:
    turns = Turns(LONG_AFTER_S)
    with turns.turn() as turn, turn.compute():
        assert is_kept_waiting(waiting := other(lambda: claims_ahead(turns)))
    assert waiting.result(10) is False
    with turns.turn() as turn, turn.compute():
        assert other(lambda: claims_ahead(turns)).result(10) is True


def test_while_tasks_are_short_the_next_is_claimed_ahead_and_gets_the_slot(other: Other) -> None:
    turns = Turns(LONG_AFTER_S)
    compute(turns)
    claimed = threading.Event()

    def next_one() -> bool:
        with turns.turn() as turn:
            claimed.set()
            return turn.comes()

    with turns.turn() as turn, turn.compute():
        ahead = other(next_one)
        assert claimed.wait(10)
        assert turns.computing
        assert is_kept_waiting(ahead)
    assert ahead.result(10) is True


def test_who_leaves_the_slot_first_lets_the_other_begin(
    other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskfarm_sdk.crew.turns.LET_BEGIN_S", 10)
    turns = Turns(LONG_AFTER_S)
    compute(turns)
    order = []

    def next_one() -> None:
        with turns.turn() as turn:
            assert turn.comes()
            time.sleep(0.05)  # what the one that leaves could do something in
            with turn.compute():
                order.append("the other begins")

    with turns.turn() as turn:
        with turn.compute():
            ahead = other(next_one)
            wait_until(lambda: turns._next is not None)
        order.append("the one that left goes on")
    ahead.result(10)
    assert order == ["the other begins", "the one that left goes on"]


def test_what_was_claimed_ahead_is_given_back_where_the_current_task_is_long(other: Other) -> None:
    clock = [0.0]
    turns = Turns(LONG_AFTER_S, lambda: clock[0])
    compute(turns)
    with turns.turn() as turn, turn.compute():

        def next_one() -> bool:
            with turns.turn() as ahead:
                clock[0] = LONG_AFTER_S
                return ahead.comes()

        assert other(next_one).result(10) is False
        assert is_kept_waiting(later := other(lambda: claims_ahead(turns)))
    assert later.result(10) is False


def test_after_a_long_task_nothing_is_claimed_ahead_until_one_was_short(other: Other) -> None:
    clock = [0.0]
    turns = Turns(LONG_AFTER_S, lambda: clock[0])
    compute(turns)
    with turns.turn() as turn, turn.compute():
        clock[0] = LONG_AFTER_S
    with turns.turn() as turn, turn.compute():
        assert is_kept_waiting(waiting := other(lambda: claims_ahead(turns)))
    assert waiting.result(10) is False


def test_nobody_claims_for_the_slot_while_the_other_has_a_task_for_it(other: Other) -> None:
    # Its claim might wait for the end of that task, which waits for the slot.
    turns = Turns(LONG_AFTER_S)
    compute(turns)
    ahead: list[Turn] = []
    go_on = threading.Event()

    def next_one() -> None:
        with turns.turn() as turn:
            ahead.append(turn)
            assert go_on.wait(10)
            assert turn.comes()

    with turns.turn() as turn, turn.compute():
        claiming = other(next_one)
        wait_until(lambda: ahead)
    second = other(lambda: claims_ahead(turns))
    assert is_kept_waiting(second)
    go_on.set()
    claiming.result(10)
    assert second.result(10) is False


def test_who_found_nothing_to_claim_ahead_leaves_the_slot_to_the_other(other: Other) -> None:
    turns = Turns(LONG_AFTER_S)
    compute(turns)
    with turns.turn() as turn, turn.compute():
        assert other(lambda: claims_ahead(turns)).result(10) is True
    with turns.turn() as turn:
        assert turn.comes()


def test_the_end_lets_nobody_wait_and_nobody_compute(other: Other) -> None:
    turns = Turns(LONG_AFTER_S)

    def next_one() -> bool:
        with turns.turn() as turn:
            return turn.comes()

    with turns.turn():
        assert is_kept_waiting(waiting := other(next_one))
        turns.end()
        assert waiting.result(10) is False
    assert next_one() is False
