"""The flows that read single tasks, without ever making one.

The server creates a task that is read before its time, and a run with a task created out of turn
hands out nothing any more. So only tasks that exist are read, and how many do is worked out from
counts that the server takes one after the other, while workers go on.
"""

from __future__ import annotations

import math

from taskfarm_sdk import _checks, _lease, _operations
from taskfarm_sdk._asking import ask
from taskfarm_sdk._data import TASK_STATES, RunStatus, TaskInfo, TaskState
from taskfarm_sdk._flow import Flow, Item, Stream, sleep
from taskfarm_sdk._operations import Count, TaskRow
from taskfarm_sdk._retry import READ, SETTLE, Answer
from taskfarm_sdk._runs import ask_of_run, restart
from taskfarm_sdk._session import Session
from taskfarm_sdk.errors import (
    ConfigurationError,
    NotFound,
    TaskfarmError,
    TaskNotFound,
)

# A live worker of another client passes through 100 on its way to done.
STUCK_LOOK_AGAIN_S = 2.0


def read(farm: Session, uuid: str, number: int, *, until: float | None = None) -> Flow[TaskRow]:
    """Read one task that exists."""
    call = _operations.get_task(uuid, number)
    try:
        return (yield from ask(farm, lambda: call, READ, until=until))
    except NotFound as error:
        raise (yield from not_found(farm, uuid, number, error)) from error


def not_found(farm: Session, uuid: str, number: int, error: NotFound) -> Flow[TaskfarmError]:
    """Find out what a 404 for a task means: the task is not there, or the whole run is gone."""
    yield from ask_of_run(farm, uuid, lambda: _operations.count(uuid, "numDone"), READ)
    return TaskNotFound(
        f"run {uuid} has no task {number}",
        status=error.status,
        url=error.url,
        detail=error.detail,
        run=uuid,
        task=number,
    )


def existing(farm: Session, uuid: str, num_tasks: int) -> Flow[int]:
    """Return how many tasks, from 0 on, are sure to exist.

    Computing and done ones are: their sum is never too high. Existing tasks that wait make the
    sum of three uncertain, for a task that moves between two of the counts is counted twice. Done,
    computing, waiting is the order against the way tasks go, so that only a task given back in
    that moment can be; the lower of two sums is taken, and tasks are read upwards, where the first
    that does not exist is the next in turn.
    """
    if uuid in farm.complete:
        return num_tasks
    row = yield from ask_of_run(farm, uuid, lambda: _operations.counts(uuid), READ)
    sure = row.done + row.computing
    if row.waiting > 0 and sure < num_tasks:
        first = yield from _sum_of_counts(farm, uuid)
        second = yield from _sum_of_counts(farm, uuid)
        sure = max(sure, min(first, second))
    return min(num_tasks, sure)


def _sum_of_counts(farm: Session, uuid: str) -> Flow[int]:
    order: tuple[Count, ...] = ("numDone", "numComputing", "numWaiting")
    total = 0
    for which in order:
        total += yield from _count(farm, uuid, which)
    return total


def _count(farm: Session, uuid: str, which: Count) -> Flow[int]:
    return (yield from ask_of_run(farm, uuid, lambda: _operations.count(uuid, which), READ))


def info(farm: Session, uuid: str, num_tasks: int, number: int) -> Flow[TaskInfo]:
    """Tell how one task stands."""
    wanted = _checks.task_number(number, num_tasks)
    if wanted >= (yield from existing(farm, uuid, num_tasks)):
        return TaskInfo(number=wanted, state="waiting")
    return info_from((yield from read(farm, uuid, wanted)))


def infos(
    farm: Session, uuid: str, num_tasks: int, state: TaskState | None = None
) -> Stream[TaskInfo]:
    """Tell how the tasks stand, by number; those that do not exist yet wait."""
    if state is not None and state not in TASK_STATES:
        raise ConfigurationError(f"a task's state is one of {TASK_STATES}, not {state!r}")
    there = yield from existing(farm, uuid, num_tasks)
    for number in range(there):
        found = info_from((yield from read(farm, uuid, number)))
        if state in (None, found.state):
            yield Item(found)
    if state in (None, "waiting"):
        for number in range(there, num_tasks):
            yield Item(TaskInfo(number=number, state="waiting"))


def info_from(row: TaskRow) -> TaskInfo:
    """Say what a task's status and number mean."""
    lease = _lease.decode(row.percent)
    if lease is None:
        percent = math.nan if row.percent is None else row.percent
        if row.status == "done" and percent >= _lease.SUCCESS_LEAST:
            percent = _lease.SUCCESS
        return TaskInfo(number=row.number, state=row.status, percent_completed=percent)
    failed = lease.failed and row.status == "done"
    return TaskInfo(
        number=row.number,
        state="failed" if failed else row.status,
        percent_completed=lease.percent,
        # A failed task that waits again was queued by a person, and starts over.
        attempts=0 if lease.failed and not failed else lease.attempts,
    )


def failed_numbers(farm: Session, uuid: str, status: RunStatus) -> Flow[tuple[int, ...]]:
    """Find the failed tasks of a finished run, up to the last where their number is known."""
    numbers: list[int] = []
    there = yield from existing(farm, uuid, status.num_tasks)
    for number in range(there):
        if len(numbers) == status.failed:
            break
        if info_from((yield from read(farm, uuid, number))).state == "failed":
            numbers.append(number)
    return tuple(numbers)


def reset(farm: Session, uuid: str, num_tasks: int) -> Flow[None]:
    """Set all computing tasks waiting, those too that the server's restart passes over."""
    yield from restart(farm, uuid, everything=False)
    suspects = yield from _stuck(farm, uuid, num_tasks)
    if not suspects:
        return
    yield from sleep(STUCK_LOOK_AGAIN_S)
    for number in suspects:
        if is_stuck((yield from read(farm, uuid, number))):
            yield from _free(farm, uuid, number)


def is_stuck(row: TaskRow) -> bool:
    """Say whether a task is computing at what the server's restart does not take for under 100."""
    at = row.percent
    return row.status == "computing" and (at is None or math.isnan(at) or at >= 100)


def _stuck(farm: Session, uuid: str, num_tasks: int) -> Flow[list[int]]:
    computing = yield from _count(farm, uuid, "numComputing")
    if computing == 0:
        return []
    there = yield from existing(farm, uuid, num_tasks)
    found: list[int] = []
    for number in range(there):
        row = yield from read(farm, uuid, number)
        if is_stuck(row):
            found.append(number)
        computing -= row.status == "computing"
        if computing == 0:
            break
    return found


def _free(farm: Session, uuid: str, number: int) -> Flow[None]:
    def look(_: TaskfarmError) -> Flow[Answer | None]:
        row = yield from read(farm, uuid, number)
        return None if is_stuck(row) else Answer(None)

    call = _operations.update_task(uuid, number, percent=0.0, status="waiting")
    yield from ask_of_run(farm, uuid, lambda: call, SETTLE, look=look)
