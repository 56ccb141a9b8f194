"""What a worker's thread writes of the tasks in hand: reports, beats, failed ones held back."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from taskfarm_sdk import ConfigurationError, Farm, Run, Task, Worker, _beats, _lease
from taskfarm_sdk._reporter import Reporter
from tests.support.fault_proxy import Fault, FaultProxy, Seen
from tests.support.processes import wait_until

pytestmark = pytest.mark.live

NEVER_S = 600.0


@pytest.fixture
def farm(proxy: FaultProxy, token: str) -> Iterator[Farm]:
    """A farm by the real clock, for the thread waits by it."""
    with Farm(proxy.url, token=token, timeout_s=5) as farm:
        yield farm


def reports(proxy: FaultProxy) -> list[_lease.Lease]:
    """Return the leases written, without those that settled a task."""
    bodies = [body for body in proxy.bodies("^PUT ") if isinstance(body, dict)]
    leases = [_lease.decode(body["percentCompleted"]) for body in bodies if "status" not in body]
    return [lease for lease in leases if lease is not None]


def claimed(worker: Worker) -> Task:
    task = worker.claim()
    assert task is not None
    return task


def state(run: Run, task: Task) -> tuple[str, int]:
    info = run.task_info(task.number)
    return info.state, info.attempts


def test_a_quick_task_costs_two_requests_whatever_it_reports(proxy: FaultProxy, farm: Farm) -> None:
    run = farm.create_run(5)
    proxy.forget()
    with run.worker() as worker:
        for task in worker:
            with task:
                for percent in range(100):
                    task.update(percent)
    assert proxy.statistics() == {"POST": 1 + 1 + 5, "PUT": 5}


def test_the_newest_value_is_sent_and_what_it_overtook_is_not(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(1)
    with run.worker(report_every_s=0.2, first_beat_s=NEVER_S) as worker:
        task = claimed(worker)
        for percent in range(51):
            task.update(percent)
        wait_until(lambda: run.task_info(0).percent_completed == 50)
        assert [lease.percent for lease in reports(proxy)] == [50]
        task.complete()


def test_reports_keep_their_distance_to_the_hand_out_and_to_each_other(
    proxy: FaultProxy, farm: Farm
) -> None:
    times: list[float] = []
    proxy.before_passing_on = lambda seen: times.append(time.monotonic())
    with farm.create_run(1).worker(report_every_s=0.2, first_beat_s=NEVER_S) as worker:
        task = claimed(worker)
        handed_at = len(times)
        percent = 0
        while len(times) < handed_at + 3:
            percent += 1
            task.update(percent % 100)
        written = times[handed_at - 1 :]
        task.complete()
    assert min(later - sooner for sooner, later in itertools.pairwise(written)) > 0.15


def test_update_returns_at_once_while_the_server_stalls(proxy: FaultProxy, farm: Farm) -> None:
    with farm.create_run(1).worker(report_every_s=0.01) as worker:
        task = claimed(worker)
        proxy.will("^PUT ", Fault.STALLED)
        task.update(1)
        wait_until(lambda: proxy.count("^PUT ") == 1)
        began = time.monotonic()
        for percent in range(100):
            task.update(percent)
        assert time.monotonic() - began < 1
        proxy.releasing.set()
        task.complete()


def test_a_task_that_lasts_beats_and_shows_one_holder(proxy: FaultProxy, farm: Farm) -> None:
    run = farm.create_run(1)
    with run.worker(first_beat_s=0.05, heartbeat_s=0.1) as worker:
        task = claimed(worker)
        wait_until(lambda: len(reports(proxy)) >= 3)
        task.complete()
    beats = reports(proxy)
    assert len({lease.holder for lease in beats}) == 1
    assert [lease.beat for lease in beats] == list(range(1, len(beats) + 1))
    assert run.status().succeeded


def test_a_completion_waits_for_a_report_under_way_so_that_none_lands_later(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(1)
    under_way, go_on = threading.Event(), threading.Event()

    def hold_up(seen: Seen) -> None:
        if seen.method == "PUT" and not under_way.is_set():
            under_way.set()
            assert go_on.wait(10)

    proxy.before_passing_on = hold_up
    with run.worker(report_every_s=0.01) as worker:
        task = claimed(worker)
        task.update(50)
        assert under_way.wait(10)
        completing = threading.Thread(target=task.complete)
        completing.start()
        wait_until(completing.is_alive)
        assert proxy.count("^PUT ") == 1
        go_on.set()
        completing.join(10)
    assert proxy.count("^PUT ") == 2
    assert run.status().percent_done == 100


class _Noted:
    """A task that notes which threads ask when it is due."""

    def __init__(self, due_at: float) -> None:
        self.at = due_at
        self.asked_by: list[str] = []
        self.written = threading.Event()

    def due_at(self) -> float:
        self.asked_by.append(threading.current_thread().name)
        return self.at

    def beat(self) -> None:
        self.at = time.monotonic() + 3600
        self.written.set()


def test_tasks_that_come_and_go_do_not_wake_the_reporter() -> None:
    reporter = Reporter(time.monotonic)
    long = _Noted(time.monotonic() + 3600)
    reporter.add(long)
    wait_until(lambda: "taskfarm-reporter" in long.asked_by)
    looked = long.asked_by.count("taskfarm-reporter")
    for _ in range(20):
        short = _Noted(time.monotonic() + 7200)
        reporter.add(short)
        time.sleep(0.001)  # as a request does, it lets the thread run if it was woken
        reporter.drop(short)
    due = _Noted(0)
    reporter.add(due)
    assert due.written.wait(10)
    reporter.close()
    # Once or twice for the one that was due, and not for the twenty.
    assert long.asked_by.count("taskfarm-reporter") - looked <= 5


def test_no_thread_stays_when_the_worker_is_left(farm: Farm) -> None:
    with farm.create_run(1).worker() as worker:
        claimed(worker)
        assert any(thread.name == "taskfarm-reporter" for thread in threading.enumerate())
    assert not any(thread.name == "taskfarm-reporter" for thread in threading.enumerate())


def test_a_failed_task_is_held_back_while_others_wait_and_tried_again_then(farm: Farm) -> None:
    run = farm.create_run(3)
    order = []
    with run.worker() as worker:
        for task in worker:
            order.append(task.number)
            if task.number == 0 and task.attempts == 0:
                task.fail("meant to")
                assert state(run, task) == ("computing", 0)
            else:
                task.complete()
    assert order == [0, 1, 2, 0]
    assert run.status().succeeded


def test_a_failed_task_waits_for_anyone_after_its_delay(farm: Farm) -> None:
    run = farm.create_run(3)
    with run.worker(retry_delay_s=0.1) as worker:
        task = claimed(worker)
        task.fail("meant to")
        wait_until(lambda: state(run, task) == ("waiting", 1))


def test_at_most_ten_failed_tasks_are_held(farm: Farm) -> None:
    run = farm.create_run(13)
    with run.worker(retry_delay_s=NEVER_S, halt_after=100) as worker:
        tasks = [claimed(worker) for _ in range(12)]
        for task in tasks:
            task.fail("meant to")
        states = [state(run, task) for task in tasks]
        assert states == [("waiting", 1)] * 2 + [("computing", 0)] * 10
    assert run.status().computing == 0


def test_a_task_that_always_fails_ends_failed_and_not_in_a_loop(farm: Farm) -> None:
    run = farm.create_run(2)
    tries = 0
    with run.worker() as worker:
        for task in worker:
            if task.number == 0:
                tries += 1
                task.fail("meant to")
            else:
                task.complete()
    assert tries == 3
    assert run.wait().failed == 1


def test_ten_failures_in_a_row_stop_a_worker(farm: Farm, caplog: pytest.LogCaptureFixture) -> None:
    run = farm.create_run(30)
    failed = 0
    with run.worker(retry_delay_s=NEVER_S) as worker, caplog.at_level(logging.ERROR):
        for task in worker:
            failed += 1
            task.fail("a sick node")
    assert failed == 10
    assert "in a row failed" in caplog.text
    assert (run.status().waiting, run.status().computing) == (30, 0)


def test_a_success_in_between_lets_a_worker_go_on(farm: Farm) -> None:
    run = farm.create_run(40)
    with run.worker(retry_delay_s=NEVER_S, max_attempts=1) as worker:
        for task in worker:
            if task.number % 9 == 0:
                task.complete()
            else:
                task.fail("meant to")
    assert run.status().done == 40


def asleep(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the machine have slept for so long."""
    awake_s = _beats.awake_s
    monkeypatch.setattr(_beats, "awake_s", lambda: awake_s() + seconds)


