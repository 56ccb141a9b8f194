"""Flows that set tasks waiting: all computing ones, the failed ones, or those listed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from taskfarm_sdk import _validation
from taskfarm_sdk._flows.runs import count, restart, status
from taskfarm_sdk._flows.tasks import (
    BATCH,
    ask_of_task,
    existing,
    failed_numbers,
    is_failed,
    read,
    read_batch,
    surely_existing,
)
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.retry import SETTLE, Answer
from taskfarm_sdk._sansio.steps import Flow, sleep
from taskfarm_sdk._session.session import Session
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError

# A live worker of another client reports 100 shortly before it sets a task done.
STUCK_LOOK_AGAIN_S = 2.0


def reset(farm: Session, uuid: str, num_tasks: int) -> Flow[None]:
    """Set all computing tasks waiting, including those that the server's restart leaves out."""
    yield from restart(farm, uuid, everything=False)
    suspects = yield from _stuck(farm, uuid, num_tasks)
    if not suspects:
        return
    yield from sleep(STUCK_LOOK_AGAIN_S)
    for number in suspects:
        if is_stuck((yield from read(farm, uuid, number))):
            yield from free(farm, uuid, number, is_stuck)


def reset_failed(farm: Session, uuid: str) -> Flow[int]:
    """Set only the failed tasks waiting; return how many."""
    freed = 0
    numbers = yield from failed_numbers(farm, uuid, (yield from status(farm, uuid)))
    for number in numbers:
        # The search may have taken long, and another client may have reset this one meanwhile.
        if is_failed((yield from read(farm, uuid, number))):
            yield from free(farm, uuid, number, is_failed)
            freed += 1
    return freed


def reset_tasks(farm: Session, uuid: str, num_tasks: int, numbers: Iterable[int]) -> Flow[int]:
    """Set these tasks waiting, whatever their state; return how many were not waiting at 0 %.

    A task that does not exist yet is not written: that would create it out of turn.
    """
    _validation.sound_run(uuid, num_tasks)
    if not isinstance(numbers, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"give the tasks' numbers in a list, not {shown(numbers)}")
    wanted = {_validation.task_number(number, num_tasks) for number in numbers}
    if not wanted:
        return 0
    there = yield from existing(farm, uuid, num_tasks)
    freed = 0
    for number in sorted(n for n in wanted if n < there.surely):
        freed += yield from _reset(farm, uuid, (yield from read(farm, uuid, number)))
    # Upwards without a gap, so that a task that does not exist is the next in turn: harmless.
    for number in range(there.surely, min(there.likely, max(wanted) + 1)):
        row = yield from read(farm, uuid, number)
        if number in wanted:
            freed += yield from _reset(farm, uuid, row)
    return freed


def reopen(
    farm: Session,
    uuid: str,
    num_tasks: int,
    numbers: Iterable[int],
    choose: Callable[[Sequence[TaskRow]], Sequence[TaskRow]],
) -> Flow[list[int]]:
    """Set those of some tasks waiting that are done and chosen; return their numbers.

    Tasks that wait or compute are left to those who have them, and so are tasks that may not exist.

    Args:
        farm: the session.
        uuid: the run's uuid.
        num_tasks: how many tasks it has.
        numbers: the tasks.
        choose: called with those that are done, and returns those to set waiting.
    """
    surely = yield from surely_existing(farm, uuid, num_tasks)
    wanted = [number for number in numbers if number < surely]
    done: list[TaskRow] = []
    for start in range(0, len(wanted), BATCH):
        rows = yield from read_batch(farm, uuid, wanted[start : start + BATCH])
        done += [row for row in rows if row.status == "done"]
    opened = choose(done)
    for row in opened:
        yield from free(farm, uuid, row.number, partial(unchanged, before=row))
    return [row.number for row in opened]


def _reset(farm: Session, uuid: str, before: TaskRow) -> Flow[int]:
    if before.status == "waiting" and _is_at_start(before):
        return 0
    yield from free(farm, uuid, before.number, lambda row: unchanged(row, before))
    return 1


def _is_at_start(row: TaskRow) -> bool:
    lease = leases.decode(row.percent)
    if lease is None:
        return row.percent == 0
    return lease.percent == 0 and lease.attempts == 0 and not lease.failed


def unchanged(row: TaskRow, before: TaskRow) -> bool:
    """Return whether a task is unchanged; NaN, which another client may write, equals NaN."""
    return row.status == before.status and leases.same(row.percent, before.percent)


def is_stuck(row: TaskRow) -> bool:
    """Return whether a task is computing, but the server's restart does not see it below 100 %."""
    at = row.percent
    return row.status == "computing" and (at is None or math.isnan(at) or at >= 100)


def _stuck(farm: Session, uuid: str, num_tasks: int) -> Flow[list[int]]:
    computing = yield from count(farm, uuid, "numComputing")
    if computing == 0:
        return []
    there = yield from existing(farm, uuid, num_tasks)
    found: list[int] = []
    for batch in there.batches():
        rows = yield from read_batch(farm, uuid, batch)
        found += [row.number for row in rows if is_stuck(row)]
        computing -= sum(row.status == "computing" for row in rows)
        if computing <= 0:
            break
    return found


def free(farm: Session, uuid: str, number: int, still: Callable[[TaskRow], bool]) -> Flow[None]:
    """Set a task waiting at 0 %, with no attempts.

    A lease says so, not a plain 0: whoever gets the task sees that others had it, and reads on in
    its results folder.

    Args:
        farm: the session.
        uuid: the run's uuid.
        number: the task's number.
        still: after a request of unknown outcome, returns whether the task, read again, is
            unchanged. Otherwise it was freed, and another worker may have claimed it since.
    """

    def look(_: TaskfarmError) -> Flow[Answer | None]:
        row = yield from read(farm, uuid, number)
        return None if still(row) else Answer(None)

    call = operations.update_task(uuid, number, percent=leases.AT_START, status="waiting")
    yield from ask_of_task(farm, uuid, number, call, SETTLE, look=look)
