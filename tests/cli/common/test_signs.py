"""Signs of life: a run is called stale only where its counts show that nobody sends heartbeats."""

from __future__ import annotations

import math

import attrs
import pytest

from taskfarm_cli.common.signs import STALE_AFTER_S, Signs
from taskfarm_sdk import RunStatus
from taskfarm_sdk._protocol.lease import Lease, encode

STATUS = RunStatus(num_tasks=10, waiting=6, computing=2, done=2, failed=None, percent_done=21.5)
LONG_S = STALE_AFTER_S + 1


def quiet(status: RunStatus = STATUS, for_s: float = LONG_S) -> Signs:
    """Return the signs of a run that stayed as it is."""
    signs = Signs()
    signs.add(0, status)
    signs.add(for_s, status)
    return signs


def test_computing_tasks_that_do_not_change_for_long_are_stale() -> None:
    assert quiet().stale_s == LONG_S
    assert quiet(for_s=STALE_AFTER_S - 1).stale_s is None


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(attrs.evolve(STATUS, computing=0, waiting=8), id="nothing computes"),
        pytest.param(attrs.evolve(STATUS, percent_done=0.0), id="too small to show heartbeats"),
        pytest.param(attrs.evolve(STATUS, percent_done=math.nan), id="another client's number"),
    ],
)
def test_nothing_is_said_where_nothing_is_known(status: RunStatus) -> None:
    assert quiet(status).stale_s is None


@pytest.mark.parametrize("num_tasks", [10, 1_000_000])
def test_a_single_heartbeat_is_a_sign_of_life(num_tasks: int) -> None:
    def mean(beat: int) -> float:
        task = encode(Lease(percent=40.0, attempts=0, beat=beat, holder=4711))
        return (100.0 * (num_tasks // 2) + task) / num_tasks

    signs = Signs()
    for turn in range(9):
        signs.add(turn * 30.0, attrs.evolve(STATUS, percent_done=mean(turn)))
        assert signs.stale_s is None


def test_the_time_of_an_outage_does_not_count() -> None:
    signs = Signs()
    signs.add(0, STATUS)
    signs.interrupt()
    signs.add(LONG_S, STATUS)
    assert signs.stale_s is None
    signs.add(2 * LONG_S, STATUS)
    assert signs.stale_s == LONG_S
