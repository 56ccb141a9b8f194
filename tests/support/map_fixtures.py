"""Fixtures of the tests of `Farm.map`, for the modules that use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import Farm
from taskfarm_sdk.testing import LocalServer


@pytest.fixture
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    """A farm of the tests' server, without runs."""
    server = taskfarm_server
    with Farm(server.url, user=server.user, password=server.password) as farm:
        for run in farm.runs():
            run.delete()
        yield farm


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place for a results folder."""
    return tmp_path / "results"


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A folder where functions note which items they were called with."""
    path = tmp_path / "calls"
    path.mkdir()
    return path
