"""Operations of the retry table, each with the request that goes wrong and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import attrs

from taskfarm_sdk import (
    Farm,
    Run,
    Task,
    Worker,
)
from taskfarm_sdk._flows import claims, runs
from taskfarm_sdk.testing import LocalServer
from tests.support.clock import FastClock
from tests.support.farms import farm_by
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.inside import held
from tests.support.processes import NET_S
from tests.support.retried_operations import Pair

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


def name_of(fault: object) -> str:
    return fault.name.lower() if isinstance(fault, Fault) else str(fault)
