"""The server's ten operations as calls: the only module that imports the generated client.

Replies are checked here against the contract, because generated code accepts a number of any type.
A reply that violates the contract raises UnexpectedReply.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, cast

# Before the generated client, because this imports httpx without its command line.
import taskfarm_sdk._transport.httpx_import  # noqa: F401  # pyright: ignore[reportUnusedImport]

# isort: split
from taskfarm_api.client import Client
from taskfarm_api.types import UNSET, Response
from taskfarm_sdk._protocol import values
from taskfarm_sdk._sansio.steps import AsyncSender, Call, Sender
from taskfarm_sdk._validation import MAX_TASKS
from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.hidden import Hidden, Veil

# Each operation imports the models that it needs; most commands use one or two.
if TYPE_CHECKING:
    from taskfarm_api.models.run import Run
    from taskfarm_api.models.run_info import RunInfo
    from taskfarm_api.models.task import Task
    from taskfarm_api.models.task_status import TaskStatus
    from taskfarm_sdk._models import RunStatus

R = TypeVar("R")
X = TypeVar("X")
# A list of half a million runs is smaller.
LIST_MOST_BYTES = 64 * 1024 * 1024
DATE_MOST = 64
Count = Literal["numWaiting", "numComputing", "numDone"]
# Raised by code that reads a reply which violates the contract.
_NOT_THE_CONTRACT = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class RunRow(NamedTuple):
    """A run as the server stores it; plain data, from which `Run` and `AsyncRun` are made.

    Attributes:
        uuid: see `Run`.
        id: see `Run`.
        held: the stored number of tasks, which can be anything that a client sent.
    """

    uuid: str
    id: int
    held: int | float | str | None

    @property
    def num_tasks(self) -> int:
        """The number of tasks, or 0 if another client stored an invalid one."""
        return values.sound_number(self.held)


class TaskRow(NamedTuple):
    """A task as the server stores it.

    Unlike `TaskInfo`, it keeps the stored percentage, which shows whether a worker still holds it.
    """

    number: int
    status: TaskStatus
    percent: float | None


def token() -> Call[Hidden[str]]:
    """Get a token; with user and password this costs the server a password hash."""
    from taskfarm_api.api.authentication import get_token as endpoint
    from taskfarm_api.models.token import Token

    return _call(
        lambda api: endpoint.sync_detailed(client=api),
        lambda api: endpoint.asyncio_detailed(client=api),
        lambda reply: Hidden(values.token(_as(Token, reply).token)),
    )


def create_run(num_tasks: int) -> Call[RunRow]:
    """Create a run."""
    from taskfarm_api.api.runs import create_run as endpoint
    from taskfarm_api.models.run import Run
    from taskfarm_api.models.run_request import RunRequest

    body = RunRequest(num_tasks=num_tasks)
    return _call(
        lambda api: endpoint.sync_detailed(client=api, body=body),
        lambda api: endpoint.asyncio_detailed(client=api, body=body),
        lambda reply: _run_row(_as(Run, reply)),
    )


def list_runs() -> Call[list[RunRow]]:
    """List all runs, in no set order."""
    from taskfarm_api.api.runs import list_runs as endpoint
    from taskfarm_api.models.run_list import RunList

    return _call(
        lambda api: endpoint.sync_detailed(client=api),
        lambda api: endpoint.asyncio_detailed(client=api),
        lambda reply: [_run_row(run) for run in _as(RunList, reply).data or _no_runs(reply)],
    )._replace(reply_most_bytes=LIST_MOST_BYTES)


def get_run(uuid: str) -> Call[RunRow]:
    """Get a run."""
    return _of_run(uuid, lambda row, _: row)


def get_run_and_status(uuid: str) -> Call[tuple[RunRow, RunStatus]]:
    """Get a run and its status, which are one reply."""
    return _of_run(uuid, lambda row, status: (row, status))


def run_status(uuid: str) -> Call[RunStatus]:
    """Get the status of a run."""
    return _of_run(uuid, lambda _, status: status)


def _of_run(uuid: str, pick: Callable[[RunRow, RunStatus], R]) -> Call[R]:
    # Both are read, because a reply that lacks either is not from a taskfarm server.
    from taskfarm_api.api.runs import get_run as endpoint
    from taskfarm_api.models.run_info import RunInfo

    return _call(
        lambda api: endpoint.sync_detailed(uuid, client=api),
        lambda api: endpoint.asyncio_detailed(uuid, client=api),
        lambda reply: pick(_that_run(run := _as(RunInfo, reply), uuid), _run_status(run)),
    )


def count(uuid: str, which: Count) -> Call[int]:
    """Get one of a run's counts, which costs the server less than all."""
    from taskfarm_api.api.runs import get_run as endpoint

    return _call(
        lambda api: endpoint.sync_detailed(uuid, client=api, info=which),
        lambda api: endpoint.asyncio_detailed(uuid, client=api, info=which),
        lambda reply: _one_count(reply.parsed, which),
    )


