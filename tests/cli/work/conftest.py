"""Fixtures of workTF's tests: a folder to run it in, logged in to the real server, and runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run
from tests.support.work_tf import NewRun, WorkTF, run_work_tf


@pytest.fixture
def work_folder(
    live_login: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """The folder that workTF runs in, logged in to the real server."""
    for name, value in live_login.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def work_tf(work_folder: Path) -> WorkTF:
    """Runs workTF to its end in the folder."""
    return partial(run_work_tf, cwd=work_folder)


@pytest.fixture
def new_run(live_farm: Farm) -> Iterator[NewRun]:
    """Creates runs that are gone after the test."""
    made: list[Run] = []

    def create(num_tasks: int) -> Run:
        made.append(live_farm.create_run(num_tasks))
        return made[-1]

    yield create
    for run in made:
        run.delete()
