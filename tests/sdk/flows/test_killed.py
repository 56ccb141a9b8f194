"""Whose a task is, from what a killed worker had noted of it and what the server holds."""

from __future__ import annotations

import math

import pytest

from taskfarm_sdk._flows.killed import KilledHold, Verdict, judge
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol.lease import Lease
from taskfarm_sdk._protocol.operations import TaskRow

THEIRS, MAYBE, NO_MORE = Verdict.THEIRS, Verdict.MAYBE, Verdict.NO_MORE
OURS = leases.encode(Lease(10, 1, 3, 4711))
OTHERS = leases.encode(Lease(10, 1, 3, 4712))


@pytest.mark.parametrize(
    ("given", "holder", "leaving", "status", "now", "verdict"),
    [
        pytest.param(0.0, None, False, "computing", 0.0, MAYBE, id="no lease yet"),
        pytest.param(math.nan, None, False, "computing", None, MAYBE, id="no number at all"),
        pytest.param(37.5, None, False, "computing", 37.5, MAYBE, id="another client's number"),
        pytest.param(OTHERS, None, False, "computing", OTHERS, MAYBE, id="an earlier lease"),
        pytest.param(0.0, 4711, False, "computing", OURS, THEIRS, id="its lease"),
        pytest.param(0.0, 4711, False, "computing", 0.0, MAYBE, id="its lease did not arrive"),
        pytest.param(0.0, 4711, True, "computing", OURS, MAYBE, id="maybe handed out again"),
        pytest.param(0.0, None, False, "computing", OURS, NO_MORE, id="a lease of somebody"),
        pytest.param(0.0, 4711, False, "computing", OTHERS, NO_MORE, id="another lease"),
        pytest.param(0.0, 4711, False, "waiting", OURS, NO_MORE, id="waits"),
        pytest.param(0.0, 4711, False, "done", 100.0, NO_MORE, id="is done"),
        pytest.param(0.0, None, False, "computing", 37.5, NO_MORE, id="another number"),
    ],
)
def test_a_task_is_told_to_be_the_killed_workers_or_not(
    given: float, holder: int | None, leaving: bool, status: str, now: float, verdict: Verdict
) -> None:
    hold = KilledHold(7, given, holder, leaving)
    assert judge(hold, TaskRow(7, status, now)) is verdict  # type: ignore[arg-type]
