"""Flows for requests that the SDK itself sends in another way."""

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

# What users write here is not checked before, so that a 400 is about it.
WRITE = COMPLETE._replace(refused=Then.RAISE)
SET = SETTLE._replace(refused=Then.RAISE)


def runs(farm: Session) -> Flow[list[Document]]:
    """List all runs in the server's order; what another client made of one stands there too."""
    rows = yield from ask(farm, operations.list_runs, READ)
    return [{"id": row.id, "numTasks": row.held, "uuid": row.uuid} for row in rows]


def run_info(farm: Session, run: str, field: str) -> Flow[object]:
    """Read one field of a run, or all of them if the field is empty."""
    call = _document(f"{farm.url}runs/{run}", field)
    return _answer(farm, (yield from ask_for_run(farm, run, lambda: call)), field)


def task_info(farm: Session, run: str, number: object, field: str) -> Flow[object]:
    """Read one field of a task that exists, or all of them if the field is empty."""
    call = _document(f"{farm.url}runs/{run}/tasks/{number}", field)
    return _answer(farm, (yield from ask(farm, lambda: call, READ)), field)


def unmade_task(number: int, field: str) -> object:
    """Return what the server would say of a task that it only made to say so."""
    known: Document = {"id": None, "percentCompleted": 0.0, "status": "waiting", "task": number}
    return known[field] if field else known


def make_up_to(farm: Session, run: str, there: int, number: int) -> Flow[None]:
    """Have the server make the tasks from `there` up to a number, in turn, which breaks no run."""
    if number > there:
        log.info("making tasks %d to %d of run %s in turn", there, number - 1, run)
    for earlier in range(there, number):
        yield from tasks.read(farm, run, earlier)


def write(farm: Session, run: str, number: int, field: str, value: object) -> Flow[None]:
    """Write a percentage or a status, whatever it is; returns when the server has it."""
    if field == "percentCompleted":
        # Not checked, as the server does not: theirs to write, and no harm to hand-outs.
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
        # It may have been written, and the task taken by a worker since: hands off.
        raise OutcomeUnknown(
            f"the server may or may not have set task {number} to {value!r}, for its reply was "
            f"lost; it says {row.status!r} now: look before you try again ({error})",
            status=error.status,
            url=error.url,
            detail=error.detail,
            run=run,
            task=number,
        ) from error

    yield from ask(farm, lambda: call, COMPLETE if value == "done" else SET, look=look)


def claim(farm: Session, run: str, worker: str, until: float) -> Flow[TaskRow | None]:
    """Be handed out a task, without the lease of whoever held it before."""
    row = yield from claims.claim(farm, run, worker, until)
    lease = leases.decode(row.percent) if row is not None else None
    if row is None or lease is None:
        return row
    # Left there, it would say that this is one of the SDK's own workers, which never beats.
    plain = 0.0 if lease.failed else lease.percent
    yield from report(farm, run, row.number, plain)
    return TaskRow(row.number, row.status, plain)


def report(farm: Session, run: str, number: int, percent: float) -> Flow[bool]:
    """Report plain progress once; a report that fails is dropped, for it may land late.

    Returns:
        Whether the server answered.
    """
    call = operations.update_task(run, number, percent=percent)
    try:
        yield from ask(farm, lambda: call, REPORT)
    except (ConnectionFailed, RequestRejected, ServerError) as error:
        log.info("a report of task %d of run %s was dropped: %s", number, run, error)
        return False
    return True


def _document(url: str, field: str) -> Call[object]:
    """Get a document as the server sends it, row ids and other clients' odd values included."""

    def get(sender: Sender) -> object:
        reply: Any = sender.request("get", url, params={"info": field})
        try:
            return reply.json()
        except (ValueError, RecursionError) as error:
            raise _not_a_taskfarms(url) from error

    def aget(_: AsyncSender) -> Awaitable[object]:
        raise NotImplementedError("taskfarm-worker knows no asyncio")

    return Call(get, aget)


def _answer(farm: Session, reply: object, field: str) -> object:
    if not isinstance(reply, dict) or (field and field not in reply):
        raise _not_a_taskfarms(farm.url)
    document = cast("Document", reply)
    return document[field] if field else document


def _not_a_taskfarms(url: str) -> UnexpectedReply:
    return UnexpectedReply(
        f"{url} does not answer as a taskfarm server does: is another server there, or a log-in "
        "page?",
        url=url,
    )
