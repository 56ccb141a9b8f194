"""Where taskfarm-worker's programs would die: the server away, replies lost, runs broken."""

from __future__ import annotations

import json
import pickle
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from taskfarm_sdk import (
    AuthenticationError,
    ConnectionFailed,
    Farm,
    OutcomeUnknown,
    RunBroken,
    UnexpectedReply,
)
from taskfarm_sdk.compat import TaskFarm, TaskFarmWorker, tfRuns
from taskfarm_sdk.compat._errors import ServerAway
from taskfarm_sdk.testing import LocalServer
from tests.sdk.compat.conftest import Hire, Load
from tests.sdk.compat.peers import run_rows, task_rows
from tests.support.clock import FastClock
from tests.support.fault_proxy import Fault, FaultProxy

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
    taskfarm_server: LocalServer, farm: Farm, token: str
) -> None:
    run = farm.create_run(3)
    worker = TaskFarmWorker(token, "", run.uuid, url_base=taskfarm_server.url)
    worker._link.session.clock = FastClock(lambda _: taskfarm_server.start())
    try:
        for task in worker.tasks:
            if task == 1:
                taskfarm_server.kill()
            worker.update(100)  # dropped where the server is away, and not waited for
            worker.done()  # waits until it is there again
    finally:
        taskfarm_server.start()  # for the other tests, whatever became of this one
    assert run.status().succeeded


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: str(fault.name))
@pytest.mark.parametrize("request_", ["^PUT ", CLAIM])
def test_no_single_fault_ends_a_worker_or_loses_finished_work(
    proxy: FaultProxy, farm: Farm, hire: Hire, request_: str, fault: Fault
) -> None:
    run = farm.create_run(3)
    worker = hire(run)
    if fault is Fault.STALLED:
        worker._link.wire._get().timeout = 0.3
    proxy.will(request_, fault)
    numbers = work_off(worker)
    status = run.status()
    # The task of a hand-out whose reply was lost stays with nobody.
    lost = request_ == CLAIM and fault is Fault.LOST_AFTER
    assert len(numbers) == status.done == 3 - lost
    assert (status.computing, status.percent_done) == (lost, 100 * status.done / 3)


def test_a_hand_out_waits_for_a_server_that_is_away(
    proxy: FaultProxy, farm: Farm, hire: Hire, clock: FastClock
) -> None:
    worker = hire(farm.create_run(1))
    proxy.down()
    clock.in_a_wait = lambda _: proxy.up()
    assert work_off(worker) == [0]


@pytest.mark.parametrize("fault", UNANSWERED, ids=lambda fault: str(fault.name))
def test_a_lost_registration_is_done_again(
    proxy: FaultProxy, farm: Farm, token: str, fault: Fault
) -> None:
    run = farm.create_run(1)
    proxy.will("^POST .*/worker", fault)
    worker = TaskFarmWorker(token, "", run.uuid, url_base=proxy.url)
    assert work_off(worker) == [0]
    assert proxy.count("^POST .*/worker") == 2


def test_a_report_that_lands_after_the_end_is_put_right_with_the_next_task(
    proxy: FaultProxy, farm: Farm, hire: Hire, token: str
) -> None:
    run = farm.create_run(2)
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
    taskfarm_server: LocalServer, proxy: FaultProxy, farm: Farm
) -> None:
    run = farm.create_run(2)
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
    proxy: FaultProxy, farm: Farm, load: Load
) -> None:
    loaded = load(farm.create_run(1))
    proxy.down()
    for kind in (RuntimeError, OSError):
        with pytest.raises(kind, match="no taskfarm server answers") as raised:
            _ = loaded.numDone
        assert isinstance(raised.value.__cause__, ConnectionFailed)
    assert isinstance(pickle.loads(pickle.dumps(ServerAway("away"))), OSError)


