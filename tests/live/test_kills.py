"""Servers and workers killed in mid-run, for real: the run finishes by itself, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


def test_a_server_killed_again_and_again_costs_no_worker_and_no_task(server: LocalServer) -> None:
    scenarios.a_server_is_killed(server, 200, 0.02)


def test_a_run_finishes_as_long_as_one_worker_lives(server: LocalServer) -> None:
    scenarios.three_of_four_workers_are_killed(server, long_s=3)
