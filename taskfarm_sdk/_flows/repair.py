"""The flow that mends a broken run, from which the server hands out nothing though tasks are left.

A run breaks when somebody reads or writes a task before its turn. Reading every task once, in
order, makes those that are missing, and they wait. That is for broken runs alone: in a sound one,
or done by two at once, it makes tasks twice, and then nothing helps.
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
from taskfarm_sdk.errors import OutcomeUnknown, RunBroken, ServerError, TaskfarmError

Progress = Callable[[int, int], None]

# A hand-out whose reply is lost would leave a task of a sound run with nobody: it is not repeated.
# A 500 says here that the run is broken, or a uuid taken, and no word of an outage is due.
ONCE = Rule(never_sent=Then.AGAIN, lost=Then.UNKNOWN, busy=Then.AGAIN, sick=Then.RAISE)
TAKEN = Rule(never_sent=Then.AGAIN, lost=Then.AGAIN, busy=Then.AGAIN, sick=Then.RAISE)
# Between two hand-outs that were answered 500.
REST_S = 0.2
# Between two looks at the rows. At random, so that two who began together look apart.
LOOK_AGAIN_S = (1.0, 2.0)
# For so long, or twice as long at most, one repair keeps others out before it has made a task.
TURN_S = 60
# In place of a task that is handed out; the server has none of that number.
_BROKEN = TaskRow(-1, "waiting", None)


def repair(farm: Session, uuid: str, num_tasks: int, progress: Progress | None) -> Flow[int]:
    """Mend a run that is broken; return how many tasks were missing.

    Raises:
        RunBroken: it has more rows than tasks, before or afterwards, and cannot be mended.
        TaskfarmError: it is not broken, or is being mended, and nothing was changed.
    """
    _validation.sound_run(uuid, num_tasks)
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
    """Make sure that a run has no more rows than tasks."""
    rows = (yield from status(farm, uuid)).rows
    if rows > num_tasks:
        # Counts are taken one after the other: beside workers one look can be too high.
        yield from sleep(DICE.uniform(*LOOK_AGAIN_S))
        rows = min(rows, (yield from status(farm, uuid)).rows)
    if rows > num_tasks:
        raise RunBroken(
            f"run {uuid} has {rows} rows for {counted(num_tasks, 'task')}, so some would be "
            "computed twice and its numbers are wrong: nothing mends that; delete it and make a "
            "new run",
            run=uuid,
        )


def _probe(farm: Session, uuid: str, num_tasks: int) -> Flow[None]:
    """Return if a run is broken, having asked for a task of it.

    Raises:
        TaskfarmError: it is not; a task that was handed out has been given back as it was.
    """
    worker = yield from claims.register(farm, socket.gethostname(), os.getpid(), farm.deadline())
    handed = yield from _hand_out(farm, uuid, worker)
    if handed is _BROKEN:
        return
    if handed is not None:
        yield from _put_back(farm, uuid, handed)
        _refuse(uuid, "the server hands out its tasks, so there is nothing to mend now")
    rows = (yield from status(farm, uuid)).rows
    if rows >= num_tasks:
        farm.shared.complete.add(uuid)
    _refuse(uuid, "each of its tasks exists and none waits, so there is nothing to mend")


def _hand_out(farm: Session, uuid: str, worker: str) -> Flow[TaskRow | None]:
    """Ask for a task; None if none is left to hand out, `_BROKEN` if the server cannot."""
    call = operations.claim_task(uuid, worker)._replace(fresh=True)
    # Counted apart: a server in trouble answers 500 though tasks wait; a run that another repair
    # begins to mend shows its first waiting task after looks that found none, and hands it out.
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
        f"whether run {uuid} is sound is not known, for the reply to a hand-out was lost; if it "
        "is, one of its tasks now computes with nobody: look for it with "
        f"`manageTF -b {url} --tasks --state computing {uuid}`",
        status=error.status,
        url=error.url,
        detail=error.detail,
        run=uuid,
    )


def _put_back(farm: Session, uuid: str, handed: TaskRow) -> Flow[None]:
    """Set a task waiting that was handed out, and leave its percentage exactly as it is."""

    def look(_: TaskfarmError) -> Flow[Answer | None]:
        row = yield from read(farm, uuid, handed.number)
        return None if unchanged(row, handed) else Answer(None)

    call = operations.update_task(uuid, handed.number, status="waiting")
    try:
        yield from ask_of_task(farm, uuid, handed.number, call, SETTLE, look=look)
    except TaskfarmError:
        log.warning(
            "task %d of run %s was handed out to see whether the run is sound, and could not be "
            "given back: set it waiting with reset_tasks",
            handed.number,
            uuid,
        )
        raise


def _take_turn(farm: Session, uuid: str, num_tasks: int) -> Flow[int]:
    """Return how many rows a broken run has, once nobody else is seen to mend it.

    The server takes each worker's uuid once only, so who registers the ones made from the run, its
    rows and the time is the one to mend it. That holds until the first task is made; from then on
    others see the rows grow.

    To see that the rows do not grow is not enough: of 192 runs of 40 tasks on PostgreSQL that 8
    began to mend at once, 32 ended with more rows than tasks by that alone, and none by this.
    """
    rows = (yield from status(farm, uuid)).rows
    turn = int(time.time() // TURN_S)
    # The turn before as well, or two who begin on either side of a turn's end would both be first.
    for name in (f"{rows} {turn - 1}", f"{rows} {turn}"):
        token = uuids.uuid5(uuids.NAMESPACE_OID, f"repair of {uuid} {name}").hex
        if not (yield from _is_first(farm, uuid, token)):
            _refuse(
                uuid,
                "somebody began to mend it a moment ago; see how it stands, and try again in "
                f"{2 * TURN_S} s if it is still broken",
            )
    yield from sleep(DICE.uniform(*LOOK_AGAIN_S))
    stands = yield from status(farm, uuid)
    if waiting_rows(stands) > 0 or stands.rows != rows or rows >= num_tasks:
        _refuse(uuid, "its rows are changing: somebody is mending it, or working on it")
    return rows


def _is_first(farm: Session, uuid: str, token: str) -> Flow[bool]:
    call = operations.register_worker(token, socket.gethostname(), os.getpid())
    try:
        yield from ask(farm, lambda: call, TAKEN)
    except ServerError as error:
        if error.status != 500:
            raise
        # Alone it may mean a server in trouble; beside counts it means that the uuid is taken.
        yield from status(farm, uuid)
        return False
    return True


def _refuse(uuid: str, why: str) -> NoReturn:
    raise TaskfarmError(f"run {uuid} was left as it is: {why}", run=uuid)
