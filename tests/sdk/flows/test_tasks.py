"""Reading tasks tells the truth and never makes one; resetting frees what the server leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator

import httpx
import pytest

from taskfarm_sdk import ConfigurationError, Farm, Run, RunNotFound, TaskInfo
from taskfarm_sdk.worker import core_of, done_tasks
from tests.support.clock import FastClock
from tests.support.fault_proxy import FaultProxy
from tests.support.inside import held

pytestmark = pytest.mark.live


@pytest.fixture
def other_client(proxy: FaultProxy, token: str) -> Iterator[httpx.Client]:
    """Someone who writes what he likes."""
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as client:
        yield client


def rows(run: Run, client: httpx.Client) -> int:
    """Return how many of a run's tasks exist on the server."""
    counts = client.get(f"runs/{run.uuid}").json()
    return int(counts["numWaiting"] + counts["numComputing"] + counts["numDone"])


def states(infos: Iterator[TaskInfo]) -> list[str]:
    return [info.state for info in infos]


def test_a_fresh_run_waits_whole_and_stays_uncreated(
    proxied_farm: Farm, other_client: httpx.Client
) -> None:
    run = proxied_farm.create_run(4)
    assert run.status().waiting == 4
    infos = list(run.task_infos())
    assert [info.number for info in infos] == [0, 1, 2, 3]
    assert states(iter(infos)) == ["waiting"] * 4
    assert all(math.isnan(info.percent_completed) for info in infos)
    assert run.task_info(3).state == "waiting"
    assert rows(run, other_client) == 0


def test_what_exists_is_read_and_the_rest_stays_uncreated(
    proxied_farm: Farm, other_client: httpx.Client
) -> None:
    run = proxied_farm.create_run(6)
    with run.worker(max_attempts=1) as worker:
        done, failed, computing = worker.claim(), worker.claim(), worker.claim()
        assert done is not None
        assert failed is not None
        assert computing is not None
        done.complete()
        failed.fail("meant to")
        computing.update(12.34)
        held(computing).beat()
        infos = list(run.task_infos())
        assert states(iter(infos)) == ["done", "failed", "computing", *["waiting"] * 3]
        assert infos[2].percent_completed == 12.34
        assert [info.number for info in run.task_infos("failed")] == [1]
        assert rows(run, other_client) == 3


