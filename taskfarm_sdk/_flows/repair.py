"""Repair a broken run, from which the server hands out no task although tasks are left.

A run breaks when a client reads or writes a task before its turn. Reading every task once, in
order, creates the missing ones as waiting. This is only for broken runs: on a sound run, or by two
clients at once, it creates tasks twice, which cannot be undone.
"""

from __future__ import annotations

import os
import socket
import time
import uuid as uuids
from collections.abc import Callable
from typing import NoReturn

from taskfarm_sdk import _validation
from taskfarm_sdk._flows import claims
from taskfarm_sdk._flows.resetting import unchanged
from taskfarm_sdk._flows.runs import ask_of_run, status, waiting_rows
from taskfarm_sdk._flows.tasks import ask_of_task, read
from taskfarm_sdk._logging import log
from taskfarm_sdk._models import counted
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.retry import DICE, SETTLE, Answer, Rule, Then
from taskfarm_sdk._sansio.steps import Flow, sleep
from taskfarm_sdk._session.request import ask
from taskfarm_sdk._session.session import Session
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import (
    ConfigurationError,
    OutcomeUnknown,
    RunBroken,
    ServerError,
    TaskfarmError,
)

Progress = Callable[[int, int], None]

# A lost hand-out leaves a task of a sound run computing without a worker, so it is not repeated.
# A 500 here means that the run is broken, or a uuid taken; it is not logged as an outage.
ONCE = Rule(never_sent=Then.AGAIN, lost=Then.UNKNOWN, busy=Then.AGAIN, sick=Then.RAISE)
TAKEN = Rule(never_sent=Then.AGAIN, lost=Then.AGAIN, busy=Then.AGAIN, sick=Then.RAISE)
# The pause after a hand-out that was answered 500.
REST_S = 0.2
# The pause between two counts of the rows; random, so that two repairs do not count in step.
LOOK_AGAIN_S = (1.0, 2.0)
# One repair excludes others for this time, twice as long at most, until it creates a task.
TURN_S = 60
# Returned instead of a task; the server has none with this number.
_BROKEN = TaskRow(-1, "waiting", None)


def repair(farm: Session, uuid: str, num_tasks: int, progress: Progress | None) -> Flow[int]:
    """Repair a broken run; return how many tasks were missing.

    Raises:
        RunBroken: the run has more rows than tasks, before or after, and cannot be repaired.
        TaskfarmError: the run is not broken, or another client repairs it; nothing was changed.
    """
    _validation.sound_run(uuid, num_tasks)
    if progress is not None and not callable(progress):  # pyright: ignore[reportUnnecessaryComparison]
        raise ConfigurationError(
            "progress is a function that is called with the number of tasks handled and that of "
            f"the run's tasks, not {shown(progress)}"
        )
    yield from _refuse_doubled(farm, uuid, num_tasks)
    yield from _probe(farm, uuid, num_tasks)
    missing = num_tasks - (yield from _take_turn(farm, uuid, num_tasks))
    for number in range(num_tasks):
        yield from read(farm, uuid, number)
        if progress is not None:
            progress(number + 1, num_tasks)
    yield from _refuse_doubled(farm, uuid, num_tasks)
    farm.shared.complete.add(uuid)
    return missing


def _refuse_doubled(farm: Session, uuid: str, num_tasks: int) -> Flow[None]:
    """Refuse a run that has more rows than tasks."""
    rows = (yield from status(farm, uuid)).rows
    if rows > num_tasks:
        # The server counts one state after the other: while workers are busy, one sum can be
        # too high.
        yield from sleep(DICE.uniform(*LOOK_AGAIN_S))
        rows = min(rows, (yield from status(farm, uuid)).rows)
    if rows > num_tasks:
        raise RunBroken(
            f"run {uuid} has {rows} rows for {counted(num_tasks, 'task')}, so its counts are wrong "
            "and some tasks would be computed twice; it cannot be repaired: delete it and create a "
            "new run",
            run=uuid,
        )


def _probe(farm: Session, uuid: str, num_tasks: int) -> Flow[None]:
    """Return if a run is broken, which an attempt to claim a task shows.

    Raises:
        TaskfarmError: the run is not broken; a task that was handed out has been given back.
    """
    worker = yield from claims.register(farm, socket.gethostname(), os.getpid(), farm.deadline())
    handed = yield from _hand_out(farm, uuid, worker)
    if handed is _BROKEN:
        return
    if handed is not None and handed.number >= num_tasks:
        raise claims.no_such_task(farm.url, uuid, num_tasks, handed.number)
    if handed is not None:
        yield from _put_back(farm, uuid, handed)
        _refuse(uuid, "the server hands out its tasks, so it needs no repair")
    rows = (yield from status(farm, uuid)).rows
    if rows >= num_tasks:
        farm.shared.complete.add(uuid)
    _refuse(uuid, "all its tasks exist and none is waiting, so it needs no repair")


