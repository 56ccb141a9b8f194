"""What happens to runs in earnest, on PostgreSQL where many requests are served at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.engines.conftest import Mortal, PostgreSQL
from tests.live import showing
from tests.live.fleet import fleet, run_of
from tests.live.processes import members

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.timeout(400)]

AWAY_S = 20


@pytest.fixture
def server(postgres: PostgreSQL, database: str) -> Iterator[LocalServer]:
    with LocalServer(database_url=postgres.url(database), processes=2, threads=4) as server:
        yield server


def test_a_server_killed_again_and_again_costs_no_worker_and_no_task(server: LocalServer) -> None:
    showing.a_server_is_killed(server, 500, 0.05)


def test_a_run_finishes_as_long_as_one_worker_lives(server: LocalServer) -> None:
    showing.three_of_four_workers_are_killed(server, long_s=10)


def test_a_network_in_chaos_loses_no_task_and_reopens_none(server: LocalServer) -> None:
    showing.the_network_is_chaos(server, 200)


def test_eight_workers_asked_to_end_give_their_tasks_back_in_two_seconds(
    server: LocalServer,
) -> None:
    showing.eight_workers_are_asked_to_end(server)


def test_a_server_process_that_stood_still_spoils_no_finished_task(server: LocalServer) -> None:
    assert server.pid is not None
    showing.a_server_process_stands_still(server, members(server.pid)[1].pid)


@pytest.mark.parametrize("finishes", [True, False], ids=["it_finishes", "it_is_ended"])
def test_a_worker_that_stood_still_lets_go_of_what_was_taken(
    server: LocalServer, tmp_path: Path, finishes: bool
) -> None:
    showing.a_worker_stands_still_until_its_task_is_taken(server, tmp_path, finishes=finishes)


def test_workers_of_both_kinds_finish_a_run_and_ours_take_no_live_task_of_theirs(
    server: LocalServer,
) -> None:
    showing.a_fleet_is_mixed(server)


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
        showing.all_done(run, workers)
        assert workers.said().count("is back after") >= 1
