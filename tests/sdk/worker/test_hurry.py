"""The end of a worker's requests once its process is to end, whatever their patience was."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from taskfarm_sdk import ConnectionFailed, Farm, Task, TaskfarmError
from taskfarm_sdk._sansio.hurry import Hurry
from taskfarm_sdk._session.session import Outage
from taskfarm_sdk._worker import requests
from taskfarm_sdk.worker import core_of
from tests.support.clock import FastClock
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.processes import ENDLESS_S, NET_S, wait_until


@pytest.fixture
def patient_farm(proxy: FaultProxy, token: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """A farm whose requests never end by themselves; those of a hurried worker soon do."""
    monkeypatch.setattr(requests, "ENDING_S", 0.2)
    with Farm(proxy.url, token=token, timeout_s=ENDLESS_S, give_up_after_s=ENDLESS_S) as farm:
        yield farm


class InBackground(threading.Thread):
    """Settles a task in a thread, and keeps the error that ends it."""

    def __init__(self, settle: Callable[[Task], None], task: Task) -> None:
        super().__init__()
        self._settle = settle
        self._task = task
        self.error: TaskfarmError | None = None

    def run(self) -> None:
        try:
            self._settle(self._task)
        except TaskfarmError as error:
            self.error = error


SETTLING = pytest.mark.parametrize("settle", [Task.complete, Task.release], ids=["done", "back"])


@SETTLING
def test_a_wait_for_a_server_that_is_away_ends(
    proxy: FaultProxy,
    patient_farm: Farm,
    settle: Callable[[Task], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = patient_farm.create_run(1)
    worker = run.worker(give_up_after_s=ENDLESS_S)
    task = worker.claim()
    assert task is not None
    proxy.down()
    thread = InBackground(settle, task)
    with caplog.at_level(logging.WARNING):
        thread.start()
        wait_until(lambda: "is unavailable" in caplog.text)
        core_of(worker).hurry_for(KeyboardInterrupt())
        thread.join(NET_S)
        assert isinstance(thread.error, ConnectionFailed)
    assert "is back" not in caplog.text
    core_of(worker).reporter.close()


@SETTLING
def test_a_request_that_hangs_ends(
    proxy: FaultProxy, patient_farm: Farm, settle: Callable[[Task], None]
) -> None:
    run = patient_farm.create_run(1)
    worker = run.worker(give_up_after_s=ENDLESS_S)
    task = worker.claim()
    assert task is not None
    proxy.will("^PUT ", *[Fault.STALLED] * 9)
    thread = InBackground(settle, task)
    thread.start()
    wait_until(lambda: proxy.count("^PUT "))
    core_of(worker).hurry_for(KeyboardInterrupt())
    thread.join(NET_S)
    assert isinstance(thread.error, ConnectionFailed)
    core_of(worker).reporter.close()


def test_once_its_time_is_over_nothing_is_sent(proxy: FaultProxy, patient_farm: Farm) -> None:
    worker = patient_farm.create_run(1).worker()
    task = worker.claim()
    assert task is not None
    core_of(worker).requests.hurry(0)
    proxy.forget()
    with pytest.raises(ConnectionFailed, match="no request was sent"):
        task.complete()
    assert proxy.seen == []
    core_of(worker).reporter.close()


def test_other_requests_of_the_farm_are_not_hurried(patient_farm: Farm) -> None:
    run = patient_farm.create_run(1)
    core_of(run.worker()).requests.hurry(0)
    assert run.status().waiting == 1


def test_a_second_hurry_may_shorten_the_first_and_never_lengthen_it() -> None:
    clock = FastClock()
    hurry = Hurry(clock.now)
    assert hurry.left_s() == float("inf")
    hurry.begin(5)
    hurry.begin(0.5)
    hurry.begin(9)
    assert hurry.left_s() == 0.5


def test_only_a_request_that_began_after_a_server_went_says_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage("http://farm.invalid/api/")
    with caplog.at_level(logging.WARNING):
        outage.goes_on(10.0, OSError("gone"))
        outage.is_over(11.0, began=9.0)
        assert "is back" not in caplog.text
        outage.is_over(12.0, began=11.0)
        assert "is back after 2.0 s" in caplog.text
