"""Fixtures of the tests of `Run.work` and `Farm.map`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskfarm_sdk import Run
from taskfarm_sdk._flows import recovery
from taskfarm_sdk.testing import LocalServer
from tests.support.fleet import run_of
from tests.support.map_fixtures import calls, farm, folder  # noqa: F401


@pytest.fixture
def run_of_six(taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run of 6 tasks; whoever looks after others does so shortly."""
    monkeypatch.setattr(recovery, "START_SPREAD_S", 0)
    monkeypatch.setattr(recovery, "MOST_REST_S", 0.2)
    with run_of(taskfarm_server, 6) as (_, run, _):
        yield run
        run.delete()
