"""A crew's slots: what they claim, and how they end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from taskfarm_sdk import Run, Task
from taskfarm_sdk.crew import Crew
from taskfarm_sdk.testing import LocalServer

pytestmark = pytest.mark.live


def ignore(_: BaseException) -> None:
    """Have nothing to interrupt."""


@pytest.fixture
def run(taskfarm_server: LocalServer) -> Iterator[Run]:
    with taskfarm_server.farm() as farm:
        yield farm.create_run(8)


def work(run: Run, perform: Callable[[Task, int], None], *, size: int = 3) -> None:
    with run.worker(max_attempts=1) as worker:
        Crew(worker, size, perform, interrupt=ignore).run()


def test_each_slot_has_one_task_at_a_time(run: Run) -> None:
    busy: set[int] = set()
    seen: list[int] = []

    def perform(task: Task, slot: int) -> None:
        assert slot not in busy
        busy.add(slot)
        seen.append(task.number)
        busy.remove(slot)

    work(run, perform)
    assert sorted(seen) == list(range(8))
    assert run.status().succeeded


def test_slots_work_side_by_side(run: Run) -> None:
    together = threading.Barrier(3, timeout=10)

    def perform(task: Task, slot: int) -> None:
        if task.number < 3:
            together.wait()

    work(run, perform)
    assert run.status().succeeded


def test_an_exception_fails_the_attempt_and_the_others_go_on(run: Run) -> None:
    def perform(task: Task, slot: int) -> None:
        if task.number == 2:
            raise ValueError("no such thing")

    work(run, perform)
    assert run.status().failed == 1


def test_an_exception_after_the_task_was_settled_ends_the_work(run: Run) -> None:
    def perform(task: Task, slot: int) -> None:
        task.release()
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        work(run, perform)
    assert (run.status().waiting, run.status().computing) == (8, 0)


def test_abort_interrupts_once_and_raises_the_first_error(run: Run) -> None:
    interrupted: list[BaseException] = []
    waiting = threading.Event()

    def interrupt(error: BaseException) -> None:
        interrupted.append(error)
        waiting.set()

    def perform(task: Task, slot: int) -> None:
        if task.number == 0:
            crew.abort(KeyError("first"))
            crew.abort(KeyError("second"))
        assert waiting.wait(10)
        task.release()

    with run.worker() as worker:
        crew = Crew(worker, 3, perform, interrupt=interrupt)
        with pytest.raises(KeyError, match="first"):
            crew.run()
    assert len(interrupted) == 1
    assert run.status().computing == 0


def test_an_interruption_waits_until_the_slots_have_let_go(run: Run) -> None:
    ended = threading.Event()

    def perform(task: Task, slot: int) -> None:
        assert ended.wait(10)
        task.release()

    def interrupt(error: BaseException) -> None:
        assert isinstance(error, KeyboardInterrupt)
        ended.set()

    def tick() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), run.worker() as worker:
        Crew(worker, 3, perform, interrupt=interrupt).run(tick, 0.05)
    assert run.status().waiting == 8


def test_no_more_tasks_are_taken_than_allowed(run: Run) -> None:
    with run.worker() as worker:
        crew = Crew(worker, 3, lambda task, slot: None, interrupt=ignore, max_tasks=5)
        crew.run()
    assert crew.limited
    assert run.status().done == 5
