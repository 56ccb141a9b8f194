"""The count of a worker's tasks in hand, and the wait for it to change."""

from __future__ import annotations

import threading

import pytest

from taskfarm_sdk._worker import open_tasks
from taskfarm_sdk._worker.open_tasks import OpenTasks
from tests.support.conditions import wait_until_waiting
from tests.support.processes import NET_S


@pytest.fixture(autouse=True)
def _endless_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody go on for the time alone, which would hide a change that was not told."""
    monkeypatch.setattr(open_tasks, "PATIENCE_S", 10 * NET_S)


def test_a_claim_under_way_counts_as_a_task() -> None:
    in_hand = OpenTasks(lambda: 3, lambda: False)
    with in_hand.claiming():
        assert in_hand.count() == 4
    assert in_hand.count() == 3


def test_who_waits_goes_on_when_a_task_may_wait_for_anyone() -> None:
    in_hand = OpenTasks(lambda: 1, lambda: False)
    waiting = threading.Thread(target=in_hand.wait_for_change, args=(in_hand.changes,))
    waiting.start()
    wait_until_waiting(in_hand._changed)
    in_hand.has_gone(waits=False)
    wait_until_waiting(in_hand._changed)  # again: one that is done leaves nothing to do
    in_hand.has_gone(waits=True)
    waiting.join(NET_S)
    assert not waiting.is_alive()


def test_one_that_waits_already_is_not_waited_for() -> None:
    in_hand = OpenTasks(lambda: 1, lambda: False)
    changes = in_hand.changes
    in_hand.has_gone(waits=True)
    in_hand.wait_for_change(changes)


def test_who_waits_goes_on_when_nothing_is_in_hand() -> None:
    tasks = [1]
    in_hand = OpenTasks(lambda: len(tasks), lambda: False)
    waiting = threading.Thread(target=in_hand.wait_for_change, args=(in_hand.changes,))
    waiting.start()
    with in_hand.claiming():
        tasks.clear()
        in_hand.has_gone(waits=False)
        wait_until_waiting(in_hand._changed)  # for what is being claimed may be handed out
    waiting.join(NET_S)
    assert not waiting.is_alive()


def test_claims_of_other_threads_are_waited_for() -> None:
    in_hand = OpenTasks(lambda: 0, lambda: False)
    waiting = threading.Thread(target=in_hand.wait_until_claimed)
    with in_hand.claiming():
        waiting.start()
        wait_until_waiting(in_hand._changed)
    waiting.join(NET_S)
    assert not waiting.is_alive()


def test_a_worker_that_stops_waits_for_nothing() -> None:
    stopping = threading.Event()
    in_hand = OpenTasks(lambda: 1, stopping.is_set)
    waiting = threading.Thread(target=in_hand.wait_for_change, args=(in_hand.changes,))
    waiting.start()
    wait_until_waiting(in_hand._changed)
    stopping.set()
    in_hand.wake()
    waiting.join(NET_S)
    assert not waiting.is_alive()
