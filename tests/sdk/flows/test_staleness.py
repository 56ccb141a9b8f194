"""The looks and the time after which a task of others is stale."""

from __future__ import annotations

import math
from typing import Literal

import pytest

from taskfarm_sdk import ConfigurationError
from taskfarm_sdk._flows.recovery import StaleAfter, Watchlist, is_foreign, stale_after
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol.lease import Lease
from taskfarm_sdk._protocol.operations import TaskRow

LEASED = leases.encode(Lease(10, 0, 1, 4711))
PATIENCE = StaleAfter(stale_after_s=120, unleased_after_s=None)


def looked_at(
    times: list[float], value: float | None = LEASED, stale_after: StaleAfter = PATIENCE
) -> list[int]:
    """Return what is stale after looks at these times at one task that stands still."""
    watched = Watchlist()
    for now in times:
        watched.look(TaskRow(7, "computing", value), now)
    return watched.stale(lambda held: stale_after.for_task(held, None))


@pytest.mark.parametrize(
    ("times", "stale"),
    [
        pytest.param([0, 40, 80, 120], [7], id="four looks over the time"),
        pytest.param([0, 40, 80, 119], [], id="not long enough"),
        pytest.param([0, 60, 120], [], id="too few looks, too far apart"),
        pytest.param([0, 40, 80, 126], [], id="one look missed"),
        pytest.param([0, 40, 5000], [], id="a sleep proves nothing"),
        pytest.param([0, 40, 5000, 5040, 5080, 5119], [], id="the clock starts anew"),
        pytest.param([0, 40, 5000, 5040, 5080, 5120], [7], id="and runs full"),
    ],
)
def test_a_task_is_stale_after_enough_looks_close_enough(
    times: list[float], stale: list[int]
) -> None:
    assert looked_at(times) == stale


def test_a_number_that_moves_is_a_sign_of_life() -> None:
    watched = Watchlist()
    for now in range(0, 1000, 10):
        value = leases.encode(Lease(10, 0, now // 100, 4711))
        watched.look(TaskRow(7, "computing", value), now)
        assert watched.stale(lambda held: PATIENCE.for_task(held, None)) == []


def test_a_task_that_computes_no_more_is_watched_no_more() -> None:
    watched = Watchlist()
    watched.look(TaskRow(7, "computing", LEASED), 0)
    assert watched.look(TaskRow(7, "done", 100), 1)
    assert watched.numbers == []


@pytest.mark.parametrize("value", [None, math.nan, 37.5, 250.0, 0.0], ids=str)
def test_a_task_without_a_lease_has_longer(value: float | None) -> None:
    times = [float(now) for now in range(0, 1240, 40)]
    assert looked_at(times[:30], value) == []
    assert looked_at(times, value) == [7]


@pytest.mark.parametrize(
    ("longest_s", "expected_s"),
    [(None, 1200), (1, 120), (30, 300), (1000, 3600)],
)
def test_the_patience_with_other_clients_follows_the_longest_task(
    longest_s: float | None, expected_s: float
) -> None:
    assert PATIENCE.for_task(50.0, longest_s) == expected_s
    assert StaleAfter(120, 77).for_task(50.0, longest_s) == 77
    assert PATIENCE.for_task(LEASED, longest_s) == 120


@pytest.mark.parametrize(
    ("stale_after_s", "unleased_after_s"), [(89, "auto"), (math.nan, "auto"), (120, 0), (120, -1)]
)
def test_a_patience_that_live_workers_would_try_is_refused(
    stale_after_s: float, unleased_after_s: float
) -> None:
    with pytest.raises(ConfigurationError, match="after_s"):
        stale_after(stale_after_s, unleased_after_s, heartbeat_s=30)


@pytest.mark.parametrize("value", [None, 0.0, 37.5, math.nan])
def test_where_all_send_heartbeats_a_task_without_is_stale_as_soon_as_one_with(
    value: float | None,
) -> None:
    patience = stale_after(150, "stale_after_s", 30)
    assert patience.for_task(value, None) == 150
    assert patience.for_task(value, 1000) == 150
    assert patience.for_task(value, None, foreign_seen=True) == 1200
    assert patience.for_task(value, 60, foreign_seen=True) == 600
    assert patience.for_task(LEASED, 60, foreign_seen=True) == 150


@pytest.mark.parametrize(
    ("status", "value", "foreign"),
    [
        ("computing", 0.0, False),
        ("computing", None, False),
        ("computing", LEASED, False),
        ("computing", 37.5, True),
        ("computing", 100.0, True),
        ("computing", math.nan, True),
        ("computing", math.inf, True),
        ("computing", -1.0, True),
        ("waiting", 0.0, False),
        ("waiting", LEASED, False),
        ("waiting", 12.0, True),
        ("done", 100.0, False),
        ("done", LEASED, False),
        ("done", 99.9999999, True),
        ("done", 0.0, True),
        ("done", None, True),
    ],
)
def test_a_number_that_no_worker_of_ours_writes_is_foreign(
    status: Literal["waiting", "computing", "done"], value: float | None, foreign: bool
) -> None:
    assert is_foreign(TaskRow(7, status, value)) == foreign
