"""The thread that polls the cancel requests of the loops of a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from taskfarm_sdk.execution.executors import cancellation
from taskfarm_sdk.execution.executors.cancellation import CancelRequest, CancelWatcher
from tests.support.processes import NET_S, wait_until


class Worker:
    """Is told what a watch has found."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.gave_back = threading.Event()
        self.ended = threading.Event()
        self.watch = CancelWatcher(self.stopped.set, self.gave_back.set, self.end)

    def end(self) -> None:
        assert self.gave_back.is_set()
        self.ended.set()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr(cancellation, "LOOK_EVERY_S", 0.001)
    worker = Worker()
    yield worker
    worker.watch.close()


class Loop:
    """Is asked, and says what it is told to."""

    def __init__(self, request: CancelRequest) -> None:
        self.request = request
        self._asked = 0

    def __call__(self) -> CancelRequest:
        self._asked += 1
        return self.request

    def wait_until_asked_again(self) -> None:
        """Return when it was asked, and asked anew after that."""
        so_far = self._asked
        wait_until(lambda: self._asked >= so_far + 2)


def test_a_worker_claims_as_long_as_one_of_its_loops_is_wanted(worker: Worker) -> None:
    wanted, unwanted = Loop(CancelRequest.GO_ON), Loop(CancelRequest.CLAIM_NO_MORE)
    worker.watch.add(unwanted)
    worker.watch.add(wanted)
    wanted.wait_until_asked_again()
    worker.stopped.clear()
    wanted.wait_until_asked_again()
    assert not worker.stopped.is_set()
    worker.watch.remove(wanted)
    assert worker.stopped.wait(NET_S)
    assert not worker.gave_back.is_set()


def test_a_process_that_is_to_end_gives_back_what_all_its_loops_have(worker: Worker) -> None:
    worker.watch.add(Loop(CancelRequest.GO_ON))
    worker.watch.add(Loop(CancelRequest.GIVE_BACK))
    assert worker.gave_back.wait(NET_S)
    worker.watch.close()
    assert worker.stopped.is_set()
    assert not worker.ended.is_set()


def test_a_process_that_has_nobody_to_compute_for_gives_back_and_ends(worker: Worker) -> None:
    worker.watch.add(Loop(CancelRequest.GO_ON))
    worker.watch.add(Loop(CancelRequest.END))
    assert worker.ended.wait(NET_S)


def test_a_loop_that_is_to_claim_no_more_may_still_have_to_give_back(worker: Worker) -> None:
    loop = Loop(CancelRequest.CLAIM_NO_MORE)
    worker.watch.add(loop)
    assert worker.stopped.wait(NET_S)
    loop.request = CancelRequest.GIVE_BACK
    assert worker.gave_back.wait(NET_S)


def test_an_engine_that_fails_to_answer_is_logged_and_the_loops_go_on(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Event()

    def ask() -> CancelRequest:
        asked.set()
        raise RuntimeError("no answer")

    worker.watch.add(ask)
    assert asked.wait(NET_S)
    worker.watch.close()
    assert "no answer" in caplog.text
    assert not worker.stopped.is_set()


def test_after_close_nobody_is_asked(worker: Worker) -> None:
    loop = Loop(CancelRequest.GO_ON)
    worker.watch.add(loop)
    loop.wait_until_asked_again()
    worker.watch.close()
    assert "taskfarm-cancel" not in {thread.name for thread in threading.enumerate()}