def test_a_worker_waits_longer_than_the_rest(
    proxy: FaultProxy, farm: Farm, hire: Hire, load: Load, clock: FastClock
) -> None:
    worker, loaded = hire(farm.create_run(1)), load(farm.create_run(1))
    proxy.down()
    for asked, least_s in ((lambda: loaded.info(""), 55), (lambda: worker.task, 595)):
        began = clock.now()
        with pytest.raises(RuntimeError):
            asked()
        assert least_s < clock.now() - began < least_s + 20


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER], ids=lambda f: str(f.name))
def test_a_run_is_never_created_twice(proxy: FaultProxy, token: str, fault: Fault) -> None:
    proxy.will("^POST .*/run$", fault)
    with pytest.raises(RuntimeError, match="may or may not") as raised:
        TaskFarm(token, "", numTasks=3, url_base=proxy.url)
    assert isinstance(raised.value.__cause__, OutcomeUnknown)
    assert proxy.count("^POST .*/run$") == 1


def test_a_broken_run_is_called_broken(
    proxy: FaultProxy, farm: Farm, hire: Hire, token: str
) -> None:
    run = farm.create_run(5)
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as other:
        other.get(f"runs/{run.uuid}/tasks/3")
    worker = hire(run)
    with pytest.raises(RuntimeError, match="hand out") as raised:
        work_off(worker)
    assert isinstance(raised.value.__cause__, RunBroken)


def test_a_mended_run_ends_though_the_server_says_500(
    proxy: FaultProxy, farm: Farm, hire: Hire, token: str
) -> None:
    run = farm.create_run(5)
    with httpx.Client(base_url=proxy.url, auth=(token, "")) as other:
        for number in (3, 0, 1, 2, 3, 4):
            other.get(f"runs/{run.uuid}/tasks/{number}")
        worker = hire(run)
        assert sorted(work_off(worker)) == list(range(5))
        reply = other.post(f"runs/{run.uuid}/task", json={"worker_uuid": worker.worker_uuid})
        assert reply.status_code == 500


def test_a_status_whose_reply_was_lost_is_looked_up(
    proxy: FaultProxy, farm: Farm, hire: Hire
) -> None:
    run = farm.create_run(1)
    worker = hire(run)
    assert worker.task == 0
    proxy.will("^PUT ", Fault.LOST_AFTER)
    worker.setTaskInfo(0, "status", "waiting")
    assert proxy.count("^PUT ") == 1
    assert run.task_info(0).state == "waiting"


def test_a_task_is_not_set_waiting_twice(proxy: FaultProxy, farm: Farm, hire: Hire) -> None:
    run = farm.create_run(1)
    worker = hire(run)
    assert worker.task == 0
    proxy.will("^PUT ", Fault.LOST_BEFORE)
    with pytest.raises(RuntimeError, match="says 'computing' now"):
        worker.setTaskInfo(0, "status", "waiting")
    assert proxy.count("^PUT ") == 1
    proxy.will("^PUT ", Fault.SICK)  # the server says that it has not done it
    worker.setTaskInfo(0, "status", "waiting")
    assert run.task_info(0).state == "waiting"


def test_writing_ahead_of_the_work_breaks_no_run(
    taskfarm_server: LocalServer, proxy: FaultProxy, farm: Farm, hire: Hire, load: Load
) -> None:
    run = farm.create_run(6)
    load(run).setTaskInfo(3, "status", "done")
    assert run_rows(taskfarm_server, run.uuid) == [(6, 4)]
    states = [row[:2] for row in task_rows(taskfarm_server, run.uuid)]
    assert states == [(0, "waiting"), (1, "waiting"), (2, "waiting"), (3, "done")]
    assert sorted(work_off(hire(run))) == [0, 1, 2, 4, 5]
    # A sound run's end, not one that had to be looked up.
    assert proxy.count("^GET ") == 0


def test_writing_in_turn_costs_one_request_each(proxy: FaultProxy, farm: Farm, load: Load) -> None:
    loaded = load(farm.create_run(20))
    for number in range(20):
        loaded.setTaskInfo(number, "percentCompleted", 1.5)
    assert proxy.statistics() == {"PUT": 20}
    assert loaded.percentDone == 1.5


def test_reading_ahead_of_the_work_makes_no_task(
    taskfarm_server: LocalServer, farm: Farm, load: Load
) -> None:
    run = farm.create_run(6)
    loaded = load(run)
    assert loaded.getTaskInfo(4, "") == {
        "id": None,
        "percentCompleted": 0.0,
        "status": "waiting",
        "task": 4,
    }
    assert task_rows(taskfarm_server, run.uuid) == []


