"""Runs of `Farm.map` whose tasks are reset: what the folder has is computed by nobody again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskfarm_cli.manage.main import main as manage
from taskfarm_sdk import Farm, ItemsFailed, Run, results
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk.execution.mapping.reopening import Reopening
from tests.support.maps import HASTY, calls_in, named_as, noting
from tests.support.processes import wait_until

pytestmark = [pytest.mark.live, pytest.mark.long]

ITEMS, CHUNK = 24, 4
TASKS = ITEMS // CHUNK
VALUES = [2 * value for value in range(ITEMS)]
# Of the task that somebody else computes meanwhile.
HELD = 5

Reset = Callable[[Run], object]


def by_manage_tf(*words: str) -> Reset:
    """Return a reset by the command line."""

    def reset(run: Run) -> None:
        assert manage([*words, run.uuid]) == 0

    return reset


RESETS = {
    "reset_all": Run.reset_all,
    "reset_tasks": lambda run: run.reset_tasks(range(TASKS)),
    "reset_failed": Run.reset_failed,
    "--reset-all": by_manage_tf("--reset-all"),
    "--reset-task": by_manage_tf("--reset-task", f"0-{TASKS - 1}"),
    "--reset-failed": by_manage_tf("--reset-failed"),
}


def double(value: int) -> int:
    return 2 * value


@pytest.fixture(autouse=True)
def _login(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have manageTF use the farm of the test."""
    monkeypatch.setenv("TASKFARM_URL", farm.url)
    monkeypatch.setenv("TASKFARM_TOKEN", farm.login())


@pytest.mark.parametrize("reset", RESETS.values(), ids=RESETS)
def test_after_a_reset_nothing_is_computed_that_the_folder_has(
    farm: Farm, folder: Path, calls: Path, reset: Reset
) -> None:
    compute = noting(calls, double)
    farm.map(compute, range(ITEMS), folder=folder, chunk=CHUNK, workers=2, **HASTY)
    (run,) = farm.runs()
    reset(run)
    found = farm.map(compute, range(ITEMS), folder=folder, chunk=CHUNK, workers=2, **HASTY)
    assert list(found.values()) == VALUES
    assert set(calls_in(calls).values()) == {1}
    assert run.status().succeeded


@contextmanager
def another_at_work(farm: Farm, folder: Path, calls: Path, gate: Path) -> Iterator[Future[object]]:
    """Have another work on the folder stay in one item until the gate is there."""

    def compute(value: int) -> int:
        if value == HELD:
            (gate.parent / "held").touch()
            wait_until(gate.exists)
        return 2 * value

    def work() -> object:
        return farm.map(
            noting(calls, named_as(double, compute)),
            range(ITEMS),
            folder=folder,
            chunk=CHUNK,
            workers=1,
            check=False,
            **HASTY,
        )

    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(work)
        try:
            wait_until(lambda: (gate.parent / "held").exists() or future.done())
            yield future
        finally:
            gate.touch()


@pytest.mark.parametrize("name", ["reset_all", "reset_tasks", "--reset-all", "--reset-task"])
def test_a_reset_beside_a_worker_has_it_compute_nothing_that_others_computed(
    farm: Farm, folder: Path, calls: Path, tmp_path: Path, name: str
) -> None:
    gate = tmp_path / "gate"
    with another_at_work(farm, folder, calls, gate) as other:
        farm.map(
            noting(calls, double),
            range(ITEMS),
            folder=folder,
            chunk=CHUNK,
            workers=1,
            linger=False,
            check=False,
            **HASTY,
        )
        (run,) = farm.runs()
        assert (run.status().done, run.status().computing) == (TASKS - 1, 1)
        RESETS[name](run)
        gate.touch()
        other.result()
    assert list(results(folder).values()) == VALUES
    assert calls_in(calls) == Counter(range(ITEMS))
    assert run.status().succeeded


def test_failed_tasks_reset_beside_a_worker_cost_it_their_failed_items_alone(
    farm: Farm, folder: Path, calls: Path, tmp_path: Path
) -> None:
    bad = 3 * CHUNK + 1

    def fail(value: int) -> int:
        if value == bad:
            raise ValueError(f"no {value}")
        return 2 * value

    gate = tmp_path / "gate"
    with another_at_work(farm, folder, calls, gate) as other:
        farm.map(
            noting(calls, named_as(double, fail)),
            range(ITEMS),
            folder=folder,
            chunk=CHUNK,
            workers=1,
            linger=False,
            check=False,
            max_attempts=1,
            **HASTY,
        )
        (run,) = farm.runs()
        assert run.reset_failed() == 1
        gate.touch()
        other.result()
    assert list(results(folder).values()) == VALUES
    assert calls_in(calls) == Counter([*range(ITEMS), bad])


def test_of_works_that_go_on_at_once_one_opens_a_failed_task_and_none_does_so_again(
    farm: Farm, folder: Path
) -> None:
    def fail(value: int) -> int:
        raise ValueError(f"no {value}")

    def work() -> None:
        with pytest.raises(ItemsFailed):
            farm.map(fail, range(1), folder=folder, chunk=1, workers=1, max_attempts=1, **HASTY)

    def reopening() -> Reopening:
        index = Index(Folder.open(folder), 1)
        index.read_on()
        index.begin()
        return Reopening(farm.get_run(run.uuid)._link, run.uuid, Chunks(1, 1), index, 10, 1)

    work()
    (run,) = farm.runs()
    both = [reopening(), reopening()]
    barrier = threading.Barrier(2)

    def open_again(one: Reopening) -> bool:
        barrier.wait()
        return one.open_again(failed=True, complete=True)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(open_again, both)) == [False, True]
    with run.worker() as worker:
        task = worker.claim()
        assert task is not None
        # Somebody has it.
        assert not reopening().open_again(failed=True, complete=True)
        task.release()
    before = [*both, reopening()]
    work()
    # It has failed since they began.
    assert [one.open_again(failed=True, complete=True) for one in before] == [False] * 3
    assert reopening().open_again(failed=True, complete=False)


def test_after_a_reset_the_last_failure_counts_and_the_attempts_go_on(
    farm: Farm, folder: Path
) -> None:
    def failing(why: str) -> Callable[[int], int]:
        def compute(value: int) -> int:
            if value == 3:
                raise ValueError(why)
            return value

        return named_as(double, compute)

    for why, max_attempts in (("first", 3), ("second", 1)):
        compute, most = failing(why), max_attempts
        farm.map(compute, range(6), folder=folder, chunk=3, check=False, max_attempts=most, **HASTY)
        assert str(results(folder)[3].error) == why
    assert results(folder)[3].attempts == 4
