"""Fleets that are asked to end, and ones that work beside taskfarm-worker's workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios
from tests.support.peers import needs_peers

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]


def test_eight_workers_asked_to_end_give_their_tasks_back_and_wait_for_nothing(
    server: LocalServer,
) -> None:
    scenarios.ask_eight_workers_to_end(server)


@needs_peers
def test_workers_of_both_kinds_finish_a_run_and_ours_take_no_live_task_of_theirs(
    server: LocalServer, tmp_path: Path
) -> None:
    scenarios.mix_a_fleet(server, tmp_path)
