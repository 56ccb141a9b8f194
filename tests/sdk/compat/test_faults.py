"""Faults that taskfarm-worker's programs die of: the server away, replies lost, runs broken."""

from __future__ import annotations

import gc
import pickle

import httpx
import pytest

from taskfarm_sdk import (
    AuthenticationError,
    ConnectionFailed,
    Farm,
    OutcomeUnknown,
    RunBroken,
)
from taskfarm_sdk._transport.client import HttpTransport
from taskfarm_sdk.compat import TaskFarm, TaskFarmWorker, tfRuns
from taskfarm_sdk.compat._errors import ServerAway
from taskfarm_sdk.testing import LocalServer
from tests.support.clock import FastClock
from tests.support.compat import Hire, Load
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.stalling import time_out_where_stalled

pytestmark = pytest.mark.live

CLAIM = "^POST .*/task$"
UNANSWERED = [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.BAD_GATEWAY, Fault.SICK]


def work_off(worker: TaskFarmWorker) -> list[int]:
    numbers: list[int] = []
    for task in worker.tasks:
        numbers.append(task)
        worker.update(50)
        worker.update(100)
        worker.done()
    return numbers


def test_a_worker_lives_through_a_killed_server(
    taskfarm_server: LocalServer, proxied_farm: Farm, token: str
) -> None:
    run = proxied_farm.create_run(3)

    class StartsTheServer(TaskFarmWorker):
        _clock = FastClock(lambda _: taskfarm_server.start())

    worker = StartsTheServer(token, "", run.uuid, url_base=taskfarm_server.url)
    try:
        for task in worker.tasks:
            if task == 1:
                taskfarm_server.kill()
            worker.update(100)  # dropped where the server is away, and not waited for
            worker.done()  # waits until it is there again
    finally:
        taskfarm_server.start()  # for the other tests, whatever became of this one
    assert run.status().succeeded


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        pytest.param(request_, fault, id=f"{request_}-{fault.name}")
        for request_ in ("^PUT ", CLAIM)
        for fault in Fault
        # Only where a task is written does the server answer 400 for its database.
        if (request_, fault) != (CLAIM, Fault.DATABASE)
    ],
)
def test_no_single_fault_ends_a_worker_or_loses_finished_work(
    proxy: FaultProxy,
    proxied_farm: Farm,
    hire: Hire,
    monkeypatch: pytest.MonkeyPatch,
    request_: str,
    fault: Fault,
) -> None:
    time_out_where_stalled(monkeypatch, proxy)
    run = proxied_farm.create_run(3)
    worker = hire(run)
    proxy.will(request_, fault)
    numbers = work_off(worker)
    status = run.status()
    # The task of a hand-out whose reply was lost stays with nobody.
    lost = request_ == CLAIM and fault is Fault.LOST_AFTER
    assert len(numbers) == status.done == 3 - lost
    assert (status.computing, status.percent_done) == (lost, 100 * status.done / 3)


def test_a_hand_out_waits_for_a_server_that_is_away(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire, clock: FastClock
) -> None:
    worker = hire(proxied_farm.create_run(1))
    proxy.down()
    clock.in_a_wait = lambda _: proxy.up()
    assert work_off(worker) == [0]


@pytest.mark.parametrize("fault", UNANSWERED, ids=lambda fault: str(fault.name))
def test_a_lost_registration_is_done_again(
    proxy: FaultProxy, proxied_farm: Farm, token: str, fault: Fault
) -> None:
    run = proxied_farm.create_run(1)
    proxy.will("^POST .*/worker", fault)
    worker = TaskFarmWorker(token, "", run.uuid, url_base=proxy.url)
    assert work_off(worker) == [0]
    assert proxy.count("^POST .*/worker") == 2


def test_a_report_that_lands_after_the_end_is_put_right_with_the_next_task(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire, token: str
) -> None:
    run = proxied_farm.create_run(2)
    worker = hire(run)
    assert worker.task == 0
    proxy.will("^PUT ", Fault.LOST_BEFORE)
    worker.update(40)
    worker.update(100)
    worker.done()
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as late:
        late.put(f"runs/{run.uuid}/tasks/0", json={"percentCompleted": 40})
    assert run.status().percent_done == 20
    assert worker.task == 1
    assert run.status().percent_done == 50


def test_the_password_is_sent_once(
    taskfarm_server: LocalServer, proxy: FaultProxy, proxied_farm: Farm
) -> None:
    run = proxied_farm.create_run(2)
    proxy.forget()
    user, password = taskfarm_server.user, taskfarm_server.password
    worker = TaskFarmWorker(user, password, run.uuid, url_base=proxy.url)
    work_off(worker)
    assert [seen.line for seen in proxy.seen if seen.with_password] == ["GET /api/token"]
    proxy.forget()
    assert run.uuid in [row["uuid"] for row in tfRuns(user, password, proxy.url)]
    assert sum(seen.with_password for seen in proxy.seen) == 1


