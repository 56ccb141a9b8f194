"""A network that drops, refuses and stalls a third of all requests before the server."""

from __future__ import annotations

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios
from tests.support.chaos import Watched

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]

NUM_TASKS = {"embedded": 40, "postgresql": 100}


def test_a_network_in_chaos_loses_no_task_and_reopens_none(server: LocalServer, kind: str) -> None:
    scenarios.disturb_the_network(server, NUM_TASKS[kind])


def test_what_reopens_a_finished_task_is_noticed(taskfarm_server: LocalServer) -> None:
    with (
        Watched(taskfarm_server.url) as watched,
        Farm(watched.url, user=taskfarm_server.user, password=taskfarm_server.password) as farm,
    ):
        run = farm.create_run(1)
        for _ in range(2):
            assert watched.reopened() == []
            with run.worker() as worker:
                for task in worker:
                    task.complete()
        run.reset_tasks([0])
        assert len(watched.reopened()) == 1
        with run.worker() as worker:
            assert worker.claim() is not None
        assert len(watched.reopened()) == 3  # the hand-out, and the giving back
        run.delete()
