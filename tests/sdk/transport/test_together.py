"""Requests side by side: in order, bounded, and nothing of them left behind."""

from __future__ import annotations

import asyncio
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from taskfarm_sdk import Farm, RunNotFound, TaskfarmError
from taskfarm_sdk._sansio.clock import SystemClock
from taskfarm_sdk._sansio.steps import AT_ONCE, Call, Flow, send, together
from taskfarm_sdk._transport.client import AsyncHttpTransport, HttpTransport
from taskfarm_sdk._transport.drivers import adrive, drive
from tests.support.fault_proxy import Fault, FaultProxy, Seen
from tests.support.processes import NET_S


class FakeWire:
    """Performs calls without any connection."""

    def perform(self, call: Call[Any]) -> Any:
        return call.sync(cast("Any", None))


class AsyncFakeWire:
    async def perform(self, call: Call[Any]) -> Any:
        return await call.asyncio(cast("Any", None))


def asking(number: int, act: Callable[[int], object]) -> Callable[[], Flow[int]]:
    """Make a flow of one call that does something and brings its number."""

    def sync(_: object) -> int:
        act(number)
        return number

    async def awaited(_: object) -> int:
        act(number)
        await asyncio.sleep(0)
        return number

    return lambda: send(Call(sync, awaited))


def run(*flows: Callable[[], Flow[int]]) -> list[int]:
    return drive(together(flows), cast("HttpTransport", FakeWire()), SystemClock())


def arun(*flows: Callable[[], Flow[int]]) -> list[int]:
    return asyncio.run(
        adrive(together(flows), cast("AsyncHttpTransport", AsyncFakeWire()), SystemClock())
    )


BOTH = pytest.mark.parametrize("go", [run, arun], ids=["threads", "asyncio"])


@BOTH
@pytest.mark.parametrize("count", [0, 1, 8, 50])
def test_what_flows_return_comes_in_their_order(go: Callable[..., list[int]], count: int) -> None:
    assert go(*(asking(n, lambda _: None) for n in range(count))) == list(range(count))


def test_so_many_are_under_way_at_once_and_no_more() -> None:
    together_there = threading.Barrier(AT_ONCE)
    lock = threading.Lock()
    names: set[str] = set()
    now = most = 0

    def act(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            names.add(threading.current_thread().name)
        together_there.wait(NET_S)
        with lock:
            now -= 1

    run(*(asking(n, act) for n in range(3 * AT_ONCE)))
    assert most == AT_ONCE
    assert all(name.startswith("taskfarm") for name in names)


@BOTH
def test_the_first_failure_is_raised_and_the_rest_is_not_begun(
    go: Callable[..., list[int]],
) -> None:
    begun: list[int] = []
    main, failing = threading.main_thread(), queue.SimpleQueue[threading.Thread]()

    def act(number: int) -> None:
        begun.append(number)
        if number == 0:
            for _ in range(AT_ONCE):
                failing.put(threading.current_thread())
            raise TaskfarmError("meant to")
        if threading.current_thread() is not main:
            failing.get(timeout=NET_S).join(NET_S)

    with pytest.raises(TaskfarmError, match="meant to"):
        go(*(asking(n, act) for n in range(1000)))
    # With asyncio, what has been begun goes on until the failure is told to who waits for it.
    assert len(begun) <= 3 * AT_ONCE


@pytest.fixture
def interrupted() -> Iterator[threading.Event]:
    """Whether Ctrl-C was heard of: the first raises, and those after it do nothing."""
    interrupted = threading.Event()

    def interrupt_once(*_: object) -> None:
        if not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt_once)
    yield interrupted
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_does_not_wait_for_requests_under_way(interrupted: threading.Event) -> None:
    never = threading.Event()
    begun = threading.Semaphore(0)
    main = threading.main_thread().ident
    assert main is not None

    def stall(_: int) -> None:
        begun.release()
        never.wait()

    def interrupt() -> None:
        for _ in range(AT_ONCE):
            begun.acquire()
        # Python hears of one only later that comes as it is about to wait for a lock.
        while not interrupted.wait(0.05):
            signal.pthread_kill(main, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        run(*(asking(n, stall) for n in range(AT_ONCE * 2)))
    never.set()
    interrupting.join()


def test_cancelling_ends_those_under_way() -> None:
    ended: list[str] = []

    async def endless(_: object) -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")
        return 0

    def never(_: object) -> int:
        raise AssertionError

    async def go() -> None:
        flow = together([lambda: send(Call(never, endless))] * 3)
        waiting = asyncio.create_task(
            adrive(flow, cast("AsyncHttpTransport", AsyncFakeWire()), SystemClock())
        )
        for _ in range(5):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert ended == ["ended"] * 3

    asyncio.run(go())


@pytest.mark.live
def test_tasks_are_read_several_at_a_time_and_told_in_order(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(20)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    proxied_farm._link.session.shared.complete.clear()
    all_there = threading.Barrier(AT_ONCE)

    def meet(seen: Seen) -> None:
        if int(seen.path.rpartition("/")[2]) < 2 * AT_ONCE:
            all_there.wait(NET_S)

    proxy.forget()
    proxy.before_passing_on = lambda seen: meet(seen) if "/tasks/" in seen.path else None
    assert [info.number for info in run.task_infos()] == list(range(20))
    assert proxy.count("/tasks/") == 20


@pytest.mark.live
def test_tasks_that_may_not_exist_are_read_one_by_one_upwards(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(30)
    with run.worker() as worker:
        tasks = [task for task in (worker.claim() for _ in range(12)) if task is not None]
        for task in tasks[4:]:
            task.release()
        proxy.forget()
        assert [info.number for info in run.task_infos()] == list(range(30))
        read = [int(s.path.rpartition("/")[2]) for s in proxy.seen if "/tasks/" in s.path]
        assert sorted(read[:4]) == [0, 1, 2, 3]
        assert read[4:] == list(range(4, 12))


@pytest.mark.live
def test_a_listing_that_is_left_early_leaves_nothing_behind(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(20)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    assert next(run.task_infos()).number == 0
    assert not [t for t in threading.enumerate() if t.name.startswith("taskfarm-together")]


@pytest.mark.live
def test_each_of_several_requests_is_tried_again_by_itself(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(12)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    proxy.will("/tasks/", Fault.LOST_AFTER, Fault.SICK, Fault.UNAVAILABLE, Fault.BUSY)
    assert [info.state for info in run.task_infos()] == ["done"] * 12


@pytest.mark.live
def test_a_run_deleted_under_a_listing_is_named(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(40)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    infos = run.task_infos()
    next(infos)
    run.delete()
    with pytest.raises(RunNotFound) as raised:
        list(infos)
    assert raised.value.run == run.uuid