def delete_run(uuid: str) -> Call[None]:
    """Delete a run and its tasks."""
    from taskfarm_api.api.runs import delete_run as endpoint

    return _call(
        lambda api: endpoint.sync_detailed(uuid, client=api),
        lambda api: endpoint.asyncio_detailed(uuid, client=api),
        _nothing,
    )


def restart_run(uuid: str, *, everything: bool) -> Call[None]:
    """Set tasks waiting: those below 100 %, or all."""
    from taskfarm_api.api.runs import restart_run as endpoint

    which: Literal["True", "False"] = "True" if everything else "False"
    return _call(
        lambda api: endpoint.sync_detailed(uuid, client=api, all_=which),
        lambda api: endpoint.asyncio_detailed(uuid, client=api, all_=which),
        _nothing,
    )


def claim_task(uuid: str, worker: str) -> Call[TaskRow | None]:
    """Claim a task; the result is None if the server has none to hand out."""
    from taskfarm_api.api.tasks import claim_task as endpoint
    from taskfarm_api.models.claim_request import ClaimRequest
    from taskfarm_api.models.task import Task

    body = ClaimRequest(worker_uuid=worker)
    return _call(
        lambda api: endpoint.sync_detailed(uuid, client=api, body=body),
        lambda api: endpoint.asyncio_detailed(uuid, client=api, body=body),
        lambda reply: (
            None
            if reply.status_code == HTTPStatus.NO_CONTENT
            else _task_row(_instance(Task, reply.parsed))
        ),
    )


def get_task(uuid: str, number: int) -> Call[TaskRow]:
    """Read a task; one that does not exist yet is created, which can break the run."""
    from taskfarm_api.api.tasks import get_task as endpoint
    from taskfarm_api.models.task import Task

    return _call(
        lambda api: endpoint.sync_detailed(uuid, number, client=api),
        lambda api: endpoint.asyncio_detailed(uuid, number, client=api),
        lambda reply: _that_task(_as(Task, reply), number),
    )


def update_task(
    uuid: str, number: int, *, percent: float | None = None, status: TaskStatus | None = None
) -> Call[str | None]:
    """Write a task's percentage, status, or both; returns the `Date` header of the reply."""
    from taskfarm_api.api.tasks import update_task as endpoint
    from taskfarm_api.models.task_update import TaskUpdate

    body = TaskUpdate(
        percent_completed=UNSET if percent is None else percent,
        status=UNSET if status is None else status,
    )
    return _call(
        lambda api: endpoint.sync_detailed(uuid, number, client=api, body=body),
        lambda api: endpoint.asyncio_detailed(uuid, number, client=api, body=body),
        _date,
    )


def register_worker(uuid: str, hostname: str, pid: int) -> Call[str]:
    """Register a worker."""
    from taskfarm_api.api.workers import register_worker as endpoint
    from taskfarm_api.models.worker import Worker
    from taskfarm_api.models.worker_request import WorkerRequest

    body = WorkerRequest(uuid=uuid, hostname=hostname, pid=pid)
    return _call(
        lambda api: endpoint.sync_detailed(client=api, body=body),
        lambda api: endpoint.asyncio_detailed(client=api, body=body),
        lambda reply: values.uuid(_as(Worker, reply).uuid),
    )