@pytest.mark.parametrize("act", [Task.beat, Task.release, lambda task: task.fail("x", final=True)])
def test_after_a_sleep_a_task_that_others_took_over_is_left_to_them(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, act: object
) -> None:
    run = farm.create_run(1)
    with run.worker(first_beat_s=NEVER_S) as sleeper, run.worker(first_beat_s=NEVER_S) as other:
        task = claimed(sleeper)
        run.reset_all()
        taken = claimed(other)
        taken.update(70)
        taken.beat()
        asleep(monkeypatch, 100)
        assert callable(act)
        act(task)
        info = run.task_info(0)
        assert (info.state, info.percent_completed) == ("computing", 70)
        taken.complete()


def test_after_a_sleep_a_task_still_ours_is_beaten_on(
    farm: Farm, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = farm.create_run(1)
    with run.worker(first_beat_s=NEVER_S) as worker:
        task = claimed(worker)
        asleep(monkeypatch, 100)
        task.update(20)
        task.beat()
        assert run.task_info(0).percent_completed == 20
        looks = proxy.count("^GET .*/tasks/0$")
        task.update(30)
        task.beat()
        assert proxy.count("^GET .*/tasks/0$") == looks
        task.complete()


def test_finished_work_counts_though_others_took_the_task_over(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = farm.create_run(1)
    with run.worker(first_beat_s=NEVER_S) as sleeper, run.worker(first_beat_s=NEVER_S) as other:
        task = claimed(sleeper)
        run.reset_all()
        claimed(other).beat()
        asleep(monkeypatch, 100)
        task.beat()
        task.complete()
        assert run.task_info(0).state == "done"
        other._open.clear()


def test_a_run_that_is_gone_ends_the_reports_of_its_tasks(
    farm: Farm, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    run = farm.create_run(1)
    with run.worker(first_beat_s=0.05, heartbeat_s=0.05) as worker, caplog.at_level("WARNING"):
        claimed(worker)
        run.delete()
        wait_until(lambda: "could not be written of" in caplog.text)
        worker._open.clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heartbeat_s", 31),
        ("heartbeat_s", 0),
        ("report_every_s", -1),
        ("first_beat_s", float("nan")),
        ("retry_delay_s", -1),
        ("halt_after", 0),
        ("halt_after", 1.5),
    ],
)
def test_a_wrong_rhythm_is_refused(farm: Farm, name: str, value: float) -> None:
    run = farm.create_run(1)
    with pytest.raises(ConfigurationError, match=name):
        run.worker(**{name: value})  # type: ignore[arg-type]
