"""The slots of a dispatcher: what they claim, and how they end."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from taskfarm_sdk import Farm, Run, Task, TaskfarmError
from taskfarm_sdk._worker import vain
from taskfarm_sdk._worker.vain import Vain
from taskfarm_sdk.execution.executors import loop
from taskfarm_sdk.execution.parts import (
    Completed,
    Dispatcher,
    Failed,
    Outcome,
    Released,
)
from taskfarm_sdk.testing import LocalServer
from taskfarm_sdk.worker import core_of
from tests.support.fault_proxy import FaultProxy, Seen
from tests.support.processes import NET_S, wait_until

pytestmark = pytest.mark.live


def ignore(_: BaseException) -> None:
    """Have nothing to interrupt."""


def completed(_: Task, __: int) -> Outcome:
    """Have nothing to compute."""
    return Completed()


@pytest.fixture
def run(taskfarm_server: LocalServer, token: str) -> Iterator[Run]:
    with Farm(taskfarm_server.url, token=token) as farm:
        yield farm.create_run(8)


def work(run: Run, perform: Callable[[Task, int], Outcome], *, size: int = 3) -> None:
    with run.worker(max_attempts=1) as worker:
        Dispatcher(worker, size, perform, interrupt=ignore).run()


def test_each_slot_has_one_task_at_a_time(run: Run) -> None:
    busy: set[int] = set()
    seen: list[int] = []

    def perform(task: Task, slot: int) -> Outcome:
        assert slot not in busy
        busy.add(slot)
        seen.append(task.number)
        busy.remove(slot)
        return Completed()

    work(run, perform)
    assert sorted(seen) == list(range(8))
    assert run.status().succeeded


def test_slots_work_side_by_side(run: Run) -> None:
    together = threading.Barrier(3, timeout=NET_S)

    def perform(task: Task, _: int) -> Outcome:
        if task.number < 3:
            together.wait()
        return Completed()

    work(run, perform)
    assert run.status().succeeded


def test_each_outcome_settles_its_task_and_the_others_go_on(run: Run) -> None:
    seen: list[int] = []

    def perform(task: Task, _: int) -> Outcome:
        seen.append(task.number)
        if task.number == 2 and seen.count(2) == 1:
            return Released()
        return Failed("no such thing") if task.number == 5 else Completed()

    with run.worker(max_attempts=1) as worker:
        slots = Dispatcher(worker, 3, perform, interrupt=ignore)
        slots.run()
    assert sorted(seen) == [0, 1, 2, 2, 3, 4, 5, 6, 7]
    assert [info.number for info in run.task_infos("failed")] == [5]
    assert (run.status().finished, slots.failures) == (True, 1)
    assert run.task_info(2).attempts == 0


def test_a_slot_that_gave_a_task_back_for_a_lack_claims_nothing_for_a_while(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[str] = []
    pauses: list[float] = []

    def perform(task: Task, _: int) -> Outcome:
        events.append(f"task {task.number}")
        return Completed() if pauses else Released("the disk is away", 30)

    def pause(pause_s: float) -> None:
        pauses.append(pause_s)
        events.append("pause")

    with run.worker() as worker:
        core_of(worker).pause = pause  # type: ignore[method-assign]
        Dispatcher(worker, 1, perform, interrupt=ignore).run()
    assert events[:2] == ["task 0", "pause"]
    assert (pauses, run.status().succeeded) == ([30], True)
    assert "is given back, uncounted: the disk is away" in caplog.text


def test_waiting_for_the_answer_to_a_claim_is_no_waiting_for_a_task(
    real_time_farm: Farm, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = real_time_farm.create_run(3)
    looks = itertools.count()
    seen = 0

    def look() -> None:
        nonlocal seen
        seen = next(looks)

    def be_late(request: Seen) -> None:
        if request.line.endswith("/task"):
            wanted = seen + 3
            wait_until(lambda: seen >= wanted)

    # However long this thread takes until it asks.
    monkeypatch.setattr(vain, "CLAIMS_WITHIN_S", NET_S)
    proxy.before_passing_on = be_late
    with run.worker(linger=False) as worker:
        slots = Dispatcher(worker, 1, completed, interrupt=ignore, linger_s=0)
        slots.run(look, every_s=0.01)
    assert run.status().succeeded


def test_loops_in_an_executor_do_not_count_the_wait_for_an_answer_either(
    real_time_farm: Farm, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = real_time_farm.create_run(3)
    looks: list[float | None] = []

    def look(vain: Vain, since: float) -> float | None:
        looks.append(idle_s(vain, since))
        return looks[-1]

    def be_late(request: Seen) -> None:
        if request.line.endswith("/task"):
            wanted = len(looks) + 2
            wait_until(lambda: len(looks) >= wanted)

    idle_s = Vain.idle_s
    monkeypatch.setattr(Vain, "idle_s", look)
    monkeypatch.setattr(loop, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(vain, "CLAIMS_WITHIN_S", NET_S)
    proxy.before_passing_on = be_late
    with ThreadPoolExecutor(1) as pool:
        status = run.work(lambda _: None, executor=pool, linger_s=0, linger=False)
    assert status.succeeded


def test_a_pause_of_a_slot_does_not_hold_up_the_end(run: Run) -> None:
    def tick() -> None:
        if performed.is_set():
            raise KeyboardInterrupt

    performed = threading.Event()

    def perform(_: Task, __: int) -> Outcome:
        performed.set()
        return Released("the disk is away", 86_400)

    with pytest.raises(KeyboardInterrupt), run.worker() as worker:
        Dispatcher(worker, 1, perform, interrupt=ignore).run(tick, 0.05)
    assert run.status().waiting == 8


def test_too_few_threads_are_told_of_and_no_task_is_lost(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def start_some(thread: threading.Thread) -> None:
        if thread.name == "taskfarm-slot-2-1":
            raise RuntimeError("can't start new thread")
        start(thread)

    with run.worker() as worker:
        slots = Dispatcher(worker, 3, completed, interrupt=ignore)
        monkeypatch.setattr(threading.Thread, "start", start_some)
        with pytest.raises(TaskfarmError, match="5 of 6 threads.*ulimit -u"):
            slots.run()
    assert run.status().computing == 0


@pytest.mark.parametrize(("final", "tries"), [(True, 1), (False, 2)])
def test_a_final_failure_is_not_tried_again(run: Run, tries: int, *, final: bool) -> None:
    seen: list[int] = []

    def perform(task: Task, _: int) -> Outcome:
        seen.append(task.number)
        return Failed("never", final=final) if task.number == 2 else Completed()

    with run.worker(max_attempts=2) as worker:
        Dispatcher(worker, 1, perform, interrupt=ignore).run()
    assert seen.count(2) == tries
    assert run.status().failed == 1


def test_an_exception_gives_the_task_back_and_ends_the_work(run: Run) -> None:
    def perform(_: Task, __: int) -> Outcome:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        work(run, perform)
    status = run.status()
    assert (status.waiting, status.computing) == (8, 0)
    assert {info.attempts for info in run.task_infos()} == {0}


def test_abort_interrupts_once_and_raises_the_first_error(run: Run) -> None:
    interrupted: list[BaseException] = []
    waiting = threading.Event()

    def interrupt(error: BaseException) -> None:
        interrupted.append(error)
        waiting.set()

    def perform(task: Task, _: int) -> Outcome:
        if task.number == 0:
            slots.abort(KeyError("first"))
            slots.abort(KeyError("second"))
        assert waiting.wait(NET_S)
        return Released()

    with run.worker() as worker:
        slots = Dispatcher(worker, 3, perform, interrupt=interrupt)
        with pytest.raises(KeyError, match="first"):
            slots.run()
    assert len(interrupted) == 1
    assert run.status().computing == 0


def test_an_interruption_waits_until_the_slots_have_let_go(run: Run) -> None:
    ended = threading.Event()

    def perform(task: Task, _: int) -> Outcome:
        assert ended.wait(NET_S)
        return Released()

    def interrupt(error: BaseException) -> None:
        assert isinstance(error, KeyboardInterrupt)
        ended.set()

    def tick() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), run.worker() as worker:
        Dispatcher(worker, 3, perform, interrupt=interrupt).run(tick, 0.05)
    assert run.status().waiting == 8


def test_a_signal_that_the_main_thread_is_late_to_hear_of_ends_the_children_first(
    taskfarm_server: LocalServer,
) -> None:
    # The callback holds the main thread in C code for many minutes, while the slot's child must be
    # dead before its task is given back.
    program = textwrap.dedent("""
        import hashlib, os, signal, sys
        from taskfarm_sdk import Farm
        from taskfarm_sdk.execution.parts import Dispatcher, Group, Released
        url, user, password = sys.stdin.read().split()
        said = []
        def perform(task, slot):
            group = Group(["sleep", "86399"])
            groups.append(group)
            group.wait()
            print(task.number, flush=True)
            return Released()
        def tick():
            if groups:
                os.kill(os.getpid(), signal.SIGTERM)
                hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
        groups = []
        with Farm(url, user=user, password=password) as farm:
            with farm.create_run(1).worker() as worker:
                Dispatcher(worker, 1, perform, interrupt=lambda _: groups[0].kill()).run(tick, 0.05)
    """)
    server = taskfarm_server
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=f"{server.url} {server.user} {server.password}",
        text=True,
        capture_output=True,
        check=False,
        timeout=NET_S,
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "0\n", "")
    with server.farm() as farm:
        status = farm.runs()[-1].status()
        assert (status.waiting, status.computing) == (1, 0)