def test_an_error_keeps_what_the_sdk_says_as_its_cause(proxy: FaultProxy) -> None:
    with pytest.raises(RuntimeError, match=r"^\[HTTP 401\]: .*'me'.*check both") as raised:
        tfRuns("me", "wrong", proxy.url)
    assert isinstance(raised.value.__cause__, AuthenticationError)
    assert "wrong" not in str(raised.value)


def test_a_server_that_stays_away_is_both_kinds_of_error(
    proxy: FaultProxy, proxied_farm: Farm, load: Load
) -> None:
    loaded = load(proxied_farm.create_run(1))
    proxy.down()
    for kind in (RuntimeError, OSError):
        with pytest.raises(kind, match="no taskfarm server answers") as raised:
            _ = loaded.numDone
        assert isinstance(raised.value.__cause__, ConnectionFailed)
    assert isinstance(pickle.loads(pickle.dumps(ServerAway("away"))), OSError)
    # As tblib does, with which Dask brings errors home.
    assert isinstance(ServerAway.__new__(ServerAway, "away"), RuntimeError)


def test_a_worker_waits_longer_than_the_rest(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire, load: Load, clock: FastClock
) -> None:
    worker, loaded = hire(proxied_farm.create_run(1)), load(proxied_farm.create_run(1))
    proxy.down()
    for asked, most_s in ((lambda: loaded.info(""), 60), (lambda: worker.task, 600)):
        began = clock.now()
        with pytest.raises(RuntimeError):
            asked()
        assert clock.now() - began == pytest.approx(most_s)


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER], ids=lambda f: str(f.name))
def test_a_run_is_never_created_twice(proxy: FaultProxy, token: str, fault: Fault) -> None:
    proxy.will("^POST .*/run$", fault)
    with pytest.raises(RuntimeError, match="may or may not") as raised:
        TaskFarm(token, "", numTasks=3, url_base=proxy.url)
    assert isinstance(raised.value.__cause__, OutcomeUnknown)
    assert proxy.count("^POST .*/run$") == 1


def test_a_run_is_created_over_a_connection_of_its_own(
    taskfarm_server: LocalServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, made = HttpTransport._new, []

    def note(wire: HttpTransport) -> httpx.Client:
        made.append(wire)
        return connect(wire)

    monkeypatch.setattr(HttpTransport, "_new", note)
    TaskFarm(token, "", numTasks=1, url_base=taskfarm_server.url)
    assert len(made) == 2


def test_connections_are_closed_with_what_used_them(proxied_farm: Farm, load: Load) -> None:
    loaded = load(proxied_farm.create_run(1))
    travelled = pickle.loads(pickle.dumps(loaded))
    assert travelled.numDone == loaded.numDone == 0
    wires = [loaded._link.wire, travelled._link.wire]
    assert not any(wire._closed for wire in wires)
    del loaded, travelled
    gc.collect()
    assert all(wire._closed for wire in wires)


def test_a_broken_run_is_called_broken(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire, token: str
) -> None:
    run = proxied_farm.create_run(5)
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as other:
        other.get(f"runs/{run.uuid}/tasks/3")
    worker = hire(run)
    with pytest.raises(RuntimeError, match="hand out") as raised:
        work_off(worker)
    assert isinstance(raised.value.__cause__, RunBroken)


def test_a_mended_run_ends_though_the_server_says_500(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire, token: str
) -> None:
    run = proxied_farm.create_run(5)
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as other:
        for number in (3, 0, 1, 2, 3, 4):
            other.get(f"runs/{run.uuid}/tasks/{number}")
        worker = hire(run)
        assert sorted(work_off(worker)) == list(range(5))
        reply = other.post(f"runs/{run.uuid}/task", json={"worker_uuid": worker.worker_uuid})
        assert reply.status_code == 500


def test_a_status_whose_reply_was_lost_is_looked_up(
    proxy: FaultProxy, proxied_farm: Farm, hire: Hire
) -> None:
    run = proxied_farm.create_run(1)
    worker = hire(run)
    assert worker.task == 0
    proxy.will("^PUT ", Fault.LOST_AFTER)
    worker.setTaskInfo(0, "status", "waiting")
    assert proxy.count("^PUT ") == 1
    assert run.task_info(0).state == "waiting"


def test_a_task_is_not_set_waiting_twice(proxy: FaultProxy, proxied_farm: Farm, hire: Hire) -> None:
    run = proxied_farm.create_run(1)
    worker = hire(run)
    assert worker.task == 0
    proxy.will("^PUT ", Fault.LOST_BEFORE)
    with pytest.raises(RuntimeError, match="it is 'computing' now"):
        worker.setTaskInfo(0, "status", "waiting")
    assert proxy.count("^PUT ") == 1
    proxy.will("^PUT ", Fault.SICK)  # the server says that it has not done it
    worker.setTaskInfo(0, "status", "waiting")
    assert run.task_info(0).state == "waiting"
