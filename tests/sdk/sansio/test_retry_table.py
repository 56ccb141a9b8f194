"""The table of what is tried again, cell by cell, against the real server behind a proxy.

In each test one request of the kind goes wrong in one way; the server behind is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from taskfarm_sdk import (
    Farm,
    OutcomeUnknown,
    RequestRejected,
    ServerError,
)
from taskfarm_sdk._protocol import operations
from taskfarm_sdk.testing import LocalServer
from taskfarm_sdk.worker import core_of
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.processes import NET_S
from tests.support.retried_operations import RULES, all_operations, pairs_of_the_sdk
from tests.support.retry_scenes import (
    FAULTS,
    OPERATIONS,
    End,
    Operation,
    Scene,
    name_of,
    state,
)
from tests.support.stalling import time_out_where_stalled

pytestmark = pytest.mark.live


@pytest.fixture
def scene(
    taskfarm_server: LocalServer, proxy: FaultProxy, token: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    time_out_where_stalled(monkeypatch, proxy)
    # The wait before the next attempt is when a refused port opens again.
    clock = FastClock(lambda _: proxy.up())
    with farm_by(clock, proxy.url, token=token, timeout_s=NET_S) as farm:
        run = farm.create_run(3)
        worker = run.worker(report_every_s=600, first_beat_s=30, give_up_after_s=60)
        yield Scene(taskfarm_server, proxy, clock, farm, run, worker)
        proxy.up()
        core_of(worker).reporter.close()
        if run in farm.runs():
            run.delete()


def calls_made(name: str, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list that grows by each call that a function of `operations` makes."""
    made: list[object] = []
    make: Callable[..., object] = getattr(operations, name)

    def noting(*args: object, **more: object) -> object:
        made.append(make(*args, **more))
        return made[-1]

    monkeypatch.setattr(operations, name, noting)
    return made


def test_each_operation_and_the_rule_it_is_sent_by_have_a_row_here() -> None:
    pairs = pairs_of_the_sdk()
    assert {operation for operation, _ in pairs} == all_operations()
    assert {rule for _, rule in pairs} == RULES
    assert {operation.pair for operation in OPERATIONS} == pairs


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_after_one_failure_each_operation_does_what_the_table_says(
    scene: Scene, operation: Operation, fault: str | Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if operation.claims_first:
        scene.task = scene.worker.claim()
    end = operation.ends.get(fault, End.AGAIN)
    scene.proxy.forget()
    made = calls_made(operation.pair[0], monkeypatch)
    if isinstance(fault, Fault):
        scene.proxy.will(operation.line, fault)
    else:
        scene.proxy.down()
    sent = 1 if isinstance(fault, Fault) else 0

    if end in (End.UNKNOWN, End.ERROR):
        with pytest.raises(OutcomeUnknown if end is End.UNKNOWN else ServerError):
            operation.act(scene)
        assert scene.proxy.count(operation.line) == 1
        assert made
        return
    result = operation.act(scene)
    assert made
    repeated = 1 if end is End.AGAIN else 0
    assert scene.proxy.count(operation.line) == sent + repeated
    scene.proxy.up()
    assert operation.check(scene, result)


@pytest.mark.parametrize(
    ("name", "sent"), [("complete", 2), ("report", 1), ("give back", 2), ("fail", 2)]
)
def test_a_400_where_a_task_is_written_is_the_database_in_trouble(
    scene: Scene, name: str, sent: int
) -> None:
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    scene.task = scene.worker.claim()
    scene.proxy.will("^PUT ", Fault.DATABASE)
    result = operation.act(scene)
    assert scene.proxy.count("^PUT ") == sent
    assert operation.check(scene, result)


def test_a_400_for_anything_else_is_raised(scene: Scene) -> None:
    scene.proxy.will("^POST /api/run$", Fault.DATABASE)
    with pytest.raises(RequestRejected):
        scene.farm.create_run(1)
    assert scene.proxy.count("^POST /api/run$") == 2  # one of them was the scene's own


def test_a_give_back_of_unknown_outcome_leaves_a_task_alone_that_someone_else_took(
    scene: Scene, taskfarm_server: LocalServer, token: str
) -> None:
    task = scene.worker.claim()
    assert task is not None
    scene.proxy.will("^PUT ", Fault.LOST_AFTER)
    with Farm(taskfarm_server.url, token=token) as other_farm:
        other = other_farm.get_run(scene.run.uuid).worker()

        def someone_takes_it(_: float) -> None:
            taken = other.claim()
            assert taken is not None
            assert taken.number == task.number

        scene.clock.in_a_wait = someone_takes_it
        task.release()
        assert scene.proxy.count("^PUT ") == 1
        assert scene.run.task_info(task.number).state == "computing"


def test_what_must_not_be_repeated_goes_over_a_fresh_connection(scene: Scene) -> None:
    scene.run.status()
    made: list[object] = []
    wire = scene.farm._link.wire
    new = wire._new

    def count_new() -> object:
        made.append(None)
        return new()

    wire._new = count_new  # type: ignore[method-assign,assignment]
    scene.run.reset_all()
    scene.farm.create_run(1).delete()
    assert len(made) == 2


@pytest.mark.parametrize("fault", [Fault.RUBBISH, Fault.LOST_BEFORE], ids=name_of)
def test_a_completion_is_sent_until_the_server_has_it(scene: Scene, fault: Fault) -> None:
    task = scene.worker.claim()
    assert task is not None
    scene.proxy.will("^PUT ", *[fault] * 5)
    task.complete()
    assert scene.proxy.count("^PUT ") == 6
    assert state(scene) == "done"
