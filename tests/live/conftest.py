"""What live tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskfarm_sdk import Run, _recovery
from taskfarm_sdk.testing import LocalServer


@pytest.fixture
def run(taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run of 6 tasks; whoever looks after others does so shortly."""
    monkeypatch.setattr(_recovery, "START_SPREAD_S", 0)
    monkeypatch.setattr(_recovery, "MOST_REST_S", 1)
    with taskfarm_server.farm() as farm:
        run = farm.create_run(6)
        yield run
        run.delete()
