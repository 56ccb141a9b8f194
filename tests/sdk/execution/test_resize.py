"""A dispatcher whose number of slots changes: what begins, what ends, and what nobody holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from taskfarm_sdk import Farm, Run, Task, TaskfarmError
from taskfarm_sdk._worker.short_tasks import ShortTasks
from taskfarm_sdk.execution import work as working_off
from taskfarm_sdk.execution.parts import Completed, Dispatcher, Failed, Jobs, Outcome
from taskfarm_sdk.execution.work import Work, by_children
from taskfarm_sdk.testing import LocalServer
from taskfarm_sdk.worker import core_of
from tests.support.conditions import count_waiting
from tests.support.processes import NET_S, wait_until

pytestmark = pytest.mark.live
Perform = Callable[[Task, int], Outcome]


def ignore(_: BaseException) -> None:
    """Have nothing to interrupt."""


def completed(_: Task, __: int) -> Outcome:
    """Have nothing to compute."""
    return Completed()


@pytest.fixture
def run(taskfarm_server: LocalServer, token: str) -> Iterator[Run]:
    with Farm(taskfarm_server.url, token=token) as farm:
        yield farm.create_run(8)


class Gate:
    """Tasks that are computed until they may end, and how many there are."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._may_end = 0
        self.begun = 0
        self.running = 0
        self.most = 0

    def __call__(self, _: Task, __: int) -> Outcome:
        with self._changed:
            self.begun += 1
            self.running += 1
            self.most = max(self.most, self.running)
            assert self._changed.wait_for(lambda: self._may_end, NET_S)
            self._may_end -= 1
            self.running -= 1
        return Completed()

    def let_end(self, tasks: int) -> None:
        """Let so many tasks end."""
        with self._changed:
            self._may_end += tasks
            self.most = 0
            self._changed.notify_all()


