"""`Farm.map` in executors: processes that are killed amid a chunk, and many failures elsewhere."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, ItemsFailed, TaskfarmError
from taskfarm_sdk._failures import MOST
from tests.support.executors import executor
from tests.support.maps import HASTY, calls_in, noting

pytestmark = [pytest.mark.live, pytest.mark.long]

ITEMS, KILLER = 24, 7
ATTEMPTS = 3


def kill_at_one(value: int) -> int:
    if value == KILLER:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * value


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_an_item_that_kills_each_pool_costs_only_itself_and_so_many_pools(
    farm: Farm, folder: Path, calls: Path, kind: str
) -> None:
    def work() -> None:
        with executor(kind) as pool:
            farm.map(
                noting(calls, kill_at_one),
                range(ITEMS),
                folder=folder,
                chunk=6,
                workers=1,
                executor=pool,
                max_attempts=ATTEMPTS,
                **HASTY,
            )

    for _ in range(ATTEMPTS):
        with pytest.raises(TaskfarmError, match="the executor broke"):
            work()
    with pytest.raises(ItemsFailed, match=f"1 item failed: {KILLER}.*its process ended") as raised:
        work()
    assert (raised.value.items, raised.value.missing) == ((KILLER,), ())
    made = calls_in(calls)
    assert made.pop(KILLER) == ATTEMPTS
    # Those just before the first kill were not written yet, and none waits for the killer again.
    assert set(made) == set(range(ITEMS)) - {KILLER}
    assert made.total() - len(made) <= 1


def test_a_task_whose_processes_are_killed_at_another_item_each_time_leaves_none_without_a_value(
    farm: Farm, folder: Path, calls: Path
) -> None:
    def double(value: int) -> int:
        if value in killing and calls_in(calls)[value] == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * value

    def work() -> list[int]:
        with executor("fork") as pool:
            results = farm.map(
                noting(calls, double),
                range(4),
                folder=folder,
                chunk=4,
                workers=1,
                executor=pool,
                max_attempts=ATTEMPTS,
                **HASTY,
            )
        return list(results.values())

    # The order of the attempts: 0; then 1; then 0, 2, 3, so that none is left without a record.
    killing = (0, 1, 3)
    for _ in killing:
        with pytest.raises(TaskfarmError, match="the executor broke"):
            work()
    # The task has had its attempts, and fails before any item is computed again.
    assert work() == [0, 2, 4, 6]


def test_of_more_failing_tasks_than_a_process_remembers_none_is_tried_again(
    farm: Farm, folder: Path, calls: Path
) -> None:
    def fail(value: int) -> int:
        raise ValueError(f"no {value}")

    many = range(MOST + 20)
    with executor("fork") as pool, pytest.raises(ItemsFailed) as raised:
        farm.map(
            noting(calls, fail),
            many,
            folder=folder,
            chunk=1,
            workers=1,
            executor=pool,
            halt_after=len(many) + 1,
            max_attempts=1,
            **HASTY,
        )
    assert raised.value.items == tuple(many)
    assert set(calls_in(calls).values()) == {1}
