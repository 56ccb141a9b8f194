"""The thread of a worker that writes of its tasks: reports, beats, failed ones held back."""

from __future__ import annotations

import itertools
import threading

import pytest

from taskfarm_sdk import ConfigurationError, Farm, Task, Worker
from taskfarm_sdk._flows import claims
from taskfarm_sdk._protocol import lease as _lease
from taskfarm_sdk._worker import heartbeat
from taskfarm_sdk._worker.reporter import Reporter
from taskfarm_sdk.worker import core_of
from tests.support.clock import FastClock
from tests.support.conditions import wait_until_waiting
from tests.support.farms import farm_by
from tests.support.fault_proxy import FaultProxy, Seen
from tests.support.inside import held
from tests.support.processes import NET_S, wait_until

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("no_first_beats")]

NEVER_S = 600.0


def reports(proxy: FaultProxy) -> list[_lease.Lease]:
    """Return the leases written, without those that settled a task."""
    bodies = [body for body in proxy.bodies("^PUT ") if isinstance(body, dict)]
    leases = [_lease.decode(body["percentCompleted"]) for body in bodies if "status" not in body]
    return [lease for lease in leases if lease is not None]


def claimed(worker: Worker) -> Task:
    task = worker.claim()
    assert task is not None
    return task


def test_a_quick_task_costs_two_requests_whatever_it_reports(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(5)
    proxy.forget()
    with run.worker() as worker:
        for task in worker:
            with task:
                for percent in range(100):
                    task.update(percent)
    assert proxy.statistics() == {"POST": 1 + 1 + 5, "PUT": 5}


def test_the_newest_value_is_sent_and_what_it_overtook_is_not(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker(report_every_s=0.2, first_beat_s=NEVER_S) as worker:
        task = claimed(worker)
        for percent in range(51):
            task.update(percent)
        clock.advance(0.2)
        wait_until(lambda: run.task_info(0).percent_completed == 50)
        assert [lease.percent for lease in reports(proxy)] == [50]
        task.complete()


def test_reports_keep_their_distance_to_the_hand_out_and_to_each_other(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    times: list[float] = []
    proxy.before_passing_on = lambda _: times.append(clock.now())
    with proxied_farm.create_run(1).worker(report_every_s=0.25, first_beat_s=NEVER_S) as worker:
        task = claimed(worker)
        handed_at = len(times) - 1
        for percent in range(3):
            task.update(percent)
            clock.advance(0.125)
            wait_until_waiting(core_of(worker).reporter._changed)  # it has nothing to write yet
            task.update(percent + 0.5)
            clock.advance(0.125)
            wait_until(lambda: held(task).due_at() > clock.now())  # it has written
        written = times[handed_at:]
        task.complete()
    assert [later - sooner for sooner, later in itertools.pairwise(written)] == [0.25] * 3


def test_update_returns_at_once_while_the_server_stalls(
    proxy: FaultProxy, token: str, clock: FastClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "REPORT_TIMEOUT_S", NET_S)
    under_way, go_on = threading.Event(), threading.Event()

    def stall(seen: Seen) -> None:
        if seen.method == "PUT" and not under_way.is_set():
            under_way.set()
            assert go_on.wait(NET_S)

    proxy.before_passing_on = stall
    with (
        farm_by(clock, proxy.url, token=token, timeout_s=NET_S) as patient,
        patient.create_run(1).worker(report_every_s=0.01) as worker,
    ):
        task = claimed(worker)
        task.update(1)
        clock.advance(0.01)
        assert under_way.wait(NET_S)
        for percent in range(100):
            task.update(percent)
        assert held(task).due_at() <= clock.now()  # the first report is still under way
        assert proxy.count("^PUT ") == 1
        go_on.set()
        task.complete()


def test_a_task_that_lasts_beats_and_shows_one_holder(
    proxy: FaultProxy, real_time_farm: Farm
) -> None:
    run = real_time_farm.create_run(1)
    with run.worker(first_beat_s=0.05, heartbeat_s=0.1) as worker:
        task = claimed(worker)
        wait_until(lambda: len(reports(proxy)) >= 3)
        task.complete()
    beats = reports(proxy)
    assert len({lease.holder for lease in beats}) == 1
    assert [lease.beat for lease in beats] == list(range(1, len(beats) + 1))
    assert run.status().succeeded


def test_a_completion_waits_for_a_report_under_way_so_that_none_lands_later(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    under_way, go_on, completes = (threading.Event() for _ in range(3))
    order: list[str] = []

    def hold_up(seen: Seen) -> None:
        if seen.method == "PUT":
            order.append("begins")
            under_way.set()
            assert go_on.wait(NET_S)

    class Watched:
        """A task's lock that tells when a completion asks for it."""

        def __enter__(self) -> None:
            if threading.current_thread() is completing:
                completes.set()
            lock.acquire()

        def __exit__(self, *_: object) -> None:
            lock.release()

    proxy.before_passing_on = hold_up
    proxy.after_passing_on = lambda seen, *_: order.append("ends") if seen.method == "PUT" else None
    with run.worker(report_every_s=0.01) as worker:
        task = claimed(worker)
        completing = threading.Thread(target=task.complete)
        lock = held(task)._writing
        held(task)._writing = Watched()  # type: ignore[assignment]
        task.update(50)
        clock.advance(0.01)
        assert under_way.wait(NET_S)
        completing.start()
        assert completes.wait(NET_S)
        go_on.set()
        completing.join(NET_S)
    assert order == ["begins", "ends"] * 2
    assert run.status().percent_done == 100


class Noted:
    """A task that is due at a moment, and notes that it was written of."""

    def __init__(self, due_at: float) -> None:
        self.at = due_at
        self.written = threading.Event()

    def due_at(self) -> float:
        return self.at

    def beat(self) -> None:
        self.at = 10 * NEVER_S
        self.written.set()


class CountingCondition(threading.Condition):
    """A condition that counts how often those that wait for it are woken."""

    woken = 0

    def notify_all(self) -> None:
        self.woken += 1
        super().notify_all()


def test_tasks_that_come_and_go_do_not_wake_the_reporter() -> None:
    reporter = Reporter(lambda: 0.0)
    reporter._changed = changed = CountingCondition()
    reporter.add(Noted(NEVER_S))
    for _ in range(20):
        wait_until_waiting(changed)
        short = Noted(2 * NEVER_S)
        reporter.add(short)
        reporter.drop(short)
    assert changed.woken == 0
    due = Noted(0)
    reporter.add(due)
    assert changed.woken == 1
    assert due.written.wait(NET_S)
    reporter.close()


def test_no_thread_stays_when_the_worker_is_left(proxied_farm: Farm) -> None:
    with proxied_farm.create_run(1).worker() as worker:
        claimed(worker)
        (reporter,) = (t for t in threading.enumerate() if t is core_of(worker).reporter._thread)
        assert reporter.name == "taskfarm-reporter"
    assert reporter not in threading.enumerate()


@pytest.fixture
def awake(monkeypatch: pytest.MonkeyPatch) -> FastClock:
    """The clock that goes on while the machine sleeps."""
    clock = FastClock()
    monkeypatch.setattr(heartbeat, "awake_s", clock.now)
    return clock


@pytest.mark.parametrize(
    "act", [lambda task: held(task).beat(), Task.release, lambda task: task.fail("x", final=True)]
)
def test_after_a_sleep_a_task_that_others_took_over_is_left_to_them(
    proxied_farm: Farm, awake: FastClock, act: object
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker(first_beat_s=NEVER_S) as sleeper, run.worker(first_beat_s=NEVER_S) as other:
        task = claimed(sleeper)
        run.reset_all()
        taken = claimed(other)
        taken.update(70)
        held(taken).beat()
        awake.advance(100)
        assert callable(act)
        act(task)
        info = run.task_info(0)
        assert (info.state, info.percent_completed) == ("computing", 70)
        taken.complete()


def test_after_a_sleep_a_task_still_ours_is_beaten_on(
    proxied_farm: Farm, proxy: FaultProxy, awake: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker(first_beat_s=NEVER_S) as worker:
        task = claimed(worker)
        awake.advance(100)
        task.update(20)
        held(task).beat()
        assert run.task_info(0).percent_completed == 20
        looks = proxy.count("^GET .*/tasks/0$")
        task.update(30)
        held(task).beat()
        assert proxy.count("^GET .*/tasks/0$") == looks
        task.complete()


def test_finished_work_counts_though_others_took_the_task_over(
    proxied_farm: Farm, awake: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker(first_beat_s=NEVER_S) as sleeper, run.worker(first_beat_s=NEVER_S) as other:
        task = claimed(sleeper)
        run.reset_all()
        held(claimed(other)).beat()
        awake.advance(100)
        held(task).beat()
        task.complete()
        assert run.task_info(0).state == "done"
        core_of(other).ledger._open.clear()


def test_a_run_that_is_gone_ends_the_reports_of_its_tasks(
    proxied_farm: Farm, clock: FastClock, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker(first_beat_s=0.05) as worker, caplog.at_level("WARNING"):
        claimed(worker)
        run.delete()
        clock.advance(0.05)
        wait_until(lambda: "could not report the progress" in caplog.text)
        core_of(worker).ledger._open.clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heartbeat_s", 31),
        ("heartbeat_s", 0),
        ("report_every_s", -1),
        ("first_beat_s", float("nan")),
        ("first_beat_s", 0),
        ("retry_delay_s", -1),
        ("halt_after", 0),
        ("halt_after", 1.5),
    ],
)
def test_a_wrong_rhythm_is_refused(proxied_farm: Farm, name: str, value: float) -> None:
    run = proxied_farm.create_run(1)
    with pytest.raises(ConfigurationError, match=name):
        run.worker(**{name: value})  # type: ignore[arg-type]
