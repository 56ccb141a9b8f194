"""The matrix of hostile replies: each becomes one error of the SDK, in bounded time and memory.

Ten operations, the replies of `tests/support/hostile`, and five callers. By default each
caller meets a part of the matrix in which each reply and each operation occurs; with
`TASKFARM_WHOLE_MATRIX=1`, as in `.ci/full`, all of it.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import attrs
import pytest

from taskfarm_cli.common import connection_options
from taskfarm_cli.manage import mode
from taskfarm_sdk import Farm
from taskfarm_sdk._sansio.clock import SystemClock
from tests.support.counted import COUNTED as COUNTED_CASES
from tests.support.hostile import (
    callers,
    checks,
    echoes,
    endless,
    frames,
    heard,
    remote,
    replies,
    wrong_types,
)
from tests.support.hostile.callers import Caller, Came, Manage, meet
from tests.support.hostile.checks import Check
from tests.support.hostile.heard import Heard
from tests.support.hostile.operations import BARE, OPERATIONS, TOKEN, Operation
from tests.support.hostile.remote import RemoteCaller
from tests.support.hostile.replies import Hostile
from tests.support.stub_server import StubServer, stub_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

WHOLE = os.environ.get("TASKFARM_WHOLE_MATRIX", "0") == "1"
FAMILIES = {
    "statuses": cache(replies.statuses),
    "pages": cache(replies.pages),
    "bodies": cache(replies.bodies),
    "frames": cache(frames.frames),
    "odd frames": cache(frames.oddly_framed),
    "cuts": cache(frames.cuts),
    "echoes": cache(echoes.echoes),
    "types": cache(wrong_types.types),
    "odd values": cache(wrong_types.odd_values),
}
FLOODS = cache(endless.floods)
CROWDS = cache(endless.crowds)
Cell = tuple[Hostile, Operation]


@attrs.frozen
class Column:
    """A caller, and what it is held to.

    Attributes:
        caller: who asks; None for manageTF, which needs what pytest captures.
        check: what is wrong with what came of a reply.
        every: of the cells of each family, each how many-th is met by default.
        works: whether the caller is a worker.
        once: whether sound replies follow the hostile one.
    """

    caller: Caller | None
    check: Check
    every: dict[str, int]
    works: bool = False
    once: bool = False

    @property
    def operations(self) -> list[Operation]:
        """The operations that it sends."""
        return [OPERATIONS[name] for name in (callers.LEADS_TO if self.works else OPERATIONS)]


# No divisors of the number of operations, so that each of these has its turn. A worker's cell takes
# as long as eight others.
OFTEN = {
    "statuses": 11,
    "pages": 11,
    "bodies": 7,
    "frames": 7,
    "odd frames": 3,
    "cuts": 23,
    "echoes": 3,
    "types": 1,
    "odd values": 3,
}
SELDOM = {
    "statuses": 37,
    "pages": 13,
    "bodies": 7,
    "frames": 7,
    "odd frames": 7,
    "cuts": 43,
    "echoes": 3,
    "types": 11,
    "odd values": 13,
}
RARELY = {
    "statuses": 97,
    "pages": 37,
    "bodies": 19,
    "frames": 17,
    "odd frames": 11,
    "cuts": 53,
    "echoes": 13,
    "types": 19,
    "odd values": 23,
}
COLUMNS = {
    "blocking": Column(callers.ask_blocking, checks.faults_of_farm, OFTEN),
    "awaiting": Column(callers.ask_awaiting, checks.faults_of_farm, SELDOM),
    "manageTF": Column(None, checks.faults_of_command, SELDOM),
    "worker": Column(callers.work, checks.faults_of_worker, RARELY, works=True),
    "worker, once": Column(callers.work, checks.faults_of_recovery, RARELY, works=True, once=True),
}


def cells_of(column: Column, family: str, *, whole: bool = WHOLE) -> list[Cell]:
    """Return the replies of a family that a caller meets, each with its operation."""
    cells = [
        (hostile, operation)
        for hostile in FAMILIES[family]()
        for operation in column.operations
        if hostile.is_for(operation)
    ]
    return cells if whole else cells[:: column.every[family]]


# Cells must not vanish unnoticed: how many there are, in a part of the matrix and in the whole.
COUNTED = {
    "blocking": (1_692, 9_941),
    "awaiting": (621, 9_941),
    "manageTF": (621, 9_941),
    "worker": (163, 6_164),
    "worker, once": (163, 6_164),
}
# A worker gives up a request that drips at once, for each of its attempts takes real time.
DRIPPED_ON: dict[str, Caller] = {
    "blocking": callers.ask_blocking,
    "awaiting": callers.ask_awaiting,
    "worker": callers.work_hastily,
}
DRIP_TIMEOUT_S = 1.0
# What reading one reply may take beyond what was in use before it. A list of runs may have 64 MiB.
PEAK_MOST_KIB = 32 * 1024
PEAK_OF_A_LIST_MOST_KIB = 192 * 1024


@pytest.fixture
def server() -> Iterator[StubServer]:
    with stub_server(b"") as server:
        yield server


@pytest.fixture
def lines() -> Iterator[Heard]:
    with heard.listening() as lines:
        yield lines


@pytest.fixture
def manage(
    server: StubServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Manage:
    """Let manageTF try each request once, and wait for nothing."""
    monkeypatch.setattr(connection_options, "GIVE_UP_AFTER_S", 0.0)
    monkeypatch.setattr(mode, "GIVE_UP_IN_THE_MIDDLE_AFTER_S", 0.0)
    monkeypatch.setattr(SystemClock, "wait", lambda *_: None)
    monkeypatch.setenv("TASKFARM_URL", server.url)
    monkeypatch.setenv("TASKFARM_TOKEN", TOKEN)
    return Manage(capsys.readouterr)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("caller", COLUMNS)
def test_each_hostile_reply_is_one_error_of_the_sdk(
    server: StubServer,
    manage: Manage,
    lines: Heard,
    caller: str,
    family: str,
    record_property: Callable[[str, object], None],
) -> None:
    column = COLUMNS[caller]
    met: Counter[str] = Counter()
    faults: list[str] = []
    for hostile, operation in cells_of(column, family):
        lines.take()
        came, scene = meet(
            server,
            column.caller or manage,
            operation,
            hostile,
            works=column.works,
            once=column.once,
        )
        met[operation.name] += 1
        wrong = (
            *column.check(came, scene, hostile, operation),
            *checks.faults_of_log(lines.take()),
        )
        faults += [f"{hostile.name}, {operation.name}: {fault}" for fault in wrong]
    record_property(COUNTED_CASES, ("cells of hostile replies", met.total()))
    assert faults == []
    assert met.total() == len(cells_of(column, family))
    assert set(met) == {operation.name for operation in column.operations} - _WITHOUT.get(
        family, set()
    )


# Their replies have no document, in which types could be wrong.
_WITHOUT = {family: {*BARE} for family in ("types", "odd values")}


@pytest.mark.parametrize("caller", COLUMNS)
def test_no_cell_of_the_matrix_is_lost(caller: str) -> None:
    column = COLUMNS[caller]
    part, whole = (
        sum(len(cells_of(column, family, whole=whole)) for family in FAMILIES)
        for whole in (False, True)
    )
    assert (part, whole) == COUNTED[caller]


def _drips_on(caller: str) -> list[Cell]:
    """Return the replies that drip: each with each operation, or by default with one in turn."""
    operations = callers.SENT_AT_ONCE if caller == "worker" else list(OPERATIONS)
    cells = [(each, OPERATIONS[name]) for each in endless.drips() for name in operations]
    return cells if WHOLE else cells[:: len(operations) - 1]


def _drip_on(caller: str, cell: Cell) -> list[str]:
    hostile, operation = cell
    works = caller == "worker"
    check = checks.faults_of_worker if works else checks.faults_of_farm
    with stub_server(b"") as server:
        came, scene = meet(
            server,
            DRIPPED_ON[caller],
            operation,
            hostile,
            timeout_s=DRIP_TIMEOUT_S,
            works=works,
        )
    return [f"{hostile.name}, {operation.name}: {fault}" for fault in check(came, scene, *cell)]


@pytest.mark.parametrize("caller", DRIPPED_ON)
def test_a_reply_that_never_ends_is_given_up(caller: str) -> None:
    # Farms would only wait one after the other; of a worker, the threads that are left are counted.
    with ThreadPoolExecutor(max_workers=1 if caller == "worker" else 10) as pool:
        faults = list(pool.map(lambda cell: _drip_on(caller, cell), _drips_on(caller)))
    assert len(faults) >= 10
    assert list(itertools.chain(*faults)) == []


def test_a_command_gives_up_a_reply_that_never_ends(
    server: StubServer, manage: Manage, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = Farm.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", DRIP_TIMEOUT_S)
    faults: list[str] = []
    for hostile, operation in _drips_on("manageTF"):
        came, scene = meet(server, manage, operation, hostile)
        faults += checks.faults_of_command(came, scene, hostile, operation)
    assert faults == []


def _floods_on(operation: Operation) -> list[Hostile]:
    """Return the replies of 200 MB that an operation is answered with."""
    # Of a list, as much is read as its time allows, and either bound may be met first.
    with_labour = WHOLE and operation.name != "list_runs"
    crowds = CROWDS()[: None if WHOLE else 1] if operation.name == "list_runs" else []
    return [
        *(each for each in FLOODS() if with_labour or each.name not in endless.LABORIOUS),
        *crowds,
    ]


def _faults_of_flood(
    caller: str, client: RemoteCaller, came: Came, hostile: Hostile, operation: Operation
) -> Iterator[str]:
    error_of = checks.error_in_worker if caller == "worker" else checks.error_of
    wanted = error_of(hostile, operation)
    assert wanted is not None
    if caller == "manageTF" and came.status != checks.exit_status_of(wanted, hostile.status):
        yield f"exit status {came.status} for {wanted.__name__}"
    if caller != "manageTF" and client.error != wanted.__name__:
        yield f"{client.error}, not {wanted.__name__}"
    most_kib = PEAK_OF_A_LIST_MOST_KIB if operation.name == "list_runs" else PEAK_MOST_KIB
    if client.peak_kib > most_kib:
        yield f"took {client.peak_kib} KiB"


@pytest.mark.skipif(not remote.FORGET_PEAK.exists(), reason="needs the peak of Linux's /proc")
@pytest.mark.parametrize("caller", ["blocking", "awaiting", "worker", "manageTF"])
def test_no_reply_takes_more_memory_than_a_bound(server: StubServer, caller: str) -> None:
    works = caller == "worker"
    some = ["claim_task"] if works else ["list_runs", "get_run"]
    environment = {"TASKFARM_URL": server.url, "TASKFARM_TOKEN": TOKEN}
    faults: list[str] = []
    with remote.remote(server.url, caller, environment) as client:
        for name in (callers.SENT_AT_ONCE if works else OPERATIONS) if WHOLE else some:
            operation = OPERATIONS[name]
            # What is imported and made once is none of a reply's.
            meet(server, client, operation, replies.page_at(503), works=works)
            for hostile in _floods_on(operation):
                came, _ = meet(server, client, operation, hostile, works=works)
                wrong = _faults_of_flood(caller, client, came, hostile, operation)
                faults += [f"{hostile.name}, {name}: {fault}" for fault in wrong]
    assert faults == []
