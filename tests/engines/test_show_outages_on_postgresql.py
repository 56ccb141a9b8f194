"""Runs behind a network in chaos, and without their database for a while, on PostgreSQL."""

from __future__ import annotations

import time

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios
from tests.support.fleet import fleet, run_of
from tests.support.postgresql import Mortal, PostgreSQL

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.timeout(400)]

AWAY_S = 20


def test_a_network_in_chaos_loses_no_task_and_reopens_none(
    postgres: PostgreSQL, database: str
) -> None:
    with LocalServer(database_url=postgres.url(database), processes=2, threads=4) as server:
        scenarios.the_network_is_chaos(server, 200)


def test_a_database_that_is_away_for_long_costs_no_worker_and_no_login(
    mortal_postgres: tuple[PostgreSQL, Mortal],
) -> None:
    postgres, engine = mortal_postgres
    postgres.run("CREATE DATABASE farm")
    with (
        LocalServer(database_url=postgres.url("farm"), processes=2, threads=4) as server,
        run_of(server, 200) as (_, run, token),
        fleet(run, token, 0.1, updates=3) as workers,
    ):
        workers.have_computed(50)
        engine.stop()
        time.sleep(AWAY_S)
        assert [process.poll() for process in workers.processes] == [None] * 4, workers.said()
        engine.start()
        assert workers.all_ended_well(), workers.said()
        scenarios.all_done(run, workers)
        assert workers.said().count("is back after") >= 1
