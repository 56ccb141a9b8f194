"""Flows that read single tasks, and never create one.

The server creates a task that is read before its hand-out, and a task created out of turn breaks
its run. So flows read only existing tasks. The number of these is derived from counts that the
server takes one after the other, while workers continue.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._flows.runs import count, status, unknown_route, waiting_rows
from taskfarm_sdk._models import TASK_STATES, RunStatus, TaskInfo, TaskState
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._protocol.operations import Count, TaskRow
from taskfarm_sdk._sansio.retry import READ, Look, Rule
from taskfarm_sdk._sansio.steps import Call, Flow, Item, Stream, together
from taskfarm_sdk._session.request import ask
from taskfarm_sdk._session.session import Session
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import (
    ConfigurationError,
    NotFound,
    RunNotFound,
    TaskNotFound,
)

R = TypeVar("R")

# How many tasks are read before the first is yielded.
BATCH = 32


def read(farm: Session, uuid: str, number: int, *, until: float | None = None) -> Flow[TaskRow]:
    """Read one existing task."""
    call = operations.get_task(uuid, number)
    return (yield from ask_of_task(farm, uuid, number, call, READ, until=until))


def ask_of_task(
    farm: Session,
    uuid: str,
    number: int,
    call: Call[R],
    rule: Rule,
    *,
    look: Look | None = None,
    until: float | None = None,
) -> Flow[R]:
    """Send a request about a task; after a 404 it requests the run itself, as `ask_of_run` does.

    Raises:
        RunNotFound: the run does not exist.
        TaskNotFound: the run has no such task.
        UnexpectedReply: the task exists, and the server does not know the request.
    """
    try:
        return (yield from ask(farm, lambda: call, rule, look=look, until=until))
    except (RunNotFound, TaskNotFound):
        raise  # from the look
    except NotFound as error:
        stands = yield from status(farm, uuid, until)
        if 0 <= number < stands.num_tasks:
            raise unknown_route(farm, uuid, error) from error
        raise TaskNotFound(
            f"run {uuid} has no task {number}: its tasks are 0 to {stands.num_tasks - 1}",
            status=error.status,
            url=error.url,
            detail=error.detail,
            run=uuid,
            task=number,
            method=error.method,
        ) from error


@attrs.frozen
class Existing:
    """The number of tasks of a run that exist, counted from 0.

    Attributes:
        surely: the lower bound, whatever workers do meanwhile; these can be read in any order.
        likely: the estimate; tasks from `surely` on are read one by one, upwards.
    """

    surely: int
    likely: int

    def batches(self) -> Iterator[range]:
        """Yield the tasks' numbers in batches for `read_batch`."""
        for start in range(0, self.surely, BATCH):
            yield range(start, min(start + BATCH, self.surely))
        for number in range(self.surely, self.likely):
            yield range(number, number + 1)


def read_batch(farm: Session, uuid: str, numbers: Sequence[int]) -> Flow[list[TaskRow]]:
    """Read existing tasks, several at a time."""
    if len(numbers) == 1:
        return [(yield from read(farm, uuid, numbers[0]))]
    return (yield from together([partial(read, farm, uuid, number) for number in numbers]))


def existing(farm: Session, uuid: str, num_tasks: int) -> Flow[Existing]:
    """Derive the number of existing tasks from the run's counts.

    The sum of computing and done tasks is never too high. With waiting tasks the sum is uncertain,
    because a task that changes its state between two counts is counted twice. Counting done,
    computing, waiting, against the order of the states, leaves only tasks given back in between.
    The lower of two sums is taken, and tasks are read upwards, so that the first one that does not
    exist is the next in turn.
    """
    if uuid in farm.shared.complete:
        return Existing(num_tasks, num_tasks)
    stands = yield from status(farm, uuid)
    likely = sure = min(num_tasks, stands.done + stands.computing)
    if waiting_rows(stands) > 0 and sure < num_tasks:
        first = yield from _sum_of_counts(farm, uuid)
        second = yield from _sum_of_counts(farm, uuid)
        likely = max(sure, min(num_tasks, first, second))
    return Existing(sure, likely)


