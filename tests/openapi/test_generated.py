"""The client that `make client` wrote: one module for each operation, replies as they are typed."""

from __future__ import annotations

import importlib
import inspect
import json
import math
import pkgutil
from typing import Any

import httpx
import pytest

import taskfarm_api.api
from taskfarm_api import Client
from taskfarm_api.api.runs import get_run, list_runs, restart_run
from taskfarm_api.api.tasks import claim_task, get_task, update_task
from taskfarm_api.api.workers import register_worker
from taskfarm_api.models import (
    ClaimRequest,
    NumComputingOnly,
    NumDoneOnly,
    NumWaitingOnly,
    PercentCompletedOnly,
    PercentDoneOnly,
    RunInfo,
    RunList,
    StatusOnly,
    Task,
    TaskUpdate,
    Worker,
    WorkerRequest,
)
from tests.support.openapi.contract import OPERATIONS, Operation

NAMES = {
    "get_token",
    "create_run",
    "list_runs",
    "get_run",
    "delete_run",
    "restart_run",
    "claim_task",
    "get_task",
    "update_task",
    "register_worker",
}
UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"
RUN = {"id": 2, "numTasks": 5, "uuid": UUID}
COUNTS = {"numComputing": 1, "numDone": 0, "numWaiting": 0, "percentDone": 7.5}
TASK = {"id": 1, "percentCompleted": 37.5, "status": "computing", "task": 0}


def answering(body: Any = None, status: int = 200) -> Client:
    """A client of a server that always answers so."""

    def answer(request: httpx.Request) -> httpx.Response:
        # Python's writer, for httpx's own refuses the NaN that the server sends.
        text = "" if body is None else json.dumps(body)
        return httpx.Response(status, text=text, request=request)

    transport = httpx.MockTransport(answer)
    client = Client("http://taskfarm.invalid/api")
    return client.set_httpx_client(httpx.Client(transport=transport, base_url=client._base_url))


def test_every_operation_has_a_module_of_its_own() -> None:
    packages = pkgutil.walk_packages(taskfarm_api.api.__path__, "taskfarm_api.api.")
    modules = {package.name.rpartition(".")[2] for package in packages if not package.ispkg}
    assert modules == NAMES == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_module_calls_sync_and_async_alike(operation: Operation) -> None:
    [tag] = operation.node["tags"]
    module = importlib.import_module(f"taskfarm_api.api.{tag}.{operation.id}")
    assert inspect.isfunction(module.sync_detailed)
    assert inspect.iscoroutinefunction(module.asyncio_detailed)
    sync, twin = (inspect.signature(f) for f in (module.sync_detailed, module.asyncio_detailed))
    assert sync == twin
    path = [name for name, one in sync.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert path == list(operation.parameters_in("path"))
    queried = {name.rstrip("_") for name in sync.parameters} - {*path, "client", "body"}
    assert queried == set(operation.parameters_in("query"))
    assert ("body" in sync.parameters) == (operation.body is not None)
    # Not AuthenticatedClient alone: the SDK puts its credentials on the httpx client.
    assert sync.parameters["client"].annotation == taskfarm_api.AuthenticatedClient | Client


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        pytest.param({**RUN, **COUNTS}, RunInfo, id="all fields"),
        pytest.param({"percentDone": 7.5}, PercentDoneOnly, id="percentDone"),
        pytest.param({"numWaiting": 0}, NumWaitingOnly, id="numWaiting"),
        pytest.param({"numDone": 0}, NumDoneOnly, id="numDone"),
        pytest.param({"numComputing": 1}, NumComputingOnly, id="numComputing"),
    ],
)
def test_a_run_is_read_whole_or_in_part(body: dict[str, Any], type_: type[Any]) -> None:
    parsed = get_run.sync_detailed(UUID, client=answering(body)).parsed
    assert isinstance(parsed, type_)
    assert parsed.to_dict() == body


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        pytest.param(TASK, Task, id="all fields"),
        pytest.param({**TASK, "percentCompleted": None}, Task, id="null percentage"),
        pytest.param({"status": "done"}, StatusOnly, id="status"),
        pytest.param({"percentCompleted": 250.0}, PercentCompletedOnly, id="percentCompleted"),
    ],
)
def test_a_task_is_read_whole_or_in_part(body: dict[str, Any], type_: type[Any]) -> None:
    parsed = get_task.sync_detailed(UUID, 0, client=answering(body)).parsed
    assert isinstance(parsed, type_)
    assert parsed.to_dict() == body


def test_odd_rows_do_not_stop_a_listing() -> None:
    odd = [None, "abc", 2.5, -3, math.inf, 5]
    body = {"data": [{**RUN, "numTasks": num_tasks} for num_tasks in odd]}
    parsed = list_runs.sync_detailed(client=answering(body)).parsed
    assert isinstance(parsed, RunList)
    assert [run.num_tasks for run in parsed.data] == odd


def test_a_worker_without_a_uuid_is_read_as_such() -> None:
    request = WorkerRequest(uuid="", hostname="node17", pid=1)
    client = answering({"id": 1, "uuid": None}, 201)
    parsed = register_worker.sync_detailed(client=client, body=request).parsed
    assert isinstance(parsed, Worker)
    assert parsed.uuid is None


def test_a_percentage_that_is_no_number_is_read_as_such() -> None:
    body = {**RUN, **COUNTS, "percentDone": math.nan}
    parsed = get_run.sync_detailed(UUID, client=answering(body)).parsed
    assert isinstance(parsed, RunInfo)
    assert math.isnan(parsed.percent_done)


def test_nothing_to_hand_out_is_none() -> None:
    request = ClaimRequest(worker_uuid="")
    reply = claim_task.sync_detailed(UUID, client=answering(status=204), body=request)
    assert reply.parsed is None


def test_an_update_sends_only_what_is_set() -> None:
    assert TaskUpdate(status="done").to_dict() == {"status": "done"}
    assert TaskUpdate(percent_completed=0.0).to_dict() == {"percentCompleted": 0.0}
    body = {"percentCompleted": 100.0, "status": "done"}
    assert TaskUpdate(percent_completed=100.0, status="done").to_dict() == body
    assert update_task._get_kwargs("a", 0, body=TaskUpdate())["json"] == {}


def test_a_uuid_goes_out_as_it_is() -> None:
    # With `format: uuid` it would go out with dashes, which the server does not know.
    assert get_run._get_kwargs(UUID)["url"] == f"/runs/{UUID}"


def test_all_is_spelt_as_the_server_wants_it() -> None:
    assert restart_run._get_kwargs("a", all_="True")["params"] == {"all": "True"}
    assert restart_run._get_kwargs("a")["params"] == {}
