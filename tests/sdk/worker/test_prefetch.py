"""Prefetching: the next task is taken, and the last completed, while one is computed."""

from __future__ import annotations

import json
import re
import threading
from functools import partial
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError, Farm, Run, ServerError, Task, TaskfarmError, Worker
from taskfarm_sdk._worker.prefetch import UNSENT_MOST
from taskfarm_sdk._worker.requests import ENDING_S
from taskfarm_sdk.worker import core_of
from tests.support.clock import FastClock
from tests.support.conditions import wait_until_waiting
from tests.support.fault_proxy import Fault, FaultProxy, Seen
from tests.support.inside import held
from tests.support.processes import NET_S, wait_until

pytestmark = pytest.mark.live

HAND_OUT = "^POST .*/task$"
LONG_S = 0.3


def completed(proxy: FaultProxy) -> list[int]:
    """Return the numbers of the tasks that were completed, in the order of the requests."""
    numbers = [re.search(r"/tasks/(\d+)$", seen.path) for seen in proxy.seen if is_completion(seen)]
    return [int(found[1]) for found in numbers if found]


def is_completion(seen: Seen) -> bool:
    return (
        seen.method == "PUT" and isinstance(seen.body, dict) and seen.body.get("status") == "done"
    )


def are_completed(proxy: FaultProxy, numbers: list[int]) -> bool:
    """Return whether these tasks were completed, in this order, and no others."""
    return completed(proxy) == numbers


def is_asked_again(proxy: FaultProxy, so_far: int) -> bool:
    """Return whether more hand-outs than these were asked for."""
    return proxy.count(HAND_OUT) > so_far


def wait_until_idle(worker: Worker, threads: int) -> None:
    """Return once so many of a worker's two threads have found that there is nothing to do."""
    ahead = core_of(worker)._ahead
    assert ahead is not None
    wait_until_waiting(ahead._changed, threads)


def is_dropped(worker: Worker, task: Task) -> bool:
    """Return whether a task is written of no more."""
    return held(task) not in core_of(worker).reporter._tasks


def wait_for_counts(run: Run, *, done: int, computing: int) -> None:
    """Return as soon as so many tasks are done, and so many computing."""

    def is_so() -> bool:
        status = run.status()
        return (status.done, status.computing) == (done, computing)

    wait_until(is_so)


