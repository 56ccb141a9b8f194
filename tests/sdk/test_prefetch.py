"""Prefetching: the next task is taken, and the last completed, while one is computed."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError, Farm, Run, ServerError, TaskfarmError, Worker
from taskfarm_sdk._prefetch import UNSENT_MOST
from tests.support.fault_proxy import Fault, FaultProxy, Seen
from tests.support.processes import wait_until

pytestmark = pytest.mark.live

HAND_OUT = "^POST .*/task$"
LONG_S = 0.3


@pytest.fixture
def farm(proxy: FaultProxy, token: str) -> Iterator[Farm]:
    """A farm by the real clock, for the thread waits by it."""
    with Farm(proxy.url, token=token, timeout_s=5) as farm:
        yield farm


def completed(proxy: FaultProxy) -> list[int]:
    """Return the numbers of the tasks that were completed, in the order of the requests."""
    numbers = [re.search(r"/tasks/(\d+)$", seen.path) for seen in proxy.seen if is_completion(seen)]
    return [int(found[1]) for found in numbers if found]


def is_completion(seen: Seen) -> bool:
    return (
        seen.method == "PUT" and isinstance(seen.body, dict) and seen.body.get("status") == "done"
    )


def is_asked_again(proxy: FaultProxy, so_far: int) -> bool:
    """Return whether more hand-outs than these were asked for."""
    return proxy.count(HAND_OUT) > so_far


def computing(run: Run, number: int) -> bool:
    """Return whether so many tasks compute."""
    return run.status().computing == number


def test_a_quick_task_still_costs_two_requests_and_they_complete_in_order(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(20)
    proxy.forget()
    with run.worker(prefetch=1) as worker:
        for task in worker:
            with task:
                for percent in range(100):
                    task.update(percent)
    # Beside them one registration, and two hand-outs that say there is nothing left.
    assert proxy.statistics() == {"POST": 1 + 20 + 2, "PUT": 20}
    assert completed(proxy) == list(range(20))
    assert run.status().succeeded


def test_the_next_task_is_taken_and_the_last_completed_while_one_is_computed(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(4)
    with run.worker(prefetch=1, first_beat_s=60) as worker:
        for task in worker:
            with task:
                if task.number == 0:
                    assert proxy.count(HAND_OUT) == 1  # nobody knows yet that tasks are short
                else:
                    so_far = task.number + 1
                    wait_until(partial(is_asked_again, proxy, so_far))
                    assert completed(proxy) == list(range(task.number))
    assert run.status().succeeded


def test_tasks_are_taken_while_completions_are_held_up_but_not_without_end(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(UNSENT_MOST + 10)
    go_on = threading.Event()

    def hold_up(seen: Seen) -> None:
        if is_completion(seen):
            assert go_on.wait(10)

    with run.worker(prefetch=1, first_beat_s=60) as worker:
        for task in worker:
            with task:
                if task.number == 1:
                    wait_until(lambda: run.status().done == 1)
                    proxy.before_passing_on = hold_up
                asked = task.number + 1
                if task.number == UNSENT_MOST + 2:  # as many are finished, and a last was taken
                    time.sleep(0.2)  # in which another would have been taken
                    assert proxy.count(HAND_OUT) == asked
                    go_on.set()
                if task.number:
                    wait_until(partial(is_asked_again, proxy, asked))
    assert run.status().succeeded


def test_completing_does_not_wait_for_the_server_and_no_report_follows_it(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(3)
    go_on = threading.Event()

    def hold_up(seen: Seen) -> None:
        if is_completion(seen):
            assert go_on.wait(10)

    proxy.before_passing_on = hold_up
    with run.worker(prefetch=1, report_every_s=0.05, first_beat_s=0.1) as worker:
        for task in worker:
            task.update(10)
            if task.number == 0:
                task.complete()
                with pytest.raises(TaskfarmError, match="settled"):
                    task.update(20)
                assert task.settled
                written = proxy.count("/tasks/0$")
                time.sleep(0.3)  # in which it would have been written of several times
                assert proxy.count("/tasks/0$") - written <= 1
                go_on.set()
            else:
                task.complete()
    assert (run.status().percent_done, run.status().failed) == (100, 0)


def test_nothing_is_lost_and_nothing_computed_twice_when_the_server_goes_in_the_middle(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(20)
    taken = []
    with run.worker(prefetch=1) as worker:
        for task in worker:
            with task:
                taken.append(task.number)
                if task.number in {5, 6, 12}:
                    # Whatever is under way is broken off, and what is done now has to wait.
                    wait_until(lambda: proxy.count(HAND_OUT) > len(taken))
                    proxy.down()
                    threading.Timer(0.5, proxy.up).start()
    wait_until(lambda: proxy.is_up)
    assert taken == list(range(20))
    assert sorted(set(completed(proxy))) == taken
    assert run.status().succeeded


def test_a_task_taken_ahead_of_a_long_one_is_given_back_until_tasks_are_short_again(
    proxy: FaultProxy, farm: Farm, tmp_path: Path
) -> None:
    run = farm.create_run(6)
    order = []
    with run.worker(prefetch=1, first_beat_s=LONG_S, journal=tmp_path) as worker:
        for task in worker:
            order.append(task.number)
            with task:
                asked = proxy.count(HAND_OUT)
                if len(order) == 2:  # the one after a short one, and long itself
                    wait_until(lambda: run.status().computing == 2)
                    wait_until(lambda: computing(run, 1))
                    assert run.status().waiting == 4
                elif len(order) == 3:
                    time.sleep(LONG_S / 2)
                    assert proxy.count(HAND_OUT) == asked
                elif len(order) == 4:
                    wait_until(lambda: run.status().computing == 2)
    assert sorted(order) == list(range(6))
    assert {info.attempts for info in run.task_infos()} == {0}
    (journal,) = tmp_path.iterdir()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    # The one that was given back had not begun.
    assert [(line["task"], line["outcome"]) for line in lines] == [
        (number, "completed") for number in order
    ]


def leave_by_error(worker: Worker, run: Run) -> None:
    with pytest.raises(ZeroDivisionError), worker:
        for task in worker:
            if task.number == 1:
                wait_until(lambda: computing(run, 2))
                raise ZeroDivisionError
            task.complete()


def leave_by_break(worker: Worker, run: Run) -> None:
    for task in worker:
        if task.number == 1:
            wait_until(lambda: computing(run, 2))
            break
        task.complete()


def leave_by_stop(worker: Worker, run: Run) -> None:
    with worker:
        for task in worker:
            if task.number == 1:
                wait_until(lambda: computing(run, 2))
                worker.stop()
                task.release()
            else:
                task.complete()


@pytest.mark.parametrize("leave", [leave_by_error, leave_by_break, leave_by_stop])
def test_on_leaving_completions_are_sent_and_the_task_taken_ahead_is_given_back(
    farm: Farm, leave: object
) -> None:
    run = farm.create_run(5)
    assert callable(leave)
    leave(run.worker(prefetch=1, first_beat_s=60), run)
    status = run.status()
    assert (status.done, status.computing, status.waiting) == (1, 0, 4)
    assert {info.attempts for info in run.task_infos()} == {0}


def test_a_completion_that_was_given_up_is_raised_with_the_next_task_and_tried_again_on_leaving(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(3)
    proxy.will("^PUT ", Fault.UNAVAILABLE)
    taken = []
    with pytest.raises(ServerError), run.worker(prefetch=1, give_up_after_s=0) as worker:
        for task in worker:
            taken.append(task.number)
            with task:
                wait_until(lambda: proxy.count("^PUT ") == len(taken) - 1)
    assert (run.status().done, run.status().computing) == (2, 0)
    assert run.task_info(0).state == "done"


def test_a_last_completion_that_was_given_up_is_raised_on_leaving(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(1)
    proxy.will("^PUT ", Fault.UNAVAILABLE, Fault.UNAVAILABLE)
    with pytest.raises(ServerError), run.worker(prefetch=1, give_up_after_s=0) as worker:
        for task in worker:
            task.complete()


def test_an_interruption_with_the_server_away_ends_within_seconds(
    proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(5)
    began = 0.0
    with pytest.raises(KeyboardInterrupt), run.worker(prefetch=1) as worker:
        for task in worker:
            with task:
                if task.number == 1:
                    wait_until(lambda: computing(run, 2))
                    proxy.down()
                if task.number == 2:
                    began = time.monotonic()
                    raise KeyboardInterrupt
    assert 0 < time.monotonic() - began < 12


def test_failed_tasks_are_held_back_and_tried_again_as_ever(farm: Farm) -> None:
    run = farm.create_run(4)
    order = []
    with run.worker(prefetch=1) as worker:
        for task in worker:
            order.append(task.number)
            if task.number == 1 and task.attempts == 0:
                task.fail("meant to")
            else:
                task.complete()
    assert sorted(order) == [0, 1, 1, 2, 3]
    assert order[-1] == 1
    assert run.status().succeeded


def test_a_worker_that_is_iterated_twice_goes_on(farm: Farm) -> None:
    run = farm.create_run(6)
    taken = []
    with run.worker(prefetch=1) as worker:
        for task in worker:
            with task:
                taken.append(task.number)
            if len(taken) == 3:
                break
        for task in worker:
            with task:
                taken.append(task.number)
    assert sorted(taken) == list(range(6))
    assert run.status().succeeded


@pytest.mark.parametrize("prefetch", [-1, 2, 0.5, True, None], ids=repr)
def test_only_one_task_can_be_taken_ahead(farm: Farm, prefetch: int) -> None:
    run = farm.create_run(1)
    with pytest.raises(ConfigurationError, match="prefetch"):
        run.worker(prefetch=prefetch)
