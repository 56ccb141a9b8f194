"""The server's ten operations as calls: the one module that knows the generated client.

What a reply says is checked here against the contract, for generated code takes any number for
any other. A reply that is not what the contract says raises UnexpectedReply.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Literal, TypeVar

import attrs

# Before the generated client, for this imports httpx in a way of its own.
from taskfarm_sdk._http import AsyncHttpClient, HttpClient

# isort: split
from taskfarm_api.api.authentication import get_token as _get_token
from taskfarm_api.api.runs import create_run as _create_run
from taskfarm_api.api.runs import delete_run as _delete_run
from taskfarm_api.api.runs import get_run as _get_run
from taskfarm_api.api.runs import list_runs as _list_runs
from taskfarm_api.api.runs import restart_run as _restart_run
from taskfarm_api.api.tasks import claim_task as _claim_task
from taskfarm_api.api.tasks import get_task as _get_task
from taskfarm_api.api.tasks import update_task as _update_task
from taskfarm_api.api.workers import register_worker as _register_worker
from taskfarm_api.client import Client
from taskfarm_api.models.claim_request import ClaimRequest
from taskfarm_api.models.num_computing_only import NumComputingOnly
from taskfarm_api.models.num_done_only import NumDoneOnly
from taskfarm_api.models.num_waiting_only import NumWaitingOnly
from taskfarm_api.models.run import Run
from taskfarm_api.models.run_info import RunInfo
from taskfarm_api.models.run_list import RunList
from taskfarm_api.models.run_request import RunRequest
from taskfarm_api.models.task import Task
from taskfarm_api.models.task_status import TaskStatus
from taskfarm_api.models.task_update import TaskUpdate
from taskfarm_api.models.token import Token
from taskfarm_api.models.worker import Worker
from taskfarm_api.models.worker_request import WorkerRequest
from taskfarm_api.types import UNSET, Response
from taskfarm_sdk._flow import Call
from taskfarm_sdk.errors import TaskfarmError, UnexpectedReply

R = TypeVar("R")
X = TypeVar("X")
Count = Literal["numWaiting", "numComputing", "numDone"]


@attrs.frozen
class RunRow:
    """A run as the server lists it; its number of tasks can be anything that a client sent."""

    id: int
    uuid: str
    num_tasks: int | float | str | None


@attrs.frozen
class CountsRow(RunRow):
    """A run with its counts, which are of the tasks that exist in the database."""

    waiting: int
    computing: int
    done: int
    percent_done: float


@attrs.frozen
class TaskRow:
    """A task as the server holds it."""

    number: int
    status: TaskStatus
    percent: float | None


def token() -> Call[str]:
    """Get a token; sent as user and password it costs the server a password hash."""
    return _call(
        lambda api: _get_token.sync_detailed(client=api),
        lambda api: _get_token.asyncio_detailed(client=api),
        lambda reply: _text(_as(Token, reply).token),
    )


def create_run(num_tasks: int) -> Call[RunRow]:
    """Create a run."""
    body = RunRequest(num_tasks=num_tasks)
    return _call(
        lambda api: _create_run.sync_detailed(client=api, body=body),
        lambda api: _create_run.asyncio_detailed(client=api, body=body),
        lambda reply: _run_row(_as(Run, reply)),
    )


def list_runs() -> Call[list[RunRow]]:
    """List all runs, in no set order."""
    return _call(
        lambda api: _list_runs.sync_detailed(client=api),
        lambda api: _list_runs.asyncio_detailed(client=api),
        lambda reply: [_run_row(run) for run in _as(RunList, reply).data],
    )


def counts(uuid: str) -> Call[CountsRow]:
    """Get a run with all its counts."""
    return _call(
        lambda api: _get_run.sync_detailed(uuid, client=api),
        lambda api: _get_run.asyncio_detailed(uuid, client=api),
        lambda reply: _counts_row(_as(RunInfo, reply)),
    )


def count(uuid: str, which: Count) -> Call[int]:
    """Get one of a run's counts, which spares the server the others."""
    return _call(
        lambda api: _get_run.sync_detailed(uuid, client=api, info=which),
        lambda api: _get_run.asyncio_detailed(uuid, client=api, info=which),
        lambda reply: _one_count(reply.parsed, which),
    )


def delete_run(uuid: str) -> Call[None]:
    """Delete a run and its tasks."""
    return _call(
        lambda api: _delete_run.sync_detailed(uuid, client=api),
        lambda api: _delete_run.asyncio_detailed(uuid, client=api),
        _nothing,
    )


