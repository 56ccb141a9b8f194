"""Flows of workers: register, claim tasks, report on them and settle them."""

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
    UnexpectedReply,
)

# One 500 with correct counts may be the end of an outage; this many in a row are not.
BROKEN_AFTER_LOOKS = 3
# The host name of the worker that `can_write` registers.
PROBE = "taskfarm-sdk probe"
# A stalled report delays the task's completion, and reports of the worker's other tasks.
REPORT_TIMEOUT_S = 10.0
# A slow server answers the two or three requests of a start in about this time.
START_APART_S = 0.02
START_SPREAD_MOST_S = 5.0
# Another cause of a 404 to a claim: a database restored from a backup lacks newer workers.
OR_WORKER_GONE = ", or no longer knows the worker"


def start_spread_s(fleet_size: int) -> float:
    """Return the time in seconds over which a fleet spreads its start; 0 for one worker."""
    return min((fleet_size - 1) * START_APART_S, START_SPREAD_MOST_S)


def register(
    farm: Session, hostname: str, pid: int, until: float, fleet_size: int = 1
) -> Flow[str]:
    """Register a worker on the server; each attempt uses a new uuid."""
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


def no_such_task(url: str, run: str, num_tasks: int, number: int) -> UnexpectedReply:
    """Return the error for a task that was handed out, and that the run does not have."""
    return UnexpectedReply(
        f"{url} handed out task {number}, and the tasks of run {run} are 0 to {num_tasks - 1}: "
        f"check that it is a taskfarm server (POST {url}runs/{run}/task)",
        url=url,
        run=run,
        task=number,
    )


def can_write(farm: Session) -> Flow[bool]:
    """Return whether the server's database can be written.

    While its disk is full, or the database read-only, the server answers 500 to each claim and
    still counts tasks, as for a broken run. No request only tests writing: this one leaves a worker
    in the database that never works.
    """
    call = operations.register_worker(uuid.uuid4().hex, PROBE, 0)
    try:
        yield from ask(farm, lambda: call, REPORT)
    except (ConnectionFailed, ServerError, RequestRejected):
        return False
    return True


def claim(farm: Session, run: str, worker: str, until: float) -> Flow[TaskRow | None]:
    """Claim a task; return None if no task is left to hand out.

    Raises:
        RunBroken: tasks are left, but the server cannot hand them out.
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
                f"run {run} is broken: another client read or wrote one of its tasks before its "
                "turn, so the server cannot hand out the remaining tasks; stop the workers, then "
                f"repair it with run.repair() or `manageTF -b {farm.url} --repair {run}`",
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
    """Report a task's progress once; a failed report is dropped, because it may arrive late.

    Returns:
        Whether the server answered.
    """
    call = operations.update_task(run, number, percent=leases.encode(lease))._replace(
        timeout_s=min(farm.timeout_s, REPORT_TIMEOUT_S)
    )
    try:
        yield from ask_of_task(farm, run, number, call, REPORT)
    except (ConnectionFailed, ServerError, RequestRejected) as error:
        log.info("dropped a report of task %d of run %s: %s", number, run, error)
        return False
    return True


def complete(farm: Session, run: str, number: int, until: float) -> Flow[str | None]:
    """Mark a task done at 100 %, in one request that is repeated until the server accepts it.

    Returns:
        The `Date` header of the reply, or None.
    """
    call = operations.update_task(run, number, percent=leases.SUCCESS, status="done")
    return (yield from ask_of_task(farm, run, number, call, COMPLETE, until=until))


def still_complete(farm: Session, run: str, number: int, until: float) -> Flow[None]:
    """Complete a task again if a late report overwrote its completion."""
    row = yield from read(farm, run, number, until=until)
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
    """Set a task waiting again, or failed for good if the lease says so.

    Args:
        farm: the session.
        run: the run's uuid.
        number: the task's number.
        held: the percentages that the server may store if no other worker took the task: the last
            one acknowledged, and those reported since without a reply.
        lease: the lease to write.
        until: when the last attempt may start, by the farm's clock.

    Returns:
        The `Date` header of the reply, or None.
    """
    leave = leases.encode(lease)

    def look(_: TaskfarmError) -> Flow[Answer | None]:
        row = yield from read(farm, run, number, until=until)
        # A worker that took the task since has written another percentage.
        untouched = any(leases.same(row.percent, value) for value in held)
        return None if untouched and row.status == "computing" else Answer(None)

    call = operations.update_task(
        run, number, percent=leave, status="done" if lease.failed else "waiting"
    )
    return (yield from ask_of_task(farm, run, number, call, SETTLE, look=look, until=until))
