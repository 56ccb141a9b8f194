"""What happens to runs in earnest, on PostgreSQL where many requests are served at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios
from tests.support.postgresql import PostgreSQL
from tests.support.processes import members

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.timeout(400)]


@pytest.fixture
def server(postgres: PostgreSQL, database: str) -> Iterator[LocalServer]:
    with LocalServer(database_url=postgres.url(database), processes=2, threads=4) as server:
        yield server


def test_a_server_killed_again_and_again_costs_no_worker_and_no_task(server: LocalServer) -> None:
    scenarios.a_server_is_killed(server, 500, 0.05)


def test_a_run_finishes_as_long_as_one_worker_lives(server: LocalServer) -> None:
    scenarios.three_of_four_workers_are_killed(server, long_s=10)


def test_eight_workers_asked_to_end_give_their_tasks_back_in_two_seconds(
    server: LocalServer,
) -> None:
    scenarios.eight_workers_are_asked_to_end(server)


def test_a_server_process_that_stood_still_spoils_no_finished_task(server: LocalServer) -> None:
    assert server.pid is not None
    scenarios.a_server_process_stands_still(server, members(server.pid)[1].pid)


@pytest.mark.parametrize("finishes", [True, False], ids=["it_finishes", "it_is_ended"])
def test_a_worker_that_stood_still_lets_go_of_what_was_taken(
    server: LocalServer, tmp_path: Path, finishes: bool
) -> None:
    scenarios.a_worker_stands_still_until_its_task_is_taken(server, tmp_path, finishes=finishes)


def test_workers_of_both_kinds_finish_a_run_and_ours_take_no_live_task_of_theirs(
    server: LocalServer,
) -> None:
    scenarios.a_fleet_is_mixed(server)