def _call(
    sync: Callable[[Client], Response[X]],
    asyncio: Callable[[Client], Awaitable[Response[X]]],
    read: Callable[[Response[X]], R],
) -> Call[R]:
    # Generated code uses only the method `request` of its client.
    # Below, the credentials and the reply are in the clear.
    def ask(sender: Sender) -> R:
        try:
            with Veil():
                return read(sync(_client().set_httpx_client(cast("Any", sender))))
        except TaskfarmError:
            raise
        except _NOT_THE_CONTRACT as error:
            failure = sender.unexpected(error)
        raise failure

    async def aask(sender: AsyncSender) -> R:
        try:
            with Veil():
                return read(await asyncio(_client().set_async_httpx_client(cast("Any", sender))))
        except TaskfarmError:
            raise
        except _NOT_THE_CONTRACT as error:
            failure = sender.unexpected(error)
        raise failure

    return Call(ask, aask)


def _client() -> Client:
    # The sender adds base URL, credentials and time-out.
    return Client(base_url="")


def _instance(kind: type[R], parsed: object) -> R:
    if not isinstance(parsed, kind):
        raise TypeError(f"no {kind.__name__} in the reply")
    return parsed


def _as(kind: type[R], reply: Response[X]) -> R:
    return _instance(kind, reply.parsed)


def _nothing(reply: Response[X]) -> None:
    if reply.status_code != HTTPStatus.NO_CONTENT:
        raise ValueError(f"expected status 204, got {reply.status_code.value}")


def _date(reply: Response[X]) -> str | None:
    _nothing(reply)
    date: str | None = reply.headers.get("date")
    # It goes to the journal.
    return date if date is not None and len(date) <= DATE_MOST and date.isprintable() else None


def _run_row(run: Run | RunInfo) -> RunRow:
    return RunRow(values.uuid(run.uuid), values.natural(run.id), run.num_tasks)


def _no_runs(reply: Response[X]) -> list[Run]:
    """Return the empty list of a reply; generated code reads an empty text or object as one too."""
    if json.loads(reply.content)["data"] != []:
        raise TypeError("expected a list of runs")
    return []


def _that_run(run: RunInfo, uuid: str) -> RunRow:
    row = _run_row(run)
    if row.uuid != uuid:
        raise ValueError(f"run {uuid} was to come, not run {row.uuid}")
    return row


def _run_status(run: RunInfo) -> RunStatus:
    """Return the status of a run; tasks that do not exist yet count as waiting."""
    from taskfarm_sdk._models import RunStatus
    from taskfarm_sdk._protocol import lease as leases

    total, percent_done = values.sound_number(run.num_tasks), values.number(run.percent_done)
    computing, done = values.natural(run.num_computing), values.natural(run.num_done)
    waiting = max(0, total - computing - done)
    is_finished = waiting == 0 and computing == 0
    return RunStatus(
        num_tasks=total,
        waiting=waiting,
        computing=computing,
        done=done,
        failed=leases.failed_tasks(total, percent_done) if is_finished else None,
        percent_done=leases.mean_shown(percent_done),
        rows=values.natural(run.num_waiting) + computing + done,
    )


def _one_count(parsed: object, which: Count) -> int:
    from taskfarm_api.models.num_computing_only import NumComputingOnly
    from taskfarm_api.models.num_done_only import NumDoneOnly
    from taskfarm_api.models.num_waiting_only import NumWaitingOnly

    match which:
        case "numWaiting":
            return values.natural(_instance(NumWaitingOnly, parsed).num_waiting)
        case "numComputing":
            return values.natural(_instance(NumComputingOnly, parsed).num_computing)
        case "numDone":
            return values.natural(_instance(NumDoneOnly, parsed).num_done)


def _task_row(task: Task) -> TaskRow:
    percent, number = task.percent_completed, values.natural(task.task, MAX_TASKS)
    return TaskRow(number, task.status, None if percent is None else values.number(percent))


def _that_task(task: Task, number: int) -> TaskRow:
    row = _task_row(task)
    if row.number != number:
        raise ValueError(f"task {number} was to come, not task {row.number}")
    return row
