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


def test_who_waits_for_less_goes_on_when_a_task_has_gone() -> None:
    in_hand = InHand(lambda: 1, lambda: False)
    gone = in_hand.gone
    waiting = threading.Thread(target=in_hand.wait_for_less, args=(gone,))
    waiting.start()
    in_hand.wake()
    waiting.join(0.1)
    assert waiting.is_alive(), "nothing has gone yet"
    in_hand.has_gone()
    waiting.join(10)
    assert not waiting.is_alive()


def test_one_that_has_gone_already_is_not_waited_for() -> None:
    in_hand = InHand(lambda: 1, lambda: False)
    gone = in_hand.gone
    in_hand.has_gone()
    in_hand.wait_for_less(gone)


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
    waiting = threading.Thread(target=in_hand.wait_for_less, args=(in_hand.gone,))
    waiting.start()
    stopping.set()
    in_hand.wake()
    waiting.join(10)
    assert not waiting.is_alive()
