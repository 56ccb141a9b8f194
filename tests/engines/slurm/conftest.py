"""Fixtures of the tests on Slurm: a cluster of our own, and runs whose server it can log in to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.logins import save_login
from taskfarm_sdk.testing import LocalServer
from tests.support.engines import is_missing, leave_out_unless_required
from tests.support.slurm_cluster import Cluster, missing
from tests.support.slurm_work import RunOf, Submit, submit_with

# Slurm writes what stands behind a % in a path, and its scripts are shell.
ODD_NAME = "100%A 'of\" them"


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster]:
    """Slurm for all tests, with what they leave in its queue."""
    leave_out_unless_required("Slurm")
    if (reason := missing()) is not None:
        is_missing("Slurm", reason)
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(running_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster with nothing in its queue, before and after, that Slurm's commands ask."""
    for name, value in running_cluster.environment.items():
        monkeypatch.setenv(name, value)
    yield running_cluster
    running_cluster.clear()


@pytest.fixture
def saved_farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    """The farm of a server whose login is saved."""
    with taskfarm_server.farm() as farm:
        save_login(taskfarm_server.url, taskfarm_server.user, farm.login())
        yield farm


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to work in."""
    folder = tmp_path / ODD_NAME
    folder.mkdir()
    monkeypatch.chdir(folder)
    # A worker that is killed leaves its temporary files.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return folder


@pytest.fixture
def run_of(saved_farm: Farm) -> Iterator[RunOf]:
    """Create runs that are gone after the test."""
    made: list[Run] = []

    def create(num_tasks: int) -> Run:
        made.append(saved_farm.create_run(num_tasks))
        return made[-1]

    yield create
    for run in made:
        run.delete()


@pytest.fixture
def submit(cluster: Cluster, folder: Path) -> Submit:
    """Run workTF --slurm to its end."""
    return submit_with(cluster.environment, folder)