def surely_existing(farm: Session, uuid: str, num_tasks: int) -> Flow[int]:
    """Return a number of tasks, from 0 on, that exist whatever workers do meanwhile."""
    if uuid in farm.shared.complete:
        return num_tasks
    stands = yield from status(farm, uuid)
    return min(num_tasks, stands.done + stands.computing)


def _sum_of_counts(farm: Session, uuid: str) -> Flow[int]:
    order: tuple[Count, ...] = ("numDone", "numComputing", "numWaiting")
    total = 0
    for which in order:
        total += yield from count(farm, uuid, which)
    return total


def info(farm: Session, uuid: str, num_tasks: int, number: int) -> Flow[TaskInfo]:
    """Get the state of one task."""
    wanted = _validation.task_number(number, num_tasks)
    if wanted >= (yield from existing(farm, uuid, num_tasks)).likely:
        return TaskInfo(number=wanted, state="waiting")
    return info_from((yield from read(farm, uuid, wanted)))


def infos(
    farm: Session, uuid: str, num_tasks: int, state: TaskState | None = None
) -> Stream[TaskInfo]:
    """Yield the states of the tasks by number; tasks that do not exist yet are waiting."""
    if state is not None and state not in TASK_STATES:
        raise ConfigurationError(
            f"a task's state must be one of {', '.join(TASK_STATES)}, not {shown(state)}"
        )
    there = yield from existing(farm, uuid, num_tasks)
    for batch in there.batches():
        for row in (yield from read_batch(farm, uuid, batch)):
            found = info_from(row)
            if state in (None, found.state):
                yield Item(found)
    if state in (None, "waiting"):
        for number in range(there.likely, num_tasks):
            yield Item(TaskInfo(number=number, state="waiting"))


def info_from(row: TaskRow) -> TaskInfo:
    """Return the state of a task from its status and percentage."""
    lease = leases.decode(row.percent)
    if lease is None:
        percent = math.nan if row.percent is None else row.percent
        if row.status == "done" and percent >= leases.SUCCESS_LEAST:
            percent = leases.SUCCESS
        return TaskInfo(number=row.number, state=row.status, percent_completed=percent)
    failed = lease.failed and row.status == "done"
    return TaskInfo(
        number=row.number,
        state="failed" if failed else row.status,
        percent_completed=lease.percent,
        # A failed task that waits again was reset by a user, so its attempts start from 0.
        attempts=0 if lease.failed and not failed else lease.attempts,
    )


def failed_numbers(farm: Session, uuid: str, status: RunStatus) -> Flow[tuple[int, ...]]:
    """Find the failed tasks of a finished run; stops once all are found, if the count is known."""
    numbers: list[int] = []
    there = yield from existing(farm, uuid, status.num_tasks)
    for batch in there.batches():
        if len(numbers) == status.failed:
            break
        rows = yield from read_batch(farm, uuid, batch)
        numbers += [row.number for row in rows if is_failed(row)]
    return tuple(numbers)


def done_among(farm: Session, uuid: str, num_tasks: int, numbers: Iterable[int]) -> Flow[list[int]]:
    """Find those of some tasks that are done, and have not failed for good.

    Args:
        farm: the session.
        uuid: the run's uuid.
        num_tasks: how many tasks it has.
        numbers: the tasks' numbers; not asked for while no task of the run is done.
    """
    wanted = set(numbers) if (yield from count(farm, uuid, "numDone")) else set[int]()
    if not wanted:
        return []
    found: list[int] = []
    there = yield from existing(farm, uuid, num_tasks)
    for batch in there.batches():
        # Beyond what surely exists, each is read, so that none is created out of turn.
        chosen = [n for n in batch if n in wanted or n >= there.surely]
        rows = (yield from read_batch(farm, uuid, chosen)) if chosen else []
        found += [row.number for row in rows if row.number in wanted and is_done(row)]
    return found


def is_done(row: TaskRow) -> bool:
    """Return whether a task is done, and has not failed for good."""
    return info_from(row).state == "done"


def is_failed(row: TaskRow) -> bool:
    """Return whether a task has failed for good."""
    return info_from(row).state == "failed"
