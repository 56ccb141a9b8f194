"""What the tests on Slurm share: a cluster of our own, a server, and workTF as a process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.logins import save_login
from taskfarm_sdk.testing import LocalServer
from tests.cli.work.conftest import WORK
from tests.support.engines import is_missing, leave_out_unless_required
from tests.support.slurm_cluster import Cluster, missing

Submit = Callable[..., "subprocess.CompletedProcess[str]"]
RunOf = Callable[[int], Run]
# Slurm writes what stands behind a % in a path, and its scripts are shell.
ODD_NAME = "100%A 'of\" them"


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster]:
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
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
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
def run_of(farm: Farm) -> Iterator[RunOf]:
    """Create runs that are gone after the test."""
    made: list[Run] = []

    def create(num_tasks: int) -> Run:
        made.append(farm.create_run(num_tasks))
        return made[-1]

    yield create
    for run in made:
        run.delete()


@pytest.fixture
def submit(cluster: Cluster, folder: Path) -> Submit:
    """Run workTF --slurm to its end."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*WORK, "--allow-loopback", "--slurm", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=folder,
            env={**os.environ, **cluster.environment},
        )

    return run


def written(folder: Path) -> str:
    """Return all that the workers wrote."""
    return "\n".join(path.read_text() for path in sorted(folder.glob("taskfarm-*-slurm/*.out")))


def journal(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal."""
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]