def test_a_task_handed_out_is_read_with_one_request(
    proxy: FaultProxy, farm: Farm, hire: Hire
) -> None:
    worker = hire(farm.create_run(3))
    for task in worker.tasks:
        proxy.forget()
        assert worker.getTaskInfo(task, "status") == "computing"
        assert len(proxy.seen) == 1
        break


def test_percentages_are_plain_even_where_a_lease_was(
    taskfarm_server: LocalServer, farm: Farm, hire: Hire
) -> None:
    run = farm.create_run(2)
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
    proxy: FaultProxy, farm: Farm, hire: Hire, token: str
) -> None:
    for number in (-1, 2.5, 2**31, float("nan"), "abc", True):
        with pytest.raises(ValueError, match="numTasks"):
            TaskFarm(token, "", numTasks=number, url_base=proxy.url)  # type: ignore[arg-type]
    worker = hire(farm.create_run(1))
    assert worker.task == 0
    proxy.forget()
    with pytest.raises(ValueError, match="out of range"):
        worker.update(float("nan"))
    with pytest.raises(ValueError, match="range"):
        worker.setTaskInfo(0, "percentCompleted", float("nan"))
    with pytest.raises(RuntimeError, match="None is none of"):
        worker.setTaskInfo(0, "status", None)
    with pytest.raises(RuntimeError, match="without a percentage"):
        worker.setTaskInfo(0, "percentCompleted", None)
    assert proxy.seen == []


def test_without_user_and_password_the_environments_are_used(
    taskfarm_server: LocalServer, farm: Farm, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = farm.create_run(1)
    with pytest.raises(RuntimeError, match="no default user or password"):
        TaskFarm(None, None, run.uuid, url_base=taskfarm_server.url)
    monkeypatch.setenv("TASKFARM_URL", taskfarm_server.url)
    monkeypatch.setenv("TASKFARM_TOKEN", token)
    assert TaskFarm(None, None, run.uuid, url_base=taskfarm_server.url).numTasks == 1


def test_the_url_may_lack_its_slash_and_the_uuid_have_dashes(
    taskfarm_server: LocalServer, farm: Farm, token: str
) -> None:
    uuid = farm.create_run(1).uuid
    dashed = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    loaded = TaskFarm(token, "", dashed, url_base=taskfarm_server.url.rstrip("/"))
    assert loaded.uuid == uuid
    assert loaded.url("runs") == f"{taskfarm_server.url}runs"


def test_the_token_goes_with_any_http_library_and_does_not_show(
    taskfarm_server: LocalServer, farm: Farm, load: Load, token: str
) -> None:
    loaded = load(farm.create_run(1))
    assert httpx.get(loaded.url("runs"), auth=loaded.token_auth).status_code == 200
    assert token not in repr(loaded.token_auth)
    with pytest.raises(AttributeError, match="token_auth"):
        _ = loaded.session


class _OddServer(BaseHTTPRequestHandler):
    """Answers as a taskfarm does, but not where single fields are asked for."""

    def do_GET(self) -> None:
        odd = {"numDone": b"<html>", "numWaiting": b"[]", "numComputing": b"{}"}
        body = json.dumps(
            {"token": "t", "id": 1, "uuid": "0" * 32, "numTasks": 3, "numWaiting": 0,
             "numComputing": 0, "numDone": 0, "percentDone": 0.0}
        ).encode()  # fmt: skip
        if self.path.endswith("/token"):
            body = b'{"token": "t"}'
        for name, content in odd.items():
            body = content if self.path.endswith(name) else body
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_replies_that_are_no_taskfarms_are_said_to_be() -> None:
    with HTTPServer(("127.0.0.1", 0), _OddServer) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            farm = TaskFarm("me", "x", "0" * 32, url_base=f"http://127.0.0.1:{server.server_port}")
            assert farm.info("")["numTasks"] == 3
            for name in ("numDone", "numWaiting", "numComputing"):
                with pytest.raises(RuntimeError, match="does not answer as a taskfarm") as raised:
                    farm.info(name)
                assert isinstance(raised.value.__cause__, UnexpectedReply)
        finally:
            server.shutdown()
            serving.join()