@contextmanager
def working(
    run: Run, perform: Perform, size: int, *, linger: bool = True, **more: float
) -> Iterator[Dispatcher]:
    """Have a dispatcher work in a thread of its own; see its end."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            dispatcher.run(every_s=0.05)
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            failures.append(error)

    with run.worker(linger=linger, max_attempts=2, retry_delay_s=600, first_beat_s=30) as worker:
        dispatcher = Dispatcher(worker, size, perform, interrupt=ignore, **more)  # type: ignore[arg-type]
        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield dispatcher
            thread.join(NET_S)
            assert not thread.is_alive()
        finally:
            dispatcher.abort(KeyboardInterrupt())
            thread.join(NET_S)
    if failures:
        raise failures[0]


def wait_until_done(run: Run, number: int) -> None:
    """Return as soon as so many tasks are done."""
    wait_until(lambda: run.status().done == number)


def test_a_paused_dispatcher_claims_nothing_until_it_has_slots(run: Run) -> None:
    gate = Gate()
    with working(run, gate, 0) as dispatcher:
        assert (dispatcher.size, run.status().computing) == (0, 0)
        dispatcher.resize(3)
        wait_until(lambda: gate.running == 3)
        gate.let_end(8)
    assert gate.begun == 8
    assert run.status().succeeded


def test_more_slots_begin_at_once(run: Run) -> None:
    gate = Gate()
    with working(run, gate, 1) as dispatcher:
        wait_until(lambda: gate.running == 1)
        dispatcher.resize(4)
        wait_until(lambda: gate.running == 4)
        gate.let_end(8)
    assert run.status().succeeded


def test_of_fewer_slots_the_surplus_ends_its_tasks_and_begins_no_more(run: Run) -> None:
    gate = Gate()
    with working(run, gate, 4) as dispatcher:
        wait_until(lambda: gate.running == 4)
        dispatcher.resize(1)
        gate.let_end(3)
        wait_until(lambda: run.status().done == 3)
        assert (gate.begun, gate.running) == (4, 1)
        for done in range(4, 9):
            gate.let_end(1)
            wait_until_done(run, done)
            assert gate.most <= 1
    assert run.status().succeeded


def test_a_pause_lets_go_of_what_was_claimed_ahead_and_of_what_has_failed(run: Run) -> None:
    held = threading.Event()
    begun: list[int] = []

    def perform(task: Task, _: int) -> Outcome:
        begun.append(task.number)
        if task.number == 2 and begun.count(2) == 1:
            # Held back for ten minutes, were it not for the pause.
            return Failed("not yet")
        if len(begun) == 5:
            # The tasks before were short, so the next one is claimed ahead.
            wait_until(lambda: run.status().computing == 3)
            dispatcher.resize(0)
            # Both are let go while this one runs.
            wait_until(lambda: run.status().computing == 1)
            assert held.wait(NET_S)
        return Completed()

    with working(run, perform, 1) as dispatcher:
        wait_until(lambda: len(begun) == 5 and dispatcher.size == 0)
        held.set()
        wait_until(lambda: (run.status().done, run.status().computing) == (4, 0))
        assert run.status().waiting == 4
        dispatcher.resize(2)
    assert run.status().succeeded
    assert begun.count(2) == 2


def test_a_worker_that_pauses_claims_nothing(run: Run) -> None:
    with run.worker(linger=True) as worker:
        core_of(worker).paused = True
        assert worker.claim() is None
        assert run.status().computing == 0
        core_of(worker).paused = False
        assert worker.claim() is not None


def test_a_pause_while_nothing_waits_does_not_end_who_lingers(run: Run) -> None:
    with run.worker() as other:
        held = [task for _ in range(8) if (task := other.claim()) is not None]
        with working(run, completed, 2) as dispatcher:
            wait_until(lambda: dispatcher._core.vain.idle_s(0) is not None)
            dispatcher.resize(0)
            held[0].release()
            # All threads find that they may claim nothing, and none takes that for the end.
            wait_until(lambda: [count_waiting(s._changed) for s in dispatcher._slots] == [2, 2])
            assert (run.status().computing, run.status().done) == (7, 0)
            dispatcher.resize(1)
            wait_until(lambda: run.status().done == 1)
            for task in held[1:]:
                task.complete()
    assert run.status().succeeded


def test_a_pause_is_no_waiting_for_a_task(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []
    look = Dispatcher._has_waited_long

    def note(self: Dispatcher, since: float) -> bool:
        looks.append(look(self, since))
        return looks[-1]

    monkeypatch.setattr(Dispatcher, "_has_waited_long", note)
    with run.worker() as other:
        held = [task for _ in range(8) if (task := other.claim()) is not None]
        with working(run, completed, 2) as dispatcher:
            wait_until(lambda: dispatcher._core.vain.idle_s(0) is not None)
            dispatcher.resize(0)
            dispatcher._linger_s = 0.0
            seen = len(looks)
            wait_until(lambda: len(looks) > seen + 2)
            assert not any(looks)
            dispatcher._linger_s = None
            dispatcher.resize(1)
            for task in held:
                task.complete()
    assert run.status().succeeded


def test_a_task_that_fails_is_tried_again_though_the_other_slots_have_ended(
    run: Run,
) -> None:
    slow = threading.Event()
    begun: list[int] = []

    def perform(task: Task, slot: int) -> Outcome:
        begun.append(task.number)
        if slot == 1 and not slow.is_set():
            assert slow.wait(NET_S)
            return Failed("not yet")
        if slot == 0:
            wait_until(lambda: slow.is_set() or run.status().computing > 1)
        return Completed()

    with working(run, perform, 2, linger=False) as dispatcher:
        # The other slot finds nothing that waits, and does not linger.
        wait_until(lambda: not dispatcher._hands[0])
        assert run.status().done == 7
        dispatcher.resize(1)
        slow.set()
    assert len(begun) == 9
    assert run.status().succeeded


def test_work_that_is_left_ends_though_it_pauses(run: Run) -> None:
    gate = Gate()
    with working(run, gate, 2) as dispatcher:
        wait_until(lambda: gate.running == 2)
        dispatcher.resize(0)
        dispatcher.leave()
        gate.let_end(2)
    assert (run.status().done, run.status().computing) == (2, 0)


def test_threads_that_cannot_be_had_leave_the_slots_that_there_are(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def start_some(thread: threading.Thread) -> None:
        if thread.name.startswith("taskfarm-slot-3"):
            raise RuntimeError("can't start new thread")
        start(thread)

    gate = Gate()
    with working(run, gate, 1) as dispatcher:
        wait_until(lambda: gate.running == 1)
        monkeypatch.setattr(threading.Thread, "start", start_some)
        with pytest.raises(TaskfarmError, match="6 of 10 threads"):
            dispatcher.resize(5)
        assert dispatcher.size == 3
        wait_until(lambda: gate.running == 3)
        gate.let_end(8)
    assert run.status().succeeded


def test_changes_from_all_sides_lose_no_task(run: Run) -> None:
    jobs = Jobs(1)

    def perform(task: Task, _: int) -> Outcome:
        jobs.change((0, 3, 1, 2)[task.number % 4])
        if not jobs.number:
            threading.Timer(0.01, jobs.change, (2,)).start()
        return Completed()

    with working(run, perform, 1) as dispatcher, jobs.followed_by(dispatcher):
        wait_until(lambda: run.status().done == 8)
    assert run.status().succeeded


def test_a_claim_that_a_pause_ends_uses_up_none_of_the_tasks_that_are_allowed(run: Run) -> None:
    with run.worker() as other:
        held = [task for _ in range(8) if (task := other.claim()) is not None]
        with working(run, completed, 2, max_tasks=1) as dispatcher:
            wait_until(lambda: dispatcher._core.vain.idle_s(0) is not None)
            dispatcher.resize(0)
            # Also the slot that waited for what the other's claim would find is still there.
            wait_until(lambda: [count_waiting(s._changed) for s in dispatcher._slots] == [2, 2])
            assert not dispatcher.limited
            dispatcher.resize(2)
            held[0].release()
            wait_until(lambda: run.status().done == 1)
        assert dispatcher.limited
        for task in held[1:]:
            task.release()
    assert (run.status().done, run.status().waiting) == (1, 7)


def test_a_pause_lets_go_of_what_has_failed_though_all_slots_compute(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after long tasks: no thread is free to see the pause begin.
    monkeypatch.setattr(ShortTasks, "may_claim_ahead", False)
    gate, failed = Gate(), threading.Event()

    def perform(task: Task, slot: int) -> Outcome:
        if task.number == 0 and not failed.is_set():
            failed.set()
            return Failed("not yet")
        return gate(task, slot)

    with working(run, perform, 2) as dispatcher:
        wait_until(lambda: gate.running == 2 and failed.is_set())
        assert run.status().computing == 3
        dispatcher.resize(0)
        assert (run.status().computing, gate.running) == (2, 2)
        dispatcher.resize(2)
        gate.let_end(8)
    assert run.status().succeeded


def test_work_that_is_left_while_it_pauses_was_not_stopped_by_failures(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working_off, "PROGRESS_EVERY_S", 0.0)
    jobs = Jobs(0)
    farm_link = core_of(run.worker()).link
    work = Work(farm_link, run.uuid, run.num_tasks, print, run.worker, lambda _: jobs.leave(), None)
    assert not by_children(work, None, None, None, jobs)
    assert run.status().waiting == 8
