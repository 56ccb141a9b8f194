"""Differences from taskfarm-worker that are meant, and what programs of it may lean on."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from taskfarm_sdk import Farm, UnexpectedReply
from taskfarm_sdk.compat import TaskFarm, TaskFarmWorker
from taskfarm_sdk.testing import LocalServer
from tests.support.compat import Hire, Load
from tests.support.fault_proxy import FaultProxy
from tests.support.peers import run_rows, task_rows
from tests.support.stub_server import Reply, Request, document, stub_server

pytestmark = pytest.mark.live


def test_writing_ahead_of_the_work_breaks_no_run(
    taskfarm_server: LocalServer, proxy: FaultProxy, proxied_farm: Farm, hire: Hire, load: Load
) -> None:
    run = proxied_farm.create_run(6)
    load(run).setTaskInfo(3, "status", "done")
    assert run_rows(taskfarm_server, run.uuid) == [(6, 4)]
    states = [row[:2] for row in task_rows(taskfarm_server, run.uuid)]
    assert states == [(0, "waiting"), (1, "waiting"), (2, "waiting"), (3, "done")]
    assert sorted(_worked_off(hire(run))) == [0, 1, 2, 4, 5]
    # A sound run's end, not one that had to be looked up.
    assert proxy.count("^GET ") == 0


def test_writing_in_turn_costs_one_request_each(
    proxy: FaultProxy, proxied_farm: Farm, load: Load
) -> None:
    loaded = load(proxied_farm.create_run(20))
    for number in range(20):
        loaded.setTaskInfo(number, "percentCompleted", 1.5)
    assert proxy.statistics() == {"PUT": 20}
    assert loaded.percentDone == 1.5


def test_reading_ahead_of_the_work_makes_no_task(
    taskfarm_server: LocalServer, proxied_farm: Farm, load: Load
) -> None:
    run = proxied_farm.create_run(6)
    loaded = load(run)
    assert loaded.getTaskInfo(4, "") == {
        "id": None,
        "percentCompleted": 0.0,
        "status": "waiting",
        "task": 4,
    }
    assert task_rows(taskfarm_server, run.uuid) == []


def test_a_task_handed_out_is_read_with_one_request(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire
) -> None:
    worker = hire(proxied_farm.create_run(3))
    for task in worker.tasks:
        proxy.forget()
        assert worker.getTaskInfo(task, "status") == "computing"
        assert len(proxy.seen) == 1
        break


def test_percentages_are_plain_even_where_a_lease_was(proxied_farm: Farm, hire: Hire) -> None:
    run = proxied_farm.create_run(2)
    with run.worker() as ours:
        first, second = ours.claim(), ours.claim()
        assert first is not None
        assert second is not None
        first.update(37.5)
        first.release()
        second.fail("for good", final=True)
    run.reset()
    worker = hire(run)
    left = {}
    for task in worker.tasks:
        left[task] = worker.getTaskInfo(task, "percentCompleted")
        worker.update(62.25)
        assert worker.getTaskInfo(task, "percentCompleted") == 62.25
        worker.done()
    assert left == {0: 37.5, 1: 0.0}


def test_what_could_only_do_harm_is_not_sent(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire, token: str
) -> None:
    for number in (-1, 2.5, 2**31, float("nan"), "abc", True):
        with pytest.raises(ValueError, match="numTasks"):
            TaskFarm(token, "", numTasks=number, url_base=proxy.url)  # type: ignore[arg-type]
    worker = hire(proxied_farm.create_run(1))
    assert worker.task == 0
    proxy.forget()
    with pytest.raises(ValueError, match="out of range"):
        worker.update(float("nan"))
    with pytest.raises(ValueError, match="range"):
        worker.setTaskInfo(0, "percentCompleted", float("nan"))
    with pytest.raises(RuntimeError, match="None is invalid: use one of"):
        worker.setTaskInfo(0, "status", None)
    with pytest.raises(RuntimeError, match="without a percentage"):
        worker.setTaskInfo(0, "percentCompleted", None)
    assert proxy.seen == []


def test_without_user_and_password_the_environments_are_used(
    taskfarm_server: LocalServer, proxied_farm: Farm, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = proxied_farm.create_run(1)
    with pytest.raises(RuntimeError, match="no default user or password"):
        TaskFarm(None, None, run.uuid, url_base=taskfarm_server.url)
    monkeypatch.setenv("TASKFARM_URL", taskfarm_server.url)
    monkeypatch.setenv("TASKFARM_TOKEN", token)
    assert TaskFarm(None, None, run.uuid, url_base=taskfarm_server.url).numTasks == 1


def test_the_url_may_lack_its_slash_and_the_uuid_have_dashes(
    taskfarm_server: LocalServer, proxied_farm: Farm, token: str
) -> None:
    uuid = proxied_farm.create_run(1).uuid
    dashed = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    loaded = TaskFarm(token, "", dashed, url_base=taskfarm_server.url.rstrip("/"))
    assert loaded.uuid == uuid
    assert loaded.url("runs") == f"{taskfarm_server.url}runs"


def test_the_token_goes_with_any_http_library_and_does_not_show(
    proxied_farm: Farm, load: Load, token: str
) -> None:
    loaded = load(proxied_farm.create_run(1))
    assert httpx.get(loaded.url("runs"), auth=loaded.token_auth).status_code == 200
    assert token not in repr(loaded.token_auth)
    with pytest.raises(AttributeError, match="token_auth"):
        _ = loaded.session


def _oddly(request: Request) -> Reply:
    """Answer as a taskfarm server does, but not where single fields are asked for."""
    odd = {"numDone": b"<html>", "numWaiting": b"[]", "numComputing": b"{}"}
    if request.path.endswith("/token"):
        return document({"token": "t"})
    for name, content in odd.items():
        if request.path.endswith(f"info={name}"):
            return Reply(200, content, {"Content-Type": "application/json"})
    facts = {"id": 1, "uuid": "0" * 32, "numTasks": 3, "percentDone": 0.0}
    return document(facts | dict.fromkeys(odd, 0))


def test_replies_that_are_no_taskfarms_are_said_to_be() -> None:
    with stub_server(_oddly) as server:
        farm = TaskFarm("me", "x", "0" * 32, url_base=server.origin)
        assert farm.info("")["numTasks"] == 3
        for name in ("numDone", "numWaiting", "numComputing"):
            with pytest.raises(RuntimeError, match="does not answer as a taskfarm") as raised:
                farm.info(name)
            assert isinstance(raised.value.__cause__, UnexpectedReply)


def _worked_off(worker: TaskFarmWorker) -> Iterator[int]:
    for task in worker.tasks:
        worker.update(100)
        worker.done()
        yield task
