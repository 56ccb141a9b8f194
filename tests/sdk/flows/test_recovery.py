"""Lingering workers: they take back what is stale, and a run finishes while one of them lives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from taskfarm_sdk import Farm, Run, Task, Worker
from taskfarm_sdk._flows import recovery
from taskfarm_sdk._flows.recovery import Watchlist
from taskfarm_sdk._worker import open_tasks
from taskfarm_sdk.execution.parts import Completed, Dispatcher, Failed, Outcome
from taskfarm_sdk.worker import core_of, worker_of_chunks
from tests.support.clock import FastClock
from tests.support.conditions import wait_until_waiting
from tests.support.fault_proxy import FaultProxy, Seen
from tests.support.inside import held
from tests.support.processes import NET_S, wait_until

pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("no_first_beats"),
]


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have workers look at others' tasks without the rest, of a random length, before that."""
    monkeypatch.setattr(recovery, "START_SPREAD_S", 0)


def lingering(run: Run, *, max_attempts: int = 3, **patience_s: float) -> Worker:
    """A worker that stays, and writes of no task by itself."""
    return run.worker(
        linger=True,
        max_attempts=max_attempts,
        report_every_s=1e6,
        first_beat_s=1e6,
        **patience_s,  # type: ignore[arg-type]
    )


def work_off(worker: Worker) -> list[tuple[int, int]]:
    """Complete what the worker is handed out; returns numbers and attempts."""
    taken = []
    with worker:
        for task in worker:
            taken.append((task.number, task.attempts))
            task.complete()
    return taken


def lost(run: Run, *, beat: bool = True) -> Task:
    """A task whose worker dies with it."""
    worker = run.worker(report_every_s=1e6, first_beat_s=1e6)
    task = worker.claim()
    assert task is not None
    if beat:
        task.update(30)
        held(task).beat()
    core_of(worker).reporter.close()
    return task


