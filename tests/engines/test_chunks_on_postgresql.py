"""Chunks where many requests are served at once: several workTFs, of which some are killed."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer
from tests.support.chunked import Chunked

pytestmark = [pytest.mark.live, pytest.mark.postgres]

JOBS = ("-j2", "--grace-s", "60", "--max-attempts", "98")


@pytest.mark.parametrize(
    "kept", [pytest.param((), id="position"), pytest.param(("--log", "kept"), id="log")]
)
def test_planned_ends_repeat_no_item_beside_others(
    postgres_server: LocalServer,
    postgres_farm: Farm,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kept: tuple[str, ...],
) -> None:
    monkeypatch.setenv("TASKFARM_URL", postgres_server.url)
    monkeypatch.setenv("TASKFARM_TOKEN", postgres_farm.login())
    monkeypatch.chdir(tmp_path)
    items = Chunked(postgres_farm.create_run(20), 400, 20, (*JOBS, *kept))
    items.command_line("")  # writes the inputs before several read them
    chance = random.Random(3)
    beside = items.started()
    for _ in range(3):
        items.interrupted(signal.SIGTERM, after=chance.randrange(1, 40), alone=False)
    _, said = beside.communicate(timeout=60)
    assert beside.returncode == 0, said
    items.work()
    assert items.each_once