def test_tasks_that_wait_again_do_not_hide_those_above_them(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(6)
    with run.worker() as worker:
        tasks = [task for task in (worker.claim() for _ in range(5)) if task is not None]
        for task in tasks[:3]:
            task.release()
        for task in tasks[3:]:
            task.complete()
    assert states(run.task_infos()) == ["waiting"] * 3 + ["done"] * 2 + ["waiting"]
    assert run.task_info(4).state == "done"
    assert run.task_info(5).state == "waiting"


def test_reading_leaves_the_run_sound_for_workers(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(5)
    numbers = []
    with run.worker() as worker:
        for task in worker:
            with task:
                numbers.append(task.number)
                list(run.task_infos())
                run.task_info(4)
    assert numbers == [0, 1, 2, 3, 4]
    assert run.status().succeeded


@pytest.mark.parametrize("number", [-1, 5, True, 1.0], ids=repr)
def test_a_task_that_the_run_has_not_is_refused_before_anything_is_sent(
    proxy: FaultProxy, proxied_farm: Farm, number: int
) -> None:
    run = proxied_farm.create_run(5)
    proxy.forget()
    with pytest.raises(ConfigurationError, match="0 to 4"):
        run.task_info(number)
    assert proxy.seen == []


def test_an_unknown_state_is_refused(proxied_farm: Farm) -> None:
    with pytest.raises(ConfigurationError, match="waiting"):
        list(proxied_farm.create_run(1).task_infos("lost"))  # type: ignore[arg-type]


def test_other_clients_percentages_are_shown_as_they_are(
    proxied_farm: Farm, other_client: httpx.Client
) -> None:
    run = proxied_farm.create_run(3)
    with run.worker() as worker:
        for _ in range(3):
            worker.claim()
        path = f"runs/{run.uuid}/tasks"
        other_client.put(f"{path}/0", json={"percentCompleted": 250})
        other_client.put(f"{path}/1", json={"percentCompleted": None})
        other_client.put(f"{path}/2", json={"percentCompleted": 99.9999999, "status": "done"})
        at = [info.percent_completed for info in run.task_infos()]
        assert at[0] == 250
        assert math.isnan(at[1])
        assert at[2] == 100


def test_runs_come_by_id_and_an_odd_one_is_shown_refused_to_workers_and_deleted(
    proxied_farm: Farm, other_client: httpx.Client
) -> None:
    sound = proxied_farm.create_run(2)
    for odd in (None, "many", 2.5, -3):
        other_client.post("run", json={"numTasks": odd}).raise_for_status()
    runs = proxied_farm.runs()
    assert [run.id for run in runs] == sorted(run.id for run in runs)
    odd_runs = [run for run in runs if run.id > sound.id]
    assert [run.num_tasks_text for run in odd_runs] == ["None", "many", "2.5", "-3"]
    for run in odd_runs:
        assert run.num_tasks == 0
        assert run.status().num_tasks == 0
        with pytest.raises(ConfigurationError, match="invalid number"):
            run.worker()
        run.delete()
    assert [run for run in proxied_farm.runs() if run.id > sound.id] == []


def test_reset_frees_all_computing_tasks_those_stuck_at_100_too(
    proxied_farm: Farm, other_client: httpx.Client, clock: FastClock
) -> None:
    run = proxied_farm.create_run(6)
    with run.worker() as worker:
        for _ in range(5):
            worker.claim()
        path = f"runs/{run.uuid}/tasks"
        other_client.put(f"{path}/1", json={"percentCompleted": 100})
        other_client.put(f"{path}/3", json={"percentCompleted": None})
        other_client.put(f"{path}/4", json={"percentCompleted": 100, "status": "done"})
        run.reset()
        assert clock.waits == [2.0]
        assert states(run.task_infos()) == ["waiting"] * 4 + ["done", "waiting"]
        assert run.task_info(1).percent_completed == 0
        assert run.status().computing == 0
        core_of(worker).ledger._open.clear()  # they are no longer this worker's


def test_reset_leaves_a_task_alone_that_only_passed_through_100(
    proxied_farm: Farm, other_client: httpx.Client, clock: FastClock
) -> None:
    run = proxied_farm.create_run(1)
    worker = run.worker()
    worker.claim()
    path = f"runs/{run.uuid}/tasks/0"
    other_client.put(path, json={"percentCompleted": 100})
    clock.in_a_wait = lambda _: other_client.put(path, json={"status": "done"})
    run.reset()
    assert run.task_info(0).state == "done"


def test_reset_all_sets_everything_waiting_from_the_start(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(2)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    run.reset_all()
    assert run.status().waiting == 2
    assert [info.percent_completed for info in run.task_infos()] == [0, 0]


def test_a_failed_task_that_was_reset_starts_over(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    with run.worker() as worker:
        for task in worker:
            task.fail("meant to", final=True)
    run.reset()
    assert run.task_info(0) == TaskInfo(number=0, state="waiting", percent_completed=0.0)
    with run.worker() as worker:
        again = worker.claim()
        assert again is not None
        assert (again.attempts, again.percent_completed) == (0, 0)
        again.complete()


def test_what_is_asked_of_a_deleted_run_names_it(proxied_farm: Farm) -> None:
    run = proxied_farm.create_run(1)
    run.delete()
    for act in (run.status, run.reset, run.reset_all, run.delete, lambda: run.task_info(0)):
        with pytest.raises(RunNotFound) as raised:
            act()
        assert raised.value.run == run.uuid
        assert raised.value.status == 404


def test_of_some_tasks_those_are_found_that_are_done_and_not_failed_and_none_is_made(
    proxied_farm: Farm, other_client: httpx.Client
) -> None:
    run = proxied_farm.create_run(8)
    with run.worker(max_attempts=1) as worker:
        tasks = [task for task in (worker.claim() for _ in range(5)) if task is not None]
        tasks[0].release()
        tasks[1].complete()
        tasks[2].fail("meant to")
        tasks[4].complete()
        assert sorted(done_tasks(worker, range(8))) == [1, 4]
        assert done_tasks(worker, [0, 2, 3, 4, 7]) == [4]
        assert rows(run, other_client) == 5
        tasks[3].release()


def test_while_no_task_is_done_nobody_asks_which_are_meant(proxied_farm: Farm) -> None:
    def numbers() -> Iterator[int]:
        pytest.fail("asked for")
        yield 0

    assert done_tasks(proxied_farm.create_run(3).worker(), numbers()) == []
