"""The flows of workers: being handed out tasks, reporting on them, settling them."""

from __future__ import annotations

import uuid

from taskfarm_sdk._flows.runs import ask_of_run, status, waiting_rows
from taskfarm_sdk._flows.tasks import ask_of_task, read
from taskfarm_sdk._logging import log
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._protocol.lease import Lease
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.retry import CLAIM, COMPLETE, DICE, REGISTER, REPORT, SETTLE, Answer
from taskfarm_sdk._sansio.steps import Flow, sleep
from taskfarm_sdk._session.request import ask
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.errors import (
    ConnectionFailed,
    RequestRejected,
    RunBroken,
    ServerError,
    TaskfarmError,
)

# One 500 with sound counts may be the end of a passing trouble; so many in a row are not.
BROKEN_AFTER_LOOKS = 3
# The host name that such a look at the database leaves there.
PROBE = "taskfarm-sdk probe"
# A stalled report holds up the task's completion, and the reports of the worker's other tasks.
REPORT_TIMEOUT_S = 10.0
# A slow server answers the two or three requests of a start in about this time.
START_APART_S = 0.02
START_SPREAD_MOST_S = 5.0
# What else a 404 to a hand-out means: a database that was put back knows no worker of today.
OR_WORKER_GONE = ", or no longer knows the worker that asks"


def start_spread_s(fleet_size: int) -> float:
    """Return over how long a fleet spreads its start: one alone need not wait."""
    return min((fleet_size - 1) * START_APART_S, START_SPREAD_MOST_S)


def register(
    farm: Session, hostname: str, pid: int, until: float, fleet_size: int = 1
) -> Flow[str]:
    """Make a worker known to the server; a lost attempt is followed by one with a fresh uuid."""
    if fleet_size > 1:
        yield from sleep(DICE.uniform(0, start_spread_s(fleet_size)))
    return (
        yield from ask(
            farm,
            lambda: operations.register_worker(uuid.uuid4().hex, hostname, pid),
            REGISTER,
            until=until,
        )
    )


def can_write(farm: Session) -> Flow[bool]:
    """Find out whether the server's database can be written.

    While its disk is full, or it is read-only, it answers 500 to each hand-out and still counts
    tasks, as of a run that is broken. No request only tries to write: this one leaves a worker
    behind that never works.
    """
    call = operations.register_worker(uuid.uuid4().hex, PROBE, 0)
    try:
        yield from ask(farm, lambda: call, REPORT)
    except (ConnectionFailed, ServerError, RequestRejected):
        return False
    return True


def claim(farm: Session, run: str, worker: str, until: float) -> Flow[TaskRow | None]:
    """Be handed out a task, or None once nothing is left to hand out.

    Raises:
        RunBroken: tasks are left, and the server cannot hand them out.
    """
    looks = 0

    def look(error: TaskfarmError) -> Flow[Answer | None]:
        nonlocal looks
        stands = yield from status(farm, run, until)
        if waiting_rows(stands) > 0:
            return None
        if stands.rows >= stands.num_tasks:
            return Answer(None)
        looks += 1
        if looks >= BROKEN_AFTER_LOOKS and (yield from can_write(farm)):
            raise RunBroken(
                f"the server cannot hand out the tasks that are left of run {run}: a task of it "
                "was read or written before its turn, by another client; stop the workers and "
                f"mend it: run.repair(), or `manageTF -b {farm.url} --repair {run}`",
                status=error.status,
                url=error.url,
                detail=error.detail,
                run=run,
            ) from error
        return None

    call = operations.claim_task(run, worker)
    handed = yield from ask_of_run(
        farm, run, lambda: call, CLAIM, look=look, until=until, or_gone=OR_WORKER_GONE
    )
    if handed is None:
        farm.shared.complete.add(run)
    return handed


def report(farm: Session, run: str, number: int, lease: Lease) -> Flow[bool]:
    """Report a task's progress once; a report that fails is dropped, for it may land late.

    Returns:
        Whether the server answered.
    """
    call = operations.update_task(run, number, percent=leases.encode(lease))._replace(
        timeout_s=min(farm.timeout_s, REPORT_TIMEOUT_S)
    )
    try:
        yield from ask_of_task(farm, run, number, call, REPORT)
    except (ConnectionFailed, ServerError, RequestRejected) as error:
        log.info("a report of task %d of run %s was dropped: %s", number, run, error)
        return False
    return True


def complete(farm: Session, run: str, number: int, until: float) -> Flow[str | None]:
    """Mark a task done at 100 %, in one request that is repeated until the server has it.

    Returns:
        The `Date` of the server's reply, where it has one.
    """
    call = operations.update_task(run, number, percent=leases.SUCCESS, status="done")
    return (yield from ask_of_task(farm, run, number, call, COMPLETE, until=until))


def still_complete(farm: Session, run: str, number: int, until: float) -> Flow[None]:
    """Complete a task anew if a report that was under way has landed after its completion."""
    row = yield from read(farm, run, number)
    if row.status == "done" and row.percent != leases.SUCCESS:
        yield from complete(farm, run, number, until)


def give_back(
    farm: Session,
    run: str,
    number: int,
    held: tuple[float | None, ...],
    lease: Lease,
    until: float,
) -> Flow[str | None]:
    """Let go of a task: waiting again, or failed for good if the lease says so.

    Args:
        farm: the session.
        run: the run's uuid.
        number: the task's.
        held: what the server may hold if nobody else took the task: what it answered last, and
            what was reported since without an answer.
        lease: what to leave there.
        until: when the last attempt may start.

    Returns:
        The `Date` of the server's reply, where there is one.
    """
    leave = leases.encode(lease)

    def look(_: TaskfarmError) -> Flow[Answer | None]:
        row = yield from read(farm, run, number)
        # Whoever took the task since then holds it by another number.
        untouched = any(leases.same(row.percent, value) for value in held)
        return None if untouched and row.status == "computing" else Answer(None)

    call = operations.update_task(
        run, number, percent=leave, status="done" if lease.failed else "waiting"
    )
    return (yield from ask_of_task(farm, run, number, call, SETTLE, look=look, until=until))
