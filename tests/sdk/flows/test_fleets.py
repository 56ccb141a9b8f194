"""Many workers that start at once: spread over a moment, with one token and one password hash."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from taskfarm_sdk import ConfigurationError, Farm, Run
from taskfarm_sdk._flows.claims import start_spread_s
from taskfarm_sdk.testing import LocalServer
from tests.support.clock import FastClock
from tests.support.fault_proxy import FaultProxy

pytestmark = pytest.mark.live

PROCESSES = 4


@pytest.mark.parametrize(
    ("fleet_size", "spread_s"), [(1, 0), (2, 0.02), (101, 2), (251, 5), (100_000, 5)]
)
def test_a_fleet_spreads_its_start_by_its_size(fleet_size: int, spread_s: float) -> None:
    assert start_spread_s(fleet_size) == pytest.approx(spread_s)


def test_one_of_a_fleet_waits_before_its_first_claim_and_never_again(
    proxied_farm: Farm, clock: FastClock
) -> None:
    with proxied_farm.create_run(5).worker(fleet_size=200) as worker:
        for task in worker:
            task.complete()
    assert len(clock.waits) == 1
    assert 0 <= clock.waits[0] <= start_spread_s(200)


def test_one_alone_does_not_wait(proxied_farm: Farm, clock: FastClock) -> None:
    with proxied_farm.create_run(1).worker() as worker:
        for task in worker:
            task.complete()
    assert clock.waits == []


def test_stop_ends_the_wait_of_a_fleets_start(
    proxied_farm: Farm, proxy: FaultProxy, clock: FastClock
) -> None:
    worker = proxied_farm.create_run(1).worker(fleet_size=2)
    clock.in_a_wait = lambda _: worker.stop()
    assert worker.claim() is None
    assert len(clock.waits) == 1
    assert proxy.count("^POST .*/worker$") == 0


@pytest.mark.parametrize("size", [0, -1, 1.5, True], ids=repr)
def test_a_fleet_of_no_sound_size_is_refused(proxied_farm: Farm, size: int) -> None:
    run = proxied_farm.create_run(1)
    with pytest.raises(ConfigurationError, match="fleet_size"):
        run.worker(fleet_size=size)


def work_on(run: Run) -> int:
    """Work on a run that came by pickle, as one of a fleet."""
    with run.worker(fleet_size=PROCESSES) as worker:
        done = 0
        for task in worker:
            with task:
                done += 1
        return done


def test_a_whole_fleet_costs_the_server_one_password_hash(
    proxy: FaultProxy, taskfarm_server: LocalServer
) -> None:
    server = taskfarm_server
    with Farm(proxy.url, user=server.user, password=server.password) as farm:
        run = farm.create_run(40)
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            parts = [pool.submit(work_on, run) for _ in range(PROCESSES)]
            assert sum(part.result() for part in parts) == 40
        assert run.status().succeeded
        run.delete()
    assert proxy.count("^POST /api/worker$") == PROCESSES
    assert sum(seen.with_password for seen in proxy.seen) == 1
