"""Slots that claim ahead, and that claim nothing more near the end of their time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from taskfarm_sdk import Farm, Run, Task
from taskfarm_sdk._sansio.clock import Clock
from taskfarm_sdk._worker.requests import Requests
from taskfarm_sdk.execution import dispatcher
from taskfarm_sdk.execution.parts import Completed, Deadline, Dispatcher, Failed, Outcome
from taskfarm_sdk.execution.slot import Slot
from taskfarm_sdk.testing import LocalServer
from tests.support.processes import wait_until

pytestmark = pytest.mark.live


def ignore(_: BaseException) -> None:
    """Have nothing to interrupt."""


def completed(_: Task, __: int) -> Outcome:
    """Have nothing to compute."""
    return Completed()


class Told:
    """A clock that stands where it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def run(taskfarm_server: LocalServer, token: str) -> Iterator[Run]:
    with Farm(taskfarm_server.url, token=token) as farm:
        yield farm.create_run(8)


def work(run: Run, perform: Callable[[Task, int], Outcome], *, size: int = 3) -> None:
    with run.worker(max_attempts=1) as worker:
        Dispatcher(worker, size, perform, interrupt=ignore).run()


def test_a_slot_computes_while_the_task_before_is_completed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    complete = Requests.complete

    def late(self: Requests, number: int, clock: Clock | None = None) -> str | None:
        # Two short tasks, and then: no completion before the next task has begun.
        place = begun.index(number)
        if 2 <= place < run.num_tasks - 1:
            wait_until(lambda: len(begun) > place + 1)
        return complete(self, number, clock)

    monkeypatch.setattr(Requests, "complete", late)

    def perform(task: Task, _: int) -> Outcome:
        begun.append(task.number)
        return Completed()

    work(run, perform, size=1)
    assert run.status().succeeded


def test_a_task_taken_ahead_is_given_back_where_the_one_before_it_is_long(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Told()
    monkeypatch.setattr(dispatcher, "Slot", lambda long_after_s: Slot(long_after_s, clock))
    taken_ahead: list[bool] = []

    def perform(task: Task, _: int) -> Outcome:
        if task.number == 3:
            wait_until(lambda: (run.status().done, run.status().computing) == (3, 2))
            taken_ahead.append(True)
            clock.now += 1
            wait_until(lambda: run.status().computing == 1)
        return Completed()

    with run.worker(first_beat_s=0.1) as worker:
        Dispatcher(worker, 1, perform, interrupt=ignore).run()
    assert run.status().succeeded
    assert taken_ahead
    assert {info.attempts for info in run.task_infos()} == {0}


def test_no_more_tasks_are_taken_than_allowed(run: Run) -> None:
    with run.worker() as worker:
        slots = Dispatcher(worker, 3, completed, interrupt=ignore, max_tasks=5)
        slots.run()
    assert slots.limited
    assert run.status().done == 5


def test_what_would_not_be_done_in_time_is_not_claimed(run: Run) -> None:
    clock = Told()
    deadline = Deadline(100.0, clock)
    deadline.took(30.0)

    def perform(task: Task, _: int) -> Outcome:
        if task.number == 3:
            clock.now = 71.0
        return Completed()

    with run.worker() as worker:
        slots = Dispatcher(worker, 1, perform, interrupt=ignore, deadline=deadline)
        slots.run()
    assert slots.limited
    assert (run.status().done, run.status().waiting) == (4, 4)


class ThreadTime(threading.local):
    """A clock in place of `time`, which goes for each thread as that thread lets it."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_how_long_tasks_take_is_learnt_from_those_that_were_completed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ThreadTime()
    monkeypatch.setattr(dispatcher, "time", clock)
    deadline = Deadline(float("inf"))

    def perform(task: Task, _: int) -> Outcome:
        clock.now += task.number
        return Failed("this tells nothing") if task.number < 2 else Completed()

    with run.worker(max_attempts=1) as worker:
        Dispatcher(worker, 2, perform, interrupt=ignore, deadline=deadline).run()
    assert sorted(deadline._durations) == list(range(2, 8))


def test_who_lingers_ends_when_there_is_no_time_for_another_task(run: Run) -> None:
    clock = Told()
    with run.worker() as other, run.worker(linger=True) as worker:
        held = [other.claim() for _ in range(8)]
        deadline = Deadline(100.0, clock)
        deadline.took(30.0)
        slots = Dispatcher(worker, 2, completed, interrupt=ignore, deadline=deadline)

        def tick() -> None:
            clock.now = 71.0

        slots.run(tick, 0.05)
        assert slots.limited
        assert len([task for task in held if task is not None]) == 8
