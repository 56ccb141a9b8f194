"""A worker that is handed out nothing, and something comes to wait right then."""

from __future__ import annotations

import threading

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.worker import core_of
from tests.support.fault_proxy import FaultProxy, Seen
from tests.support.processes import NET_S, wait_until

pytestmark = pytest.mark.live


@pytest.mark.parametrize("linger", [False, True])
def test_a_failed_task_of_its_own_that_was_held_back_until_then_is_tried_again(
    proxied_farm: Farm, proxy: FaultProxy, linger: bool
) -> None:
    run = proxied_farm.create_run(1)
    worker = run.worker(linger=linger, retry_delay_s=0)
    asked = threading.Event()

    def wait_for_the_claim(seen: Seen) -> None:
        if seen.method == "PUT":
            assert asked.wait(NET_S)

    def wait_for_the_end_of_the_delay(seen: Seen, status: int, _: bytes) -> None:
        if seen.line.endswith("/task") and status == 204 and not asked.is_set():
            asked.set()
            wait_until(lambda: not core_of(worker).ledger._held_back)

    failed = worker.claim()
    assert failed is not None
    proxy.before_passing_on = wait_for_the_claim
    proxy.after_passing_on = wait_for_the_end_of_the_delay
    failed.fail("odd")
    again = worker.claim()
    assert asked.is_set()
    assert again is not None
    assert again.attempts == 1
    again.complete()
    assert worker.claim() is None
    worker.close()


def test_a_task_that_somebody_else_gives_back_is_taken_by_one_who_lingers(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(1)
    other, worker = run.worker(), run.worker(linger=True)
    held = other.claim()
    assert held is not None

    def give_back(seen: Seen, status: int, _: bytes) -> None:
        if seen.line.endswith("/task") and status == 204 and not held.settled:
            held.release()

    proxy.after_passing_on = give_back
    task = worker.claim()
    assert held.settled
    assert task is not None
    task.complete()
    assert worker.claim() is None
    worker.close()
    other.close()
