"""What workTF's tests share: a real server, logged in to, and workTF as a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer

WORK = (sys.executable, "-m", "taskfarm_cli.work.main")
Work = Callable[..., "subprocess.CompletedProcess[str]"]
RunOf = Callable[[int], Run]


@pytest.fixture
def farm(taskfarm_server: LocalServer) -> Iterator[Farm]:
    with taskfarm_server.farm() as farm:
        yield farm


@pytest.fixture
def environment(farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make the server the one that is asked, by a token, and return the folder to work in."""
    monkeypatch.setenv("TASKFARM_URL", farm.url)
    monkeypatch.setenv("TASKFARM_TOKEN", farm.login())
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def work(environment: Path) -> Work:
    """Run workTF to its end."""

    def run(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*WORK, *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=environment,
        )

    return run


@pytest.fixture
def run_of(farm: Farm) -> Iterator[Callable[[int], Run]]:
    """Create runs that are gone after the test."""
    made: list[Run] = []

    def create(num_tasks: int) -> Run:
        made.append(farm.create_run(num_tasks))
        return made[-1]

    yield create
    for run in made:
        run.delete()
