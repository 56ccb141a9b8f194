"""Flows for requests that differ from the SDK's own."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Literal, TypeVar, cast

from taskfarm_sdk._flows import claims, tasks
from taskfarm_sdk._flows.runs import ask_for_run
from taskfarm_sdk._logging import log
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol import operations
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.retry import COMPLETE, READ, REPORT, SETTLE, Answer, Then
from taskfarm_sdk._sansio.steps import AsyncSender, Call, Flow, Sender
from taskfarm_sdk._session.request import ask
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.errors import (
    ConnectionFailed,
    OutcomeUnknown,
    RequestRejected,
    ServerError,
    TaskfarmError,
    UnexpectedReply,
)

R = TypeVar("R")
Document = dict[str, Any]
TaskStatus = Literal["waiting", "computing", "done"]

RUN_FIELDS = ("percentDone", "numWaiting", "numDone", "numComputing")
TASK_FIELDS = ("status", "percentCompleted")
STATUSES = ("waiting", "computing", "done")

# Users' values are not checked before, so a 400 is about the value.
WRITE = COMPLETE._replace(refused=Then.RAISE)
SET = SETTLE._replace(refused=Then.RAISE)


def runs(farm: Session) -> Flow[list[Document]]:
    """List all runs in the server's order, with invalid numbers of tasks as they are stored."""
    rows = yield from ask(farm, operations.list_runs, READ)
    return [{"id": row.id, "numTasks": row.held, "uuid": row.uuid} for row in rows]


def run_info(farm: Session, run: str, field: str) -> Flow[object]:
    """Read one field of a run, or all of them if the field is empty."""
    call = _document(f"{farm.url}runs/{run}", field)
    return _answer(farm, (yield from ask_for_run(farm, run, lambda: call)), field)


def task_info(farm: Session, run: str, number: object, field: str) -> Flow[object]:
    """Read one field of an existing task, or all of them if the field is empty."""
    call = _document(f"{farm.url}runs/{run}/tasks/{number}", field)
    return _answer(farm, (yield from ask(farm, lambda: call, READ)), field)


def unmade_task(number: int, field: str) -> object:
    """Return what the server would answer for a task that does not exist yet."""
    known: Document = {"id": None, "percentCompleted": 0.0, "status": "waiting", "task": number}
    return known[field] if field else known


def make_up_to(farm: Session, run: str, there: int, number: int) -> Flow[None]:
    """Let the server create the tasks from `there` up to a number in order, so no run breaks."""
    if number > there:
        log.info("creating tasks %d to %d of run %s in order", there, number - 1, run)
    for earlier in range(there, number):
        yield from tasks.read(farm, run, earlier)


def write(farm: Session, run: str, number: int, field: str, value: object) -> Flow[None]:
    """Write a percentage or a status unchecked; returns when the server has accepted it."""
    if field == "percentCompleted":
        # Not checked, as on the server: it cannot affect hand-outs.
        call = operations.update_task(run, number, percent=cast("float", value))
        yield from ask(farm, lambda: call, WRITE)
        return
    call = operations.update_task(run, number, status=cast("TaskStatus", value))

    def look(error: TaskfarmError) -> Flow[Answer | None]:
        row = yield from tasks.read(farm, run, number)
        if row.status == value:
            return Answer(None)
        if error.status == 500:
            return None
        # The write may have succeeded, and a worker may have claimed the task since.
        raise OutcomeUnknown(
            f"the reply was lost, so the server may or may not have set task {number} to "
            f"{value!r}; it is {row.status!r} now: check before you try again ({error})",
            status=error.status,
            url=error.url,
            detail=error.detail,
            run=run,
            task=number,
        ) from error

    yield from ask(farm, lambda: call, COMPLETE if value == "done" else SET, look=look)


def claim(farm: Session, run: str, worker: str, until: float) -> Flow[TaskRow | None]:
    """Claim a task, and remove the lease of its last holder."""
    row = yield from claims.claim(farm, run, worker, until)
    lease = leases.decode(row.percent) if row is not None else None
    if row is None or lease is None:
        return row
    # With a lease, other workers would expect heartbeats and take over the task.
    plain = 0.0 if lease.failed else lease.percent
    yield from report(farm, run, row.number, plain)
    return TaskRow(row.number, row.status, plain)


def report(farm: Session, run: str, number: int, percent: float) -> Flow[bool]:
    """Report a plain percentage once; a failed report is dropped, because it may arrive late.

    Returns:
        Whether the server answered.
    """
    call = operations.update_task(run, number, percent=percent)
    try:
        yield from ask(farm, lambda: call, REPORT)
    except (ConnectionFailed, RequestRejected, ServerError) as error:
        log.info("dropped a report of task %d of run %s: %s", number, run, error)
        return False
    return True


def _document(url: str, field: str) -> Call[object]:
    """Get a document as the server sends it, including row ids and invalid values."""

    def get(sender: Sender) -> object:
        reply: Any = sender.request("get", url, params={"info": field})
        try:
            return reply.json()
        except (ValueError, RecursionError) as error:
            failure = sender.unexpected(error)
            raise failure from failure.__cause__

    def aget(_: AsyncSender) -> Awaitable[object]:
        raise NotImplementedError("taskfarm-worker has no asyncio API")

    return Call(get, aget)


def _answer(farm: Session, reply: object, field: str) -> object:
    if not isinstance(reply, dict) or (field and field not in reply):
        raise _not_a_taskfarms(farm.url)
    document = cast("Document", reply)
    return document[field] if field else document


def _not_a_taskfarms(url: str) -> UnexpectedReply:
    return UnexpectedReply(
        f"{url} does not answer as a taskfarm server does; it may be another server or a login "
        "page: check the URL",
        url=url,
    )
