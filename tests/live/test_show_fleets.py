"""Fleets on the embedded server: mixed ones, ones that are asked to end, and what they cost."""

from __future__ import annotations

import re

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios
from tests.support.fleet import WORKERS, fleet
from tests.support.peers import needs_peers
from tests.support.serve_tf import serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

NUM_TASKS = 100


def test_eight_workers_asked_to_end_give_their_tasks_back_in_two_seconds(
    taskfarm_server: LocalServer,
) -> None:
    scenarios.eight_workers_are_asked_to_end(taskfarm_server)


@needs_peers
def test_workers_of_both_kinds_finish_a_run_and_ours_take_no_live_task_of_theirs(
    taskfarm_server: LocalServer,
) -> None:
    scenarios.a_fleet_is_mixed(taskfarm_server)


@pytest.mark.parametrize("updates", [0, 50])
def test_a_quick_task_costs_the_server_two_requests_however_often_it_is_updated(
    tmp_path: object, updates: int
) -> None:
    with serving("--data", f"{tmp_path}/data", "--access-log") as serve, Farm() as farm:
        run, token = farm.create_run(NUM_TASKS), farm.login()
        with fleet(run, token, 0.02, updates=updates, linger=False) as workers:
            assert workers.all_ended_well(), workers.said()
        run.delete()
        serve.says('"DELETE ')
        logged = re.findall(r'"([A-Z]+) /api/(?:runs/\w+/)?(\S+) HTTP', serve.text)
        kinds = [f"{method} {re.sub(r'[0-9]+$', 'N', path)}" for method, path in logged]
        assert kinds.count("POST task") == NUM_TASKS + WORKERS  # and one each for the end
        assert kinds.count("PUT tasks/N") == NUM_TASKS
        assert kinds.count("POST worker") == WORKERS
        assert not [kind for kind in kinds if kind.startswith("GET tasks/")]
