"""Servers, databases and workers killed in mid-run: the run finishes by itself, nothing is lost."""

from __future__ import annotations

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios
from tests.support.postgresql import Mortal, PostgreSQL

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]

# How many tasks there are, and how long each takes.
SIZES = {"embedded": (200, 0.02), "postgresql": (500, 0.05)}


def test_a_server_killed_again_and_again_costs_no_worker_and_no_task(
    server: LocalServer, kind: str
) -> None:
    scenarios.kill_the_server_in_mid_run(server, *SIZES[kind])


def test_a_run_finishes_as_long_as_one_worker_lives(server: LocalServer) -> None:
    scenarios.kill_three_of_four_workers(server)


def test_the_next_worker_on_the_host_goes_on_where_one_was_killed(server: LocalServer) -> None:
    scenarios.kill_the_only_worker(server)


@pytest.mark.postgres
@pytest.mark.engine
def test_a_database_that_is_away_for_long_costs_no_worker_and_no_login(
    mortal_postgres: tuple[PostgreSQL, Mortal],
) -> None:
    postgres, engine = mortal_postgres
    postgres.run("CREATE DATABASE farm")
    with LocalServer(database_url=postgres.url("farm"), processes=2, threads=4) as server:
        scenarios.take_the_database_away(server, engine)