def restart_run(uuid: str, *, everything: bool) -> Call[None]:
    """Set tasks waiting: those under 100, or everything."""
    which: Literal["True", "False"] = "True" if everything else "False"
    return _call(
        lambda api: _restart_run.sync_detailed(uuid, client=api, all_=which),
        lambda api: _restart_run.asyncio_detailed(uuid, client=api, all_=which),
        _nothing,
    )


def claim_task(uuid: str, worker: str) -> Call[TaskRow | None]:
    """Be handed out a task, or None if there is nothing to hand out."""
    body = ClaimRequest(worker_uuid=worker)
    return _call(
        lambda api: _claim_task.sync_detailed(uuid, client=api, body=body),
        lambda api: _claim_task.asyncio_detailed(uuid, client=api, body=body),
        lambda reply: (
            None
            if reply.status_code == HTTPStatus.NO_CONTENT
            else _task_row(_instance(Task, reply.parsed))
        ),
    )


def get_task(uuid: str, number: int) -> Call[TaskRow]:
    """Read a task; one that does not exist yet is created, which can break the run."""
    return _call(
        lambda api: _get_task.sync_detailed(uuid, number, client=api),
        lambda api: _get_task.asyncio_detailed(uuid, number, client=api),
        lambda reply: _task_row(_as(Task, reply)),
    )


def update_task(
    uuid: str, number: int, *, percent: float | None = None, status: TaskStatus | None = None
) -> Call[None]:
    """Write a task's percentage, status, or both in one."""
    body = TaskUpdate(
        percent_completed=UNSET if percent is None else percent,
        status=UNSET if status is None else status,
    )
    return _call(
        lambda api: _update_task.sync_detailed(uuid, number, client=api, body=body),
        lambda api: _update_task.asyncio_detailed(uuid, number, client=api, body=body),
        _nothing,
    )


def register_worker(uuid: str, hostname: str, pid: int) -> Call[str]:
    """Make a worker known to the server."""
    body = WorkerRequest(uuid=uuid, hostname=hostname, pid=pid)
    return _call(
        lambda api: _register_worker.sync_detailed(client=api, body=body),
        lambda api: _register_worker.asyncio_detailed(client=api, body=body),
        lambda reply: _text(_as(Worker, reply).uuid),
    )


def _call(
    sync: Callable[[Client], Response[X]],
    asyncio: Callable[[Client], Awaitable[Response[X]]],
    read: Callable[[Response[X]], R],
) -> Call[R]:
    def ask(http: HttpClient) -> R:
        with _contract_of(http):
            return read(sync(_client().set_httpx_client(http)))

    async def aask(http: AsyncHttpClient) -> R:
        with _contract_of(http):
            return read(await asyncio(_client().set_async_httpx_client(http)))

    return Call(ask, aask)


def _client() -> Client:
    # Base URL, credentials and time-out are the httpx client's own.
    return Client(base_url="")


@contextmanager
def _contract_of(http: HttpClient | AsyncHttpClient) -> Generator[None]:
    try:
        yield
    except TaskfarmError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        url = str(http.base_url)
        raise UnexpectedReply(
            f"{url} does not answer as a taskfarm server does: is another server there, or a "
            f"log-in page? ({type(error).__name__}: {str(error)[:100]})",
            url=url,
            detail=str(error)[:100],
        ) from error


def _instance(kind: type[R], parsed: object) -> R:
    if not isinstance(parsed, kind):
        raise TypeError(f"no {kind.__name__} in the reply")
    return parsed


def _as(kind: type[R], reply: Response[X]) -> R:
    return _instance(kind, reply.parsed)


def _nothing(reply: Response[X]) -> None:
    if reply.status_code != HTTPStatus.NO_CONTENT:
        raise ValueError(f"status {reply.status_code.value} where 204 was to come")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"a text was to come, not {type(value).__name__}")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a whole number was to come, not {type(value).__name__}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"a number was to come, not {type(value).__name__}")
    return value


def _run_row(run: Run) -> RunRow:
    return RunRow(_whole(run.id), _text(run.uuid), run.num_tasks)


def _counts_row(run: RunInfo) -> CountsRow:
    return CountsRow(
        _whole(run.id),
        _text(run.uuid),
        run.num_tasks,
        _whole(run.num_waiting),
        _whole(run.num_computing),
        _whole(run.num_done),
        _number(run.percent_done),
    )


def _one_count(parsed: object, which: Count) -> int:
    match which:
        case "numWaiting":
            return _whole(_instance(NumWaitingOnly, parsed).num_waiting)
        case "numComputing":
            return _whole(_instance(NumComputingOnly, parsed).num_computing)
        case "numDone":
            return _whole(_instance(NumDoneOnly, parsed).num_done)


def _task_row(task: Task) -> TaskRow:
    percent = task.percent_completed
    return TaskRow(_whole(task.task), task.status, None if percent is None else _number(percent))
