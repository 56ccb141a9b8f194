"""How many tasks a worker has in hand, and waiting for that to change."""

from __future__ import annotations

import threading

import pytest

from taskfarm_sdk import _in_hand
from taskfarm_sdk._in_hand import InHand


@pytest.fixture(autouse=True)
def _no_patience_that_hides_a_missed_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_in_hand, "PATIENCE_S", 60.0)


def test_a_claim_under_way_counts_as_a_task() -> None:
    in_hand = InHand(lambda: 3, lambda: False)
    with in_hand.claiming():
        assert in_hand.count() == 4
    assert in_hand.count() == 3


def test_who_waits_goes_on_when_a_task_may_wait_for_anyone() -> None:
    in_hand = InHand(lambda: 1, lambda: False)
    waiting = threading.Thread(target=in_hand.wait_for_change, args=(in_hand.changes,))
    waiting.start()
    in_hand.has_gone(waits=False)
    waiting.join(0.1)
    assert waiting.is_alive(), "one that is done leaves nothing to do"
    in_hand.has_gone(waits=True)
    waiting.join(10)
    assert not waiting.is_alive()


def test_one_that_waits_already_is_not_waited_for() -> None:
    in_hand = InHand(lambda: 1, lambda: False)
    changes = in_hand.changes
    in_hand.has_gone(waits=True)
    in_hand.wait_for_change(changes)


def test_who_waits_goes_on_when_nothing_is_in_hand() -> None:
    tasks = [1]
    in_hand = InHand(lambda: len(tasks), lambda: False)
    waiting = threading.Thread(target=in_hand.wait_for_change, args=(in_hand.changes,))
    waiting.start()
    with in_hand.claiming():
        tasks.clear()
        in_hand.has_gone(waits=False)
        waiting.join(0.1)
        assert waiting.is_alive(), "what is being claimed may be handed out"
    waiting.join(10)
    assert not waiting.is_alive()


def test_claims_of_other_threads_are_waited_for() -> None:
    in_hand = InHand(lambda: 0, lambda: False)
    waiting = threading.Thread(target=in_hand.wait_until_claimed)
    with in_hand.claiming():
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_worker_that_stops_waits_for_nothing() -> None:
    stopping = threading.Event()
    in_hand = InHand(lambda: 1, stopping.is_set)
    waiting = threading.Thread(target=in_hand.wait_for_change, args=(in_hand.changes,))
    waiting.start()
    stopping.set()
    in_hand.wake()
    waiting.join(10)
    assert not waiting.is_alive()
