"""`watch` and `wait`: what they ask, how they rest, what they sit out, how they end."""

from __future__ import annotations

import logging
import math

import pytest

from taskfarm_sdk import (
    ConfigurationError,
    ConnectionFailed,
    Farm,
    Run,
    RunNotFound,
    RunStatus,
    TasksFailed,
    WaitTimeout,
)
from tests.support.clock import FastClock
from tests.support.fault_proxy import Fault, FaultProxy

pytestmark = pytest.mark.live


run_status_of_a_fresh_run = RunStatus(
    num_tasks=1, waiting=1, computing=0, done=0, failed=None, percent_done=0.0
)


def finish(run: Run, *, fail: tuple[int, ...] = ()) -> None:
    with run.worker(max_attempts=1) as worker:
        for task in worker:
            if task.number in fail:
                task.fail("meant to")
            else:
                task.complete()


def test_wait_returns_how_the_run_ended(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(3)
    finish(run, fail=(1,))
    status = run.wait()
    assert (status.finished, status.succeeded, status.done, status.failed) == (True, False, 3, 1)


def test_wait_asks_for_one_count_and_not_for_four(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(2)
    clock.in_a_wait = lambda _: finish(run) if len(clock.waits) == 3 else None
    proxy.forget()
    run.wait()
    path = f"/api/runs/{run.uuid}"
    asked = [
        seen.line for seen in proxy.seen if seen.path.startswith(path) and seen.method == "GET"
    ]
    assert asked == [f"GET {path}", *[f"GET {path}?info=numDone"] * 3, f"GET {path}"]


def test_check_names_the_tasks_that_failed(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(12)
    finish(run, fail=(3, 11))
    with pytest.raises(TasksFailed) as raised:
        run.wait(check=True)
    assert raised.value.tasks == (3, 11)
    assert raised.value.run_status.failed == 2
    assert "3, 11" in str(raised.value)


def test_check_is_content_with_a_run_that_succeeded(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2)
    finish(run)
    assert run.wait(check=True).succeeded


def test_odd_percentages_of_other_clients_are_looked_at_and_not_called_failures(
    proxy: FaultProxy, proxied_farm: Farm, token: str
) -> None:
    import httpx

    run = proxied_farm.create_run(3)
    finish(run)
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as other:
        other.put(f"runs/{run.uuid}/tasks/1", json={"percentCompleted": 37.5}).raise_for_status()
    assert run.status().failed is None
    assert run.wait().failed == 0


def test_wait_gives_up_after_its_time_and_says_how_the_run_stood(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(4)
    with run.worker() as worker:
        task = worker.claim()
        assert task is not None
        task.complete()
        with pytest.raises(WaitTimeout) as raised:
            run.wait(timeout_s=30)
    assert raised.value.run_status is not None
    assert raised.value.run_status.done == 1


def test_wait_without_time_looks_once(proxy: FaultProxy, proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    proxy.forget()
    with pytest.raises(WaitTimeout):
        run.wait(timeout_s=0)
    assert len(proxy.seen) == 1


def test_an_outage_is_sat_out_for_hours_with_one_line_at_its_begin_and_one_at_its_end(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(1)
    gone_until = clock.now() + 5 * 3600

    def later(_: float) -> None:
        if len(clock.waits) == 1:
            proxy.down()
        elif clock.now() > gone_until and not proxy.is_up:
            proxy.up()
            finish(run)

    clock.in_a_wait = later
    with caplog.at_level(logging.INFO, "taskfarm_sdk"):
        assert run.wait().finished
    gone, back = (record.getMessage() for record in caplog.records)
    assert "is unavailable" in gone
    assert "is back after" in back


def test_watch_sits_out_an_outage_and_ends_with_the_finished_status(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    seen = run.watch(poll_s=1)
    assert not next(seen).finished
    proxy.will("^GET ", *[Fault.UNAVAILABLE] * 30, *[Fault.LOST_BEFORE] * 30)
    clock.in_a_wait = lambda _: finish(run) if len(clock.waits) == 61 else None
    assert [status.finished for status in seen][-1]
    assert sum(clock.waits) > proxied_farm._link.session.give_up_after_s


def test_the_first_request_of_watch_and_wait_gives_up(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(1)
    proxy.down()
    with pytest.raises(ConnectionFailed):
        next(iter(run.watch()))
    with pytest.raises(ConnectionFailed):
        run.wait()


def test_a_time_out_during_an_outage_is_a_wait_timeout(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    clock.in_a_wait = lambda _: proxy.down()
    begin = clock.now()
    with pytest.raises(WaitTimeout):
        run.wait(timeout_s=1000)
    assert clock.now() - begin == pytest.approx(1000)


def test_an_outage_is_no_slow_answer_to_rest_after(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    seen = run.watch(poll_s=2)
    next(seen)
    proxy.will("^GET ", *[Fault.UNAVAILABLE] * 30)
    next(seen)
    before = len(clock.waits)
    next(seen)
    assert clock.waits[before:] == [2]


def test_a_watch_ends_when_its_time_is_over_in_an_outage_too(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    for outage in (False, True):
        begin = clock.now()
        seen = run.watch(poll_s=2, timeout_s=300)
        next(seen)
        if outage:
            proxy.down()
        with pytest.raises(WaitTimeout) as raised:
            list(seen)
        assert raised.value.run_status == run_status_of_a_fresh_run
        assert clock.now() - begin == pytest.approx(300)


def test_a_run_deleted_under_way_ends_the_wait(proxied_farm: Farm, clock: FastClock) -> None:
    run = proxied_farm.create_run(1)
    clock.in_a_wait = lambda _: proxied_farm.get_run(run.uuid).delete()
    with pytest.raises(RunNotFound):
        run.wait()


def test_a_poller_rests_nineteen_times_as_long_as_its_requests_take(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)

    def slow(_: object) -> None:
        clock.advance(3.0)

    proxy.before_passing_on = slow
    seen = run.watch(poll_s=2)
    for _ in range(3):
        next(seen)
    proxy.before_passing_on = lambda _: None
    for _ in range(2):
        next(seen)
    # One slow answer alone is no sign of a slow server, nor is the first.
    assert clock.waits == [2, 19 * 3.0, 19 * 3.0, 2]


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf], ids=str)
def test_a_wrong_poll_interval_is_refused_before_anything_is_sent(
    proxy: FaultProxy, proxied_farm: Farm, wrong: float
) -> None:
    run = proxied_farm.create_run(1)
    proxy.forget()
    with pytest.raises(ConfigurationError, match="poll_s"):
        run.wait(poll_s=wrong)
    with pytest.raises(ConfigurationError, match="poll_s"):
        next(iter(run.watch(poll_s=wrong)))
    assert proxy.seen == []
