"""The number of requests that a fleet sends, by the server's own log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from tests.support.fleet import WORKERS, fleet
from tests.support.serve_tf import serving

pytestmark = pytest.mark.live

NUM_TASKS = 100


@pytest.mark.parametrize("updates", [0, 50])
def test_a_quick_task_costs_the_server_two_requests_however_often_it_is_updated(
    tmp_path: Path, updates: int
) -> None:
    with serving("--data", tmp_path / "data", "--access-log") as serve, Farm() as farm:
        run, token = farm.create_run(NUM_TASKS), farm.login()
        # Quick is what ends before its first report and its first beat, and no request is repeated.
        with fleet(
            run, token, 0.02, updates=updates, linger=False,
            report_every_s=60, first_beat_s=30, timeout_s=60,
        ) as workers:  # fmt: skip
            workers.wait_for_success()
        run.delete()
        serve.says('"DELETE ')
        logged = re.findall(r'"([A-Z]+) /api/(?:runs/\w+/)?(\S+) HTTP', serve.text)
        kinds = [f"{method} {re.sub(r'[0-9]+$', 'N', path)}" for method, path in logged]
        assert kinds.count("POST task") == NUM_TASKS + WORKERS  # and one each for the end
        assert kinds.count("PUT tasks/N") == NUM_TASKS
        assert kinds.count("POST worker") == WORKERS
        assert not [kind for kind in kinds if kind.startswith("GET tasks/")]