def test_a_quick_task_still_costs_two_requests_and_they_complete_in_order(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(20)
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
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(4)
    with run.worker(prefetch=1, first_beat_s=30) as worker:
        for task in worker:
            with task:
                if task.number == 0:
                    assert proxy.count(HAND_OUT) == 1  # nobody knows yet that tasks are short
                else:
                    so_far = task.number + 1
                    wait_until(partial(is_asked_again, proxy, so_far))
                    wait_until(partial(are_completed, proxy, list(range(task.number))))
    assert run.status().succeeded


def test_tasks_are_taken_while_completions_are_held_up_but_not_without_end(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(UNSENT_MOST + 10)
    go_on = threading.Event()

    def hold_up(seen: Seen) -> None:
        if is_completion(seen):
            assert go_on.wait(NET_S)

    with run.worker(prefetch=1, first_beat_s=30) as worker:
        for task in worker:
            with task:
                if task.number == 1:
                    wait_until(lambda: run.status().done == 1)
                    proxy.before_passing_on = hold_up
                asked = task.number + 1
                if task.number == UNSENT_MOST + 2:  # as many are finished, and a last was taken
                    wait_until_idle(worker, 1)  # the other has a completion under way
                    assert proxy.count(HAND_OUT) == asked
                    go_on.set()
                if task.number:
                    wait_until(partial(is_asked_again, proxy, asked))
    assert run.status().succeeded


def test_completing_does_not_wait_for_the_server_and_no_report_follows_it(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(3)
    go_on = threading.Event()

    def hold_up(seen: Seen) -> None:
        if is_completion(seen):
            assert go_on.wait(NET_S)

    proxy.before_passing_on = hold_up
    with run.worker(prefetch=1, report_every_s=0.05, first_beat_s=0.1) as worker:
        for task in worker:
            task.update(10)
            if task.number == 0:
                task.complete()
                with pytest.raises(TaskfarmError, match="settled"):
                    task.update(20)
                assert task.settled
                clock.advance(10)  # in which it would have been written of many times
                wait_until(lambda: completed(proxy) == [0])
                go_on.set()
                wait_until(partial(is_dropped, worker, task))
                held(task).beat()
                assert proxy.count("^PUT .*/tasks/0$") == 1
            else:
                task.complete()
    assert (run.status().percent_done, run.status().failed) == (100, 0)


def test_nothing_is_lost_or_computed_twice_when_the_server_goes_in_the_middle(
    proxy: FaultProxy, real_time_farm: Farm
) -> None:
    run = real_time_farm.create_run(20)
    taken = []
    with run.worker(prefetch=1, first_beat_s=30) as worker:
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
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock, tmp_path: Path
) -> None:
    run = proxied_farm.create_run(6)
    order = []
    with run.worker(prefetch=1, first_beat_s=LONG_S, journal=tmp_path) as worker:
        for task in worker:
            order.append(task.number)
            with task:
                asked = proxy.count(HAND_OUT)
                if len(order) == 2:  # the one after a short one, and long itself
                    wait_for_counts(run, done=1, computing=2)
                    clock.advance(LONG_S)
                    wait_for_counts(run, done=1, computing=1)
                    assert run.status().waiting == 4
                elif len(order) == 3:
                    wait_until_idle(worker, 2)
                    assert proxy.count(HAND_OUT) == asked
                elif len(order) == 4:
                    wait_for_counts(run, done=3, computing=2)
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
                wait_for_counts(run, done=1, computing=2)
                raise ZeroDivisionError
            task.complete()


def leave_by_break(worker: Worker, run: Run) -> None:
    for task in worker:
        if task.number == 1:
            wait_for_counts(run, done=1, computing=2)
            break
        task.complete()


def leave_by_stop(worker: Worker, run: Run) -> None:
    with worker:
        for task in worker:
            if task.number == 1:
                wait_for_counts(run, done=1, computing=2)
                worker.stop()
                task.release()
            else:
                task.complete()


@pytest.mark.parametrize("leave", [leave_by_error, leave_by_break, leave_by_stop])
def test_on_leaving_completions_are_sent_and_the_task_taken_ahead_is_given_back(
    proxied_farm: Farm, leave: object
) -> None:
    run = proxied_farm.create_run(5)
    assert callable(leave)
    leave(run.worker(prefetch=1, first_beat_s=30), run)
    status = run.status()
    assert (status.done, status.computing, status.waiting) == (1, 0, 4)
    assert {info.attempts for info in run.task_infos()} == {0}


def test_a_completion_given_up_is_raised_with_the_next_task_and_tried_again_at_last(
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(3)
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
    proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(1)
    proxy.will("^PUT ", Fault.UNAVAILABLE, Fault.UNAVAILABLE)
    with pytest.raises(ServerError), run.worker(prefetch=1, give_up_after_s=0) as worker:
        for task in worker:
            task.complete()


def test_an_interruption_with_the_server_away_ends_within_seconds(
    proxy: FaultProxy, proxied_farm: Farm, clock: FastClock
) -> None:
    run = proxied_farm.create_run(5)
    with pytest.raises(KeyboardInterrupt), run.worker(prefetch=1) as worker:
        for task in worker:
            with task:
                if task.number == 1:
                    wait_for_counts(run, done=1, computing=2)
                    proxy.down()
                if task.number == 2:
                    assert clock.waits == []
                    raise KeyboardInterrupt
    assert sum(clock.waits) == pytest.approx(ENDING_S)


def test_failed_tasks_are_held_back_and_tried_again_as_ever(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(4)
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


def test_a_worker_that_is_iterated_twice_goes_on(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(6)
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
def test_only_one_task_can_be_taken_ahead(proxied_farm: Farm, prefetch: int) -> None:
    run = proxied_farm.create_run(1)
    with pytest.raises(ConfigurationError, match="prefetch"):
        run.worker(prefetch=prefetch)