def _hand_out(farm: Session, uuid: str, worker: str) -> Flow[TaskRow | None]:
    """Claim a task; return None if none is left, `_BROKEN` if the server cannot hand one out."""
    call = operations.claim_task(uuid, worker)._replace(fresh=True)
    # Counted separately: a failing server answers 500 although tasks wait; a run that another
    # client begins to repair first shows no waiting task, then one, and hands it out.
    with_none_waiting = with_some_waiting = 0
    while True:
        try:
            return (
                yield from ask_of_run(farm, uuid, lambda: call, ONCE, or_gone=claims.OR_WORKER_GONE)
            )
        except OutcomeUnknown as error:
            raise _perhaps_handed_out(farm.url, uuid, error) from error
        except ServerError as error:
            if error.status != 500:
                raise
            stands = yield from status(farm, uuid)
            if waiting_rows(stands) > 0:
                with_some_waiting += 1
                if with_some_waiting == claims.BROKEN_AFTER_LOOKS:
                    raise
            elif stands.rows >= stands.num_tasks:
                return None
            else:
                with_none_waiting += 1
                if with_none_waiting == claims.BROKEN_AFTER_LOOKS:
                    return _BROKEN
        yield from sleep(REST_S)


def _perhaps_handed_out(url: str, uuid: str, error: OutcomeUnknown) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the reply to a hand-out was lost, so it is unknown whether run {uuid} is broken; if it "
        "is not, one of its tasks is now marked computing but has no worker: find it with "
        f"`manageTF -b {url} --tasks --state computing {uuid}`",
        status=error.status,
        url=error.url,
        detail=error.detail,
        run=uuid,
    )


def _put_back(farm: Session, uuid: str, handed: TaskRow) -> Flow[None]:
    """Set a task waiting that was handed out, without changing its percentage."""

    def look(_: TaskfarmError) -> Flow[Answer | None]:
        row = yield from read(farm, uuid, handed.number)
        return None if unchanged(row, handed) else Answer(None)

    call = operations.update_task(uuid, handed.number, status="waiting")
    try:
        yield from ask_of_task(farm, uuid, handed.number, call, SETTLE, look=look)
    except TaskfarmError:
        log.warning(
            "task %d of run %s was claimed to test the run and could not be given back: set it "
            "waiting with reset_tasks",
            handed.number,
            uuid,
        )
        raise


def _take_turn(farm: Session, uuid: str, num_tasks: int) -> Flow[int]:
    """Return how many rows a broken run has, once no other client is repairing it.

    The server accepts each worker's uuid only once, so the client that registers the uuids derived
    from the run, its rows and the time may repair it. This excludes others until the first task is
    created; from then on they see the rows grow.

    A check that the rows do not grow is not enough: of 192 runs of 40 tasks on PostgreSQL, each
    repaired by 8 clients at once, 32 ended with more rows than tasks, and none with this lock.
    """
    rows = (yield from status(farm, uuid)).rows
    turn = int(time.time() // TURN_S)
    # The previous turn too, or two that begin just before and after its end would both be first.
    for name in (f"{rows} {turn - 1}", f"{rows} {turn}"):
        token = uuids.uuid5(uuids.NAMESPACE_OID, f"repair of {uuid} {name}").hex
        if not (yield from _is_first(farm, uuid, token)):
            _refuse(
                uuid,
                "another client began to repair it a moment ago; if it is still broken in "
                f"{2 * TURN_S} s, try again",
            )
    yield from sleep(DICE.uniform(*LOOK_AGAIN_S))
    stands = yield from status(farm, uuid)
    if waiting_rows(stands) > 0 or stands.rows != rows or rows >= num_tasks:
        _refuse(uuid, "its rows are changing: another client is repairing it, or working on it")
    return rows


def _is_first(farm: Session, uuid: str, token: str) -> Flow[bool]:
    call = operations.register_worker(token, socket.gethostname(), os.getpid())
    try:
        yield from ask(farm, lambda: call, TAKEN)
    except ServerError as error:
        if error.status != 500:
            raise
        # Either the server fails, and then so does the next request, or the uuid is taken.
        yield from status(farm, uuid)
        return False
    return True


def _refuse(uuid: str, why: str) -> NoReturn:
    raise TaskfarmError(f"run {uuid} was not changed: {why}", run=uuid)