@pytest.mark.usefixtures("_at_once")
def test_a_lost_workers_task_is_taken_back_and_its_attempt_counted(
    proxied_farm: Farm, clock: FastClock, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(3)
    gone = lost(run)
    began = clock.now()
    with caplog.at_level(logging.WARNING, "taskfarm_sdk"):
        taken = work_off(lingering(run))
    assert taken == [(1, 0), (2, 0), (gone.number, 1)]
    assert run.status().succeeded
    assert clock.now() - began == 120
    assert "no sign of life" in caplog.text


@pytest.mark.usefixtures("_at_once")
def test_a_task_lost_before_its_first_beat_is_taken_back_too(
    proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(2)
    gone = lost(run, beat=False)
    began = clock.now()
    assert work_off(lingering(run)) == [(1, 0), (gone.number, 1)]
    # This worker finished a quick task, so an unleased one has as long as a leased one.
    assert clock.now() - began == 120


@pytest.mark.usefixtures("_at_once")
def test_where_it_is_a_position_another_clients_percentage_is_written_as_0(
    proxied_farm: Farm, token: str
) -> None:
    run = proxied_farm.create_run(1)
    gone = lost(run)
    with httpx.Client(base_url=proxied_farm.url, auth=(token, "")) as client:
        task = f"runs/{run.uuid}/tasks/{gone.number}"
        client.put(task, json={"percentCompleted": 37.5}).raise_for_status()
    with worker_of_chunks(lingering(run, unleased_after_s=200)) as worker:
        again = worker.claim()
        assert again is not None
        assert (again.percent_completed, again.attempts) == (0.0, 1)
        again.release()
    assert run.task_info(0).percent_completed == 0.0


@pytest.mark.usefixtures("_at_once")
def test_where_it_is_a_position_that_of_a_lost_worker_is_kept(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    lost(run)
    with worker_of_chunks(lingering(run)) as worker:
        again = worker.claim()
        assert again is not None
        assert (again.percent_completed, again.attempts) == (30.0, 1)
        again.release()


def test_where_it_is_a_position_another_clients_percentage_of_a_waiting_task_is_none(
    proxied_farm: Farm, token: str
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker() as plain:
        task = plain.claim()
        assert task is not None
        task.release()
    with httpx.Client(base_url=proxied_farm.url, auth=(token, "")) as client:
        client.put(f"runs/{run.uuid}/tasks/0", json={"percentCompleted": 37.5}).raise_for_status()
    with worker_of_chunks(run.worker()) as worker:
        again = worker.claim()
        assert again is not None
        assert again.percent_completed == 0.0
        again.release()


def test_a_live_workers_task_is_left_to_it_and_waited_for(
    proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(2)
    with run.worker(report_every_s=1e6, first_beat_s=1e6) as other:
        slow = other.claim()
        assert slow is not None
        ends_at = clock.now() + 150
        beat_at = clock.now()

        def live(_: float) -> None:
            nonlocal beat_at
            if clock.now() >= ends_at and not slow.settled:
                slow.complete()
            elif clock.now() >= beat_at and not slow.settled:
                beat_at = clock.now() + 30
                held(slow).beat()

        clock.in_a_wait = live
        assert work_off(lingering(run)) == [(1, 0)]
    assert run.status().succeeded
    assert run.task_info(slow.number).attempts == 0


def test_a_task_that_is_lost_again_and_again_ends_failed(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    lost(run)
    for attempts in (1, 2):
        worker = lingering(run)
        again = worker.claim()
        assert again is not None
        assert again.attempts == attempts
        held(again).beat()
        core_of(worker).reporter.close()
    assert work_off(lingering(run, max_attempts=3)) == []
    assert run.status().failed == 1


@pytest.mark.usefixtures("_at_once")
def test_a_task_that_moves_at_the_last_look_is_left_alone(
    proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    gone = lost(run)
    worker = lingering(run)
    sweeper = core_of(worker)._sweeper
    assert sweeper is not None
    beats: list[int] = []

    class ComesBack(Watchlist):
        """Brings the task back to life after the look that called it stale."""

        def stale(self, patience_s: Callable[[float | None], float]) -> list[int]:
            found = super().stale(patience_s)
            if found and not beats:
                beats.append(1)
                held(gone).beat()
            return found

    sweeper._watched = ComesBack()
    began = clock.now()
    assert work_off(worker) == [(0, 1)]
    assert beats == [1]
    # It had to stand still for as long once more.
    assert clock.now() - began == 240


def test_without_lingering_a_worker_ends_when_nothing_waits(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2)
    gone = lost(run)
    assert work_off(run.worker()) == [(1, 0)]
    assert run.task_info(gone.number).state == "computing"


def test_a_long_search_does_not_lengthen_the_rest_after_it(
    proxied_farm: Farm, proxy: FaultProxy, clock: FastClock
) -> None:
    run = proxied_farm.create_run(100)
    gone = lost(run)

    def slow(seen: Seen) -> None:
        if "/tasks/" in seen.path:
            clock.advance(1.0)

    proxy.before_passing_on = slow
    assert work_off(lingering(run))[-1] == (gone.number, 1)
    # All tasks but one were read to find it; no rest was longer than the longest there is.
    assert max(clock.waits) <= 40


def test_stop_ends_lingering(real_time_farm: Farm, proxy: FaultProxy) -> None:
    run = real_time_farm.create_run(1)
    lost(run)
    worker = run.worker(linger=True)
    claims: list[Task | None] = []
    claiming = threading.Thread(target=lambda: claims.append(worker.claim()))
    claiming.start()
    wait_until(lambda: proxy.count("numComputing"))
    worker.stop()
    claiming.join(NET_S)
    assert claims == [None]


def test_lingering_ends_when_another_worker_finishes_the_run(
    proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    other = run.worker(report_every_s=1e6, first_beat_s=1e6)
    task = other.claim()
    assert task is not None
    clock.in_a_wait = lambda _: None if task.settled else task.complete()
    assert work_off(lingering(run)) == []
    assert run.status().succeeded
    other.close()


def test_a_long_run_is_searched_from_its_end_for_the_tasks_that_compute(
    proxied_farm: Farm, proxy: FaultProxy, clock: FastClock
) -> None:
    run = proxied_farm.create_run(100)
    with run.worker() as worker:
        tasks = [worker.claim() for _ in range(100)]
        for task in tasks[:-1]:
            assert task is not None
            task.complete()
        last = tasks[-1]
        assert last is not None
        proxy.forget()
        clock.in_a_wait = lambda _: last.complete() if len(clock.waits) == 3 else None
        assert work_off(lingering(run)) == []
    read = proxy.count("^GET .*/tasks/")
    assert 0 < read < 40


def test_where_only_its_own_tasks_are_computed_a_worker_waits_and_reads_none(
    proxied_farm: Farm, proxy: FaultProxy, clock: FastClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_tasks, "PATIENCE_S", 10 * NET_S)
    run = proxied_farm.create_run(1)
    worker = run.worker(linger=True)
    task = worker.claim()
    assert task is not None
    claims: list[Task | None] = []
    claiming = threading.Thread(target=lambda: claims.append(worker.claim()))
    proxy.forget()
    claiming.start()
    wait_until_waiting(core_of(worker).ledger.open_tasks._changed)
    assert proxy.count("numComputing") == 1
    task.complete()
    # It ends with the task, not with a rest in which nothing would have changed.
    claiming.join(NET_S)
    assert claims == [None]
    assert clock.waits == []
    assert proxy.count("GET .*/tasks/") == 0
    worker.close()
    run.delete()


def test_a_dispatcher_alone_on_a_run_never_looks_for_others_tasks(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(60)
    proxy.forget()

    def perform(task: Task, _: int) -> Outcome:
        return Failed("each time") if task.number % 20 == 7 else Completed()

    with run.worker(linger=True) as worker:
        Dispatcher(worker, 4, perform, interrupt=lambda _: None).run()
    assert run.status().failed == 3
    assert proxy.count("GET .*/tasks/") == 0
    run.delete()


def test_the_end_of_a_run_costs_one_request_for_each_thread(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run, size = proxied_farm.create_run(48), 16
    proxy.forget()
    with run.worker(linger=True) as worker:
        Dispatcher(worker, size, lambda task, slot: Completed(), interrupt=lambda _: None).run()
    assert run.status().succeeded
    # Two threads a slot; and the one that stayed asks now and then for all.
    assert proxy.count("POST .*/task$") <= run.num_tasks + 2 * size + 5
    assert proxy.count("numComputing") <= 5
    run.delete()


def test_all_threads_that_stayed_get_what_comes_to_wait(
    proxied_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who thinks that all that compute are its own sees anew after this.
    monkeypatch.setattr(open_tasks, "PATIENCE_S", 0.05)
    run = proxied_farm.create_run(3)
    other = run.worker(report_every_s=1e6, first_beat_s=1e6)
    held = [other.claim() for _ in range(3)]
    # Nothing is stale before it is given back, whatever is first.
    worker = lingering(run, stale_after_s=1e9, unleased_after_s=1e9)
    with ThreadPoolExecutor(3) as threads:
        claims = [threads.submit(worker.claim) for _ in range(3)]
        for task in held:
            assert task is not None
            task.release()
        numbers = {task.number for claim in claims if (task := claim.result(NET_S)) is not None}
    assert numbers == {0, 1, 2}
    worker.close()
    other.close()


def test_who_found_nothing_stays_for_a_task_that_was_given_back_a_moment_later(
    proxied_farm: Farm, proxy: FaultProxy
) -> None:
    run = proxied_farm.create_run(2)
    other = run.worker(report_every_s=1e6, first_beat_s=1e6)
    first, second = other.claim(), other.claim()
    assert first is not None
    assert second is not None
    first.complete()

    def give_back(seen: Seen) -> None:
        # After the hand-out that found nothing waiting, and before the count of what computes.
        if "numComputing" in seen.path and not second.settled:
            proxy.before_passing_on = lambda _: None
            second.release()

    proxy.before_passing_on = give_back
    assert work_off(lingering(run)) == [(second.number, 0)]
    assert run.status().succeeded
    other.close()
