"""The table of what is tried again, cell by cell, against the real server behind a proxy.

In each test one request of the kind goes wrong in one way; the server behind is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

import attrs
import pytest

from taskfarm_sdk import (
    Farm,
    OutcomeUnknown,
    RequestRejected,
    Run,
    ServerError,
    Task,
    Worker,
)
from taskfarm_sdk._flows import claims, runs
from taskfarm_sdk._protocol import operations
from taskfarm_sdk.testing import LocalServer
from taskfarm_sdk.worker import core_of
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.inside import held
from tests.support.processes import NET_S
from tests.support.retried_operations import RULES, Pair, all_operations, pairs_of_the_sdk
from tests.support.stalling import time_out_where_stalled

pytestmark = pytest.mark.live

REFUSED = "refused"
FAULTS = (
    REFUSED,
    Fault.LOST_BEFORE,
    Fault.LOST_AFTER,
    Fault.STALLED,
    Fault.BAD_GATEWAY,
    Fault.UNAVAILABLE,
    Fault.GATEWAY_TIMEOUT,
    Fault.BUSY,
    Fault.SICK,
)
LOST = FAULTS[1:7]


class End(Enum):
    """How an operation with one failure ends, and how often its request is seen."""

    AGAIN = 2
    ONCE = 1  # seen once, and that was enough: a look found it done
    UNKNOWN = "OutcomeUnknown after one request"
    ERROR = "ServerError after one request"
    DROPPED = "no error, no second request"


@attrs.define
class Scene:
    """A farm behind the proxy, and what the operation under test works on."""

    server: LocalServer
    proxy: FaultProxy
    clock: FastClock
    farm: Farm
    run: Run
    worker: Worker
    task: Task | None = None

    def held(self) -> Task:
        """Return the task that was claimed before the fault."""
        assert self.task is not None
        return self.task


@attrs.frozen
class Operation:
    """An operation as its users know it, and what is expected of it.

    Attributes:
        name: what they call it.
        pair: the function that makes its request, and the rule by which that is sent.
        line: its request's method and path.
        act: has it done.
        check: whether it was done, by the server and by what `act` returned.
        ends: what follows a fault where that is not AGAIN.
        claims_first: whether a task is claimed before the fault.
    """

    name: str
    pair: Pair
    line: str
    act: Callable[[Scene], object]
    check: Callable[[Scene, object], bool]
    ends: dict[object, End] = attrs.field(factory=dict[object, End])
    claims_first: bool = False


def state(scene: Scene, number: int = 0) -> str:
    return scene.run.task_info(number).state


def all_lost(end: End, **others: End) -> dict[object, End]:
    ends: dict[object, End] = dict.fromkeys(LOST, end)
    return {**ends, **{REFUSED if k == "REFUSED" else Fault[k]: v for k, v in others.items()}}


def report(scene: Scene) -> None:
    """Report as the background thread does."""
    scene.held().update(40)
    held(scene.held()).beat()


def fail_once(scene: Scene) -> None:
    """Fail a task, and let it be tried again at once."""
    scene.held().fail("a reason")
    held(scene.held()).retry()


def is_counted(scene: Scene) -> bool:
    info = scene.run.task_info(0)
    return (info.state, info.attempts) == ("waiting", 1)


def log_in(scene: Scene) -> str:
    server = scene.server
    with farm_by(
        scene.clock, scene.proxy.url, user=server.user, password=server.password, timeout_s=NET_S
    ) as farm:
        return farm.login()


def count_done(scene: Scene) -> int:
    link = scene.farm._link
    return link.drive(runs.count(link.session, scene.run.uuid, "numDone"))


OPERATIONS = [
    Operation("log in", ("token", "READ"), "^GET /api/token$", log_in, lambda _, r: bool(r)),
    Operation(
        "count",
        ("count", "READ"),
        r"^GET /api/runs/\w+\?info=numDone$",
        count_done,
        lambda _, r: r == 0,
    ),
    Operation(
        "read a task",
        ("get_task", "READ"),
        "^GET /api/runs/.*/tasks/0$",
        state,
        lambda _, r: r == "computing",
        claims_first=True,
    ),
    Operation(
        "status",
        ("run_status", "READ"),
        r"^GET /api/runs/\w+$",
        lambda s: s.run.status().waiting,
        lambda _, r: r == 3,
    ),
    Operation(
        "get a run",
        ("get_run", "READ"),
        r"^GET /api/runs/\w+$",
        lambda s: s.farm.get_run(s.run.uuid),
        lambda s, r: r == s.run,
    ),
    Operation(
        "get a run and its status",
        ("get_run_and_status", "READ"),
        r"^GET /api/runs/\w+$",
        lambda s: s.farm.get_run_and_status(s.run.uuid)[0],
        lambda s, r: r == s.run,
    ),
    Operation(
        "runs",
        ("list_runs", "READ"),
        r"^GET /api/runs$",
        lambda s: s.farm.runs(),
        lambda s, r: s.run in r,  # type: ignore[operator]
    ),
    Operation(
        "complete",
        ("update_task", "COMPLETE"),
        "^PUT ",
        lambda s: s.held().complete(),
        lambda s, _: state(s) == "done" and s.run.status().percent_done == 100 / 3,
        claims_first=True,
    ),
    Operation(
        "report",
        ("update_task", "REPORT"),
        "^PUT ",
        report,
        lambda s, _: state(s) == "computing",
        dict.fromkeys(FAULTS, End.DROPPED),
        claims_first=True,
    ),
    Operation(
        "probe",
        ("register_worker", "REPORT"),
        "^POST /api/worker$",
        lambda s: s.farm._link.drive(claims.can_write(s.farm._link.session)),
        lambda _, r: r is False,
        dict.fromkeys(FAULTS, End.DROPPED),
    ),
    Operation(
        "give back",
        ("update_task", "SETTLE"),
        "^PUT ",
        lambda s: s.held().release(),
        lambda s, _: state(s) == "waiting",
        {Fault.LOST_AFTER: End.ONCE},
        claims_first=True,
    ),
    Operation(
        "fail",
        ("update_task", "SETTLE"),
        "^PUT ",
        fail_once,
        lambda s, _: is_counted(s),
        {Fault.LOST_AFTER: End.ONCE},
        claims_first=True,
    ),
    Operation(
        "delete",
        ("delete_run", "DELETE"),
        "^DELETE ",
        lambda s: s.run.delete(),
        lambda s, _: s.run not in s.farm.runs(),
    ),
    Operation(
        "register",
        ("register_worker", "REGISTER"),
        "^POST /api/worker$",
        lambda s: s.worker.claim(),
        lambda s, _: no_uuid_twice(s),
    ),
    Operation(
        "hand-out",
        ("claim_task", "CLAIM"),
        "^POST /api/runs/.*/task$",
        lambda s: s.worker.claim(),
        lambda s, task: isinstance(task, Task) and state(s, task.number) == "computing",
    ),
    Operation(
        "create",
        ("create_run", "CREATE"),
        "^POST /api/run$",
        lambda s: s.farm.create_run(7),
        lambda s, run: run in s.farm.runs(),
        all_lost(End.UNKNOWN, SICK=End.ERROR),
    ),
    Operation(
        "restart",
        ("restart_run", "RESTART"),
        "^POST /api/runs/.*/restart",
        lambda s: s.run.reset_all(),
        lambda s, _: s.run.status().computing == 0,
        all_lost(End.UNKNOWN, SICK=End.ERROR),
        claims_first=True,
    ),
]


def no_uuid_twice(scene: Scene) -> bool:
    bodies = scene.proxy.bodies("^POST /api/worker$")
    uuids = [body["uuid"] for body in bodies if isinstance(body, dict)]
    return len(uuids) == len(set(uuids)) == len(bodies)


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


def name_of(fault: object) -> str:
    return fault.name.lower() if isinstance(fault, Fault) else str(fault)


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
