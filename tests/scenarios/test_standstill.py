"""Processes that stand still, ended by nobody: of the server, and of its workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import scenarios
from tests.support.processes import members

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]


def test_a_server_process_that_stood_still_spoils_no_finished_task(
    server: LocalServer, tmp_path: Path
) -> None:
    assert server.pid is not None
    scenarios.stop_a_server_process(server, members(server.pid)[1].pid, tmp_path)


@pytest.mark.parametrize("finishes", [True, False], ids=["it_finishes", "it_is_ended"])
def test_a_worker_that_stood_still_lets_go_of_what_was_taken(
    server: LocalServer, tmp_path: Path, finishes: bool
) -> None:
    scenarios.stop_a_worker_until_its_task_is_taken(server, tmp_path, finishes=finishes)
