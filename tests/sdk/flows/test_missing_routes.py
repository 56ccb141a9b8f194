"""A 404 where a run is asked something: the run is gone, or the server has no such route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs
import pytest

from taskfarm_sdk import (
    AsyncFarm,
    AsyncRun,
    Farm,
    Run,
    RunNotFound,
    TaskfarmError,
    TaskNotFound,
    UnexpectedReply,
)
from taskfarm_sdk._flows import claims, tasks
from taskfarm_sdk._protocol.lease import Lease
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.stub_server import Reply, Request, document, page, stub_server

UUID = "0123456789abcdef0123456789abcdef"
COUNTS = {
    "id": 1,
    "uuid": UUID,
    "numTasks": 5,
    "numWaiting": 0,
    "numComputing": 1,
    "numDone": 0,
    "percentDone": 0,
}
RUN = f"GET /api/runs/{UUID}"
DELETE = f"DELETE /api/runs/{UUID}"
RESTART = f"POST /api/runs/{UUID}/restart"
CLAIM = f"POST /api/runs/{UUID}/task"
READ = f"GET /api/runs/{UUID}/tasks/0"
WRITE = f"PUT /api/runs/{UUID}/tasks/0"


@attrs.define
class Stub:
    """A server of one run with one task at work, but for the routes that it lacks."""

    lacks: set[str] = attrs.field(factory=set[str])
    seen: list[str] = attrs.field(factory=list[str])
    in_trouble: int = 0

    def answer(self, request: Request) -> Reply:
        asked = f"{request.method} {request.path.partition('?')[0]}"
        self.seen.append(asked)
        if asked in self.lacks:
            return page(404)
        if asked == RUN:
            if self.in_trouble:
                self.in_trouble -= 1
                return page(503)
            return document(COUNTS)
        if asked == "POST /api/worker":
            return document({"id": 1, "uuid": UUID}, 201)
        task = {"id": 1, "task": 0, "status": "computing", "percentCompleted": 0}
        return document(task, 201 if request.method == "POST" else 200)


@pytest.fixture
def stub() -> Stub:
    return Stub()


def asked(stub: Stub, act: Callable[[Run], object], clock: FastClock) -> TaskfarmError:
    """Return the error that comes of asking something of the stub's run."""
    with (
        stub_server(stub.answer) as server,
        farm_by(clock, server.url, token="t") as farm,
        pytest.raises(TaskfarmError) as raised,
    ):
        run = farm.get_run(UUID)
        stub.seen.clear()
        act(run)
    return raised.value


LEASE = Lease(percent=0, attempts=1, beat=1, holder=1)


def complete(run: Run) -> None:
    session = run._link.session
    run._link.drive(claims.complete(session, run.uuid, 0, session.deadline()))


def give_back(run: Run) -> None:
    session = run._link.session
    run._link.drive(claims.give_back(session, run.uuid, 0, (0.0,), LEASE, session.deadline()))


def report(run: Run) -> None:
    run._link.drive(claims.report(run._link.session, run.uuid, 0, LEASE))


BLOCKING = [
    pytest.param(DELETE, lambda run: run.delete(), id="delete"),
    pytest.param(RESTART, lambda run: run.reset_all(), id="restart"),
    pytest.param(CLAIM, lambda run: run.worker().claim(), id="claim"),
    pytest.param(READ, lambda run: run.task_info(0), id="read"),
    pytest.param(READ, lambda run: list(run.task_infos()), id="read all"),
    pytest.param(WRITE, lambda run: run.reset_tasks([0]), id="reset"),
    pytest.param(WRITE, complete, id="complete"),
    pytest.param(WRITE, give_back, id="give back"),
    pytest.param(WRITE, report, id="report"),
]


@pytest.mark.parametrize(("route", "act"), BLOCKING)
def test_a_route_that_the_server_lacks_is_named_where_the_run_is_there(
    stub: Stub, clock: FastClock, route: str, act: Callable[[Run], object]
) -> None:
    stub.lacks = {route}
    error = asked(stub, act, clock)
    assert type(error) is UnexpectedReply
    method, _, path = route.partition(" ")
    assert f"404 to {method} http://" in str(error)
    assert path in str(error)
    assert (error.status, error.run) == (404, UUID)
    # Asked for once after the 404, not again and again.
    assert stub.seen[stub.seen.index(route) :] == [route, RUN]


@pytest.mark.parametrize(("route", "act"), BLOCKING)
def test_the_same_404_without_the_run_says_that_the_run_is_not_there(
    stub: Stub, clock: FastClock, route: str, act: Callable[[Run], object]
) -> None:
    stub.lacks = {route}
    answer = stub.answer

    def goes_with_that(request: Request) -> Reply:
        reply = answer(request)
        if stub.seen[-1] == route:
            stub.lacks.add(RUN)
        return reply

    with (
        stub_server(goes_with_that) as server,
        farm_by(clock, server.url, token="t") as farm,
        pytest.raises(RunNotFound),
    ):
        act(farm.get_run(UUID))
    assert stub.seen[stub.seen.index(route) :] == [route, RUN]


@pytest.mark.parametrize(
    ("route", "act"),
    [
        pytest.param(DELETE, AsyncRun.delete, id="delete"),
        pytest.param(RESTART, AsyncRun.reset_all, id="restart"),
        pytest.param(READ, lambda run: run.task_info(0), id="read"),
        pytest.param(WRITE, lambda run: run.reset_tasks([0]), id="write"),
    ],
)
def test_the_awaited_twin_names_it_too(stub: Stub, route: str, act: Callable[..., object]) -> None:
    async def go(url: str) -> None:
        async with AsyncFarm(url, token="t") as farm:
            run = await farm.get_run(UUID)
            stub.seen.clear()
            await act(run)  # type: ignore[misc]

    stub.lacks = {route}
    with stub_server(stub.answer) as server, pytest.raises(UnexpectedReply, match="404 to"):
        asyncio.run(go(server.url))
    assert stub.seen[stub.seen.index(route) :] == [route, RUN]


def test_the_run_is_asked_for_again_where_the_server_is_in_trouble(
    stub: Stub, clock: FastClock
) -> None:
    def delete(run: Run) -> None:
        stub.in_trouble = 2
        run.delete()

    stub.lacks = {DELETE}
    assert type(asked(stub, delete, clock)) is UnexpectedReply
    assert stub.seen == [DELETE, RUN, RUN, RUN]


def test_a_claim_may_also_fail_for_a_worker_that_the_server_has_lost(
    stub: Stub, clock: FastClock
) -> None:
    stub.lacks = {CLAIM}
    assert "no longer knows the worker" in str(asked(stub, lambda run: run.worker().claim(), clock))


def test_a_run_that_is_not_there_is_asked_for_once(stub: Stub) -> None:
    stub.lacks = {RUN}
    with (
        stub_server(stub.answer) as server,
        Farm(server.url, token="t") as farm,
        pytest.raises(RunNotFound) as raised,
    ):
        farm.get_run(UUID)
    assert raised.value.method == "GET"
    assert stub.seen == [RUN]


def test_a_task_that_the_run_has_not_is_not_found(stub: Stub, clock: FastClock) -> None:
    stub.lacks = {f"GET /api/runs/{UUID}/tasks/5"}
    with stub_server(stub.answer) as server, farm_by(clock, server.url, token="t") as farm:
        link = farm._link
        with pytest.raises(TaskNotFound) as raised:
            link.drive(tasks.read(link.session, UUID, 5))
    assert (raised.value.run, raised.value.task) == (UUID, 5)
