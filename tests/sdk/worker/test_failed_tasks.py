"""Tasks that fail: held back, tried again, and a reason to stop after too many in a row."""

from __future__ import annotations

import logging

import pytest

from taskfarm_sdk import Farm, Run, Task, Worker
from tests.support.clock import FastClock
from tests.support.processes import wait_until

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("no_first_beats")]

NEVER_S = 600.0


def claimed(worker: Worker) -> Task:
    task = worker.claim()
    assert task is not None
    return task


def state(run: Run, task: Task) -> tuple[str, int]:
    info = run.task_info(task.number)
    return info.state, info.attempts


def test_a_failed_task_is_held_back_while_others_wait_and_tried_again_then(
    proxied_farm: Farm,
) -> None:
    run = proxied_farm.create_run(3)
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


def test_a_failed_task_waits_for_anyone_after_its_delay(
    proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(3)
    with run.worker(retry_delay_s=0.1) as worker:
        task = claimed(worker)
        task.fail("meant to")
        assert state(run, task) == ("computing", 0)
        clock.advance(0.1)
        wait_until(lambda: state(run, task) == ("waiting", 1))


def test_at_most_ten_failed_tasks_are_held(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(13)
    with run.worker(retry_delay_s=NEVER_S, halt_after=100) as worker:
        tasks = [claimed(worker) for _ in range(12)]
        for task in tasks:
            task.fail("meant to")
        states = [state(run, task) for task in tasks]
        assert states == [("waiting", 1)] * 2 + [("computing", 0)] * 10
    assert run.status().computing == 0


def test_a_task_that_always_fails_ends_failed_and_not_in_a_loop(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2)
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


def test_ten_failures_in_a_row_stop_a_worker(
    proxied_farm: Farm, caplog: pytest.LogCaptureFixture
) -> None:
    run = proxied_farm.create_run(30)
    failed = 0
    with run.worker(retry_delay_s=NEVER_S) as worker, caplog.at_level(logging.ERROR):
        for task in worker:
            failed += 1
            task.fail("a sick node")
    assert failed == 10
    assert "in a row failed" in caplog.text
    assert (run.status().waiting, run.status().computing) == (30, 0)


def test_a_success_in_between_lets_a_worker_go_on(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(40)
    with run.worker(retry_delay_s=NEVER_S, max_attempts=1) as worker:
        for task in worker:
            if task.number % 9 == 0:
                task.complete()
            else:
                task.fail("meant to")
    assert run.status().done == 40


def test_repeats_of_failed_tasks_do_not_stop_a_worker(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(24)
    with run.worker(retry_delay_s=NEVER_S) as worker:
        for task in worker:
            if task.number % 2:
                task.complete()
            else:
                task.fail("meant to")
    status = run.wait()
    assert (status.done, status.failed) == (24, 12)
