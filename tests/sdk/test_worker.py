"""Workers in their plain form: hand-outs, settling, and what happens to tasks left open."""

from __future__ import annotations

import pickle
import signal
import threading
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from taskfarm_sdk import (
    ConfigurationError,
    Farm,
    FunctionFailed,
    RunBroken,
    TaskfarmError,
    TasksFailed,
)
from taskfarm_sdk._worker.requests import ENDING_S
from taskfarm_sdk.worker import core_of
from tests.support.clock import FastClock
from tests.support.fault_proxy import Fault, FaultProxy, Seen
from tests.support.inside import held
from tests.support.odd_errors import ODD, repr_of

pytestmark = pytest.mark.live


def test_a_task_without_progress_costs_two_requests(proxy: FaultProxy, proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(10)
    proxy.forget()
    with run.worker() as worker:
        for task in worker:
            with task:
                pass
    # One registration, one last hand-out that says there is nothing left, two for each task.
    assert len(proxy.seen) == 1 + 1 + 2 * 10
    assert proxy.statistics() == {"POST": 12, "PUT": 10}
    assert run.status().succeeded


def test_completing_sends_percentage_and_status_in_one(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    with proxied_farm.create_run(1).worker() as worker:
        for task in worker:
            task.complete()
    assert proxy.bodies("^PUT ") == [{"percentCompleted": 100.0, "status": "done"}]


def test_each_task_is_handed_out_once_to_threads_that_share_a_worker(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(40)
    taken: list[int] = []
    with run.worker() as worker:

        def work() -> None:
            while (task := worker.claim()) is not None:
                with task:
                    taken.append(task.number)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(taken) == list(range(40))
    assert run.status().succeeded


def test_an_exception_counts_an_attempt_and_goes_on_to_the_caller(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    for attempt in (1, 2):
        with run.worker() as worker, pytest.raises(ZeroDivisionError):
            for task in worker:
                with task:
                    _ = 1 / 0
        info = run.task_info(0)
        assert (info.state, info.attempts) == ("waiting", attempt)
    with run.worker() as worker, pytest.raises(ZeroDivisionError):
        for task in worker:
            with task:
                _ = 1 / 0
    info = run.task_info(0)
    assert (info.state, info.attempts) == ("failed", 3)
    assert run.status().failed == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, CancelledError])
def test_an_interruption_gives_the_task_back_uncounted(
    proxied_farm: Farm, interruption: type[BaseException]
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker() as worker, pytest.raises(interruption):
        for task in worker:
            with task:
                task.update(30)
                if interruption is not KeyboardInterrupt:
                    worker.stop()  # as the handler of a signal does first
                raise interruption
    info = run.task_info(0)
    assert (info.state, info.attempts, info.percent_completed) == ("waiting", 0, 30)


@pytest.mark.parametrize("odd", [*ODD, SystemExit("no licence")], ids=repr_of)
def test_whatever_else_is_raised_counts_an_attempt_with_its_name(
    proxied_farm: Farm, odd: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker(max_attempts=1) as worker, pytest.raises(type(odd)) as raised:
        for task in worker:
            with task:
                raise odd
    assert raised.value is odd
    assert run.task_info(0).state == "failed"
    assert f"failed (attempt 1, the last): {type(odd).__name__}" in caplog.text


def test_the_end_of_a_generator_gives_its_task_back(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)

    def numbers() -> Iterator[int]:
        with run.worker() as worker:
            for task in worker:
                with task:
                    yield task.number

    computing = numbers()
    assert next(computing) == 0
    computing.close()  # type: ignore[attr-defined]
    assert (run.task_info(0).state, run.task_info(0).attempts) == ("waiting", 0)


def test_waiting_tells_what_failed_in_this_process(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2)
    with run.worker(max_attempts=1) as worker:
        for task in worker:
            with suppress(ZeroDivisionError), task:
                _ = 1 / task.number
    with pytest.raises(TasksFailed, match="here: task 0, attempt 1: ZeroDivisionError") as raised:
        run.wait(check=True)
    (failure,) = raised.value.failures
    assert (failure.task, failure.attempt, failure.type) == (0, 1, "ZeroDivisionError")
    assert "_ = 1 / task.number" in failure.traceback
    assert isinstance(raised.value.__cause__, FunctionFailed)
    assert raised.value.__cause__.traceback == failure.traceback


def test_an_interruption_of_a_completion_does_not_give_finished_work_back(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(1)
    main = threading.main_thread().ident
    assert main is not None

    def interrupt_once(seen: Seen) -> None:
        if seen.method == "PUT":
            proxy.before_passing_on = lambda _: None
            signal.pthread_kill(main, signal.SIGINT)

    proxy.before_passing_on = interrupt_once
    with run.worker() as worker, pytest.raises(KeyboardInterrupt):
        for task in worker:
            with task:
                pass
    assert [body["status"] for body in proxy.bodies("^PUT ")] == ["done", "done"]  # type: ignore[index]
    assert run.status().succeeded


def test_after_an_interruption_the_server_is_tried_for_five_seconds_at_most(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    with pytest.raises(KeyboardInterrupt), run.worker() as worker:
        assert worker.claim() is not None
        proxy.down()
        raise KeyboardInterrupt
    assert sum(clock.waits) == pytest.approx(ENDING_S)


def test_progress_and_attempts_travel_to_the_next_worker(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    with run.worker() as worker:
        first = worker.claim()
        assert first is not None
        first.update(62.5)
        first.fail("meant to")
    with run.worker() as worker:
        second = worker.claim()
        assert second is not None
        assert (second.percent_completed, second.attempts) == (62.5, 1)
        second.complete()


def test_an_update_to_100_is_not_completion(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    with run.worker() as worker:
        task = worker.claim()
        assert task is not None
        task.update(100)
        held(task).beat()
        assert run.task_info(0).state == "computing"
        assert task.percent_completed == 100
        # The server's restart must be able to take it: it passes over tasks at 100.
        run.reset_all()
        core_of(worker).ledger._open.clear()


def test_a_task_left_unsettled_is_given_back_and_said_so(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2)
    with pytest.raises(TaskfarmError, match="with task"):
        for _ in run.worker():
            pass
    assert run.status().computing == 0


def test_breaking_off_gives_the_open_task_back(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2)
    for _ in run.worker():
        break
    assert run.status().computing == 0


def test_leaving_the_worker_gives_all_open_tasks_back(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(5)
    with run.worker() as worker:
        for _ in range(3):
            worker.claim()
        assert run.status().computing == 3
    assert (run.status().computing, run.status().waiting) == (0, 5)


def test_a_settled_task_takes_nothing_more(proxy: FaultProxy, proxied_farm: Farm) -> None:
    with proxied_farm.create_run(1).worker() as worker:
        task = worker.claim()
        assert task is not None
        task.complete()
        proxy.forget()
        for act in (task.complete, task.release, lambda: task.fail("x"), lambda: task.update(1)):
            with pytest.raises(TaskfarmError, match="settled"):
                act()
    assert proxy.seen == []


def test_a_completion_that_failed_can_be_tried_again(proxy: FaultProxy, proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    with run.worker(give_up_after_s=0) as worker:
        task = worker.claim()
        assert task is not None
        proxy.will("^PUT ", Fault.UNAVAILABLE)
        with pytest.raises(TaskfarmError):
            task.complete()
        task.complete()
    assert run.status().succeeded


def test_a_report_that_lands_after_the_completion_is_put_right_on_leaving(
    proxy: FaultProxy, proxied_farm: Farm, token: str
) -> None:
    run = proxied_farm.create_run(1)
    with run.worker() as worker, httpx.Client(base_url=proxy.url, auth=(token, "")) as late:
        task = worker.claim()
        assert task is not None
        proxy.will("^PUT ", Fault.LOST_BEFORE)
        task.update(50)
        held(task).beat()
        stalled = proxy.bodies("^PUT ")[0]
        task.complete()
        late.put(f"runs/{run.uuid}/tasks/0", json=stalled)
        assert run.status().percent_done < 100
    assert (run.status().percent_done, run.status().failed) == (100, 0)


def test_stop_ends_iterating_with_the_task_at_hand(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(5)
    with run.worker() as worker:
        for task in worker:
            with task:
                assert not task.stop_requested
                worker.stop()
                assert task.stop_requested
    assert (run.status().done, run.status().computing) == (1, 0)


def test_stop_ends_a_wait_for_a_server_that_is_away(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    worker = proxied_farm.create_run(1).worker(give_up_after_s=float("inf"))
    proxy.down()
    clock.in_a_wait = lambda _: worker.stop() if len(clock.waits) == 3 else None
    assert worker.claim() is None
    assert len(clock.waits) == 3


def test_a_run_that_another_client_broke_is_called_broken(
    proxy: FaultProxy, proxied_farm: Farm, token: str
) -> None:
    run = proxied_farm.create_run(5)
    worker = run.worker()
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as other:
        other.get(f"runs/{run.uuid}/tasks/3")
    first = worker.claim()
    assert first is not None
    assert first.number == 3
    first.complete()
    with pytest.raises(RunBroken) as raised:
        worker.claim()
    assert raised.value.run == run.uuid


def test_a_database_that_cannot_be_written_is_waited_for(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(2)
    with run.worker() as worker:
        assert worker.claim() is not None
        # As with a full disk: tasks are still counted.
        proxy.will("^POST /api/runs/.*/task$", *[Fault.SICK] * 8)
        proxy.will("^POST /api/worker$", *[Fault.SICK] * 6)
        assert worker.claim() is not None
    assert proxy.count("^POST /api/worker$") > 1


@pytest.mark.parametrize("attempts", [0, 99, 2.0, True], ids=repr)
def test_wrong_limits_are_refused(proxied_farm: Farm, attempts: int) -> None:
    run = proxied_farm.create_run(1)
    with pytest.raises(ConfigurationError, match="max_attempts"):
        run.worker(max_attempts=attempts)


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan"), float("inf"), True], ids=repr)
def test_wrong_percentages_are_refused_before_anything_is_sent(
    proxy: FaultProxy, proxied_farm: Farm, percent: float
) -> None:
    with proxied_farm.create_run(1).worker() as worker:
        task = worker.claim()
        assert task is not None
        proxy.forget()
        with pytest.raises(ConfigurationError, match="percentage"):
            task.update(percent)
        assert proxy.seen == []


def test_a_worker_does_not_travel(proxied_farm: Farm) -> None:
    with pytest.raises(ConfigurationError, match="run.worker"):
        pickle.dumps(proxied_farm.create_run(1).worker())
