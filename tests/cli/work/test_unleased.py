"""What the file of a run that workTF made tells a worker of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.work import manifest
from taskfarm_sdk import Run
from tests.support.work_tf import NewRun

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("work_folder")]


def made_here(run: Run) -> Path:
    manifest.write(run, manifest.Work("http://x/api/", ("true",), False, 2, 2, None))
    return Path(f"taskfarm-{run.uuid}.json")


def test_where_worktf_made_the_run_its_workers_are_known_to_send_heartbeats(
    new_run: NewRun,
) -> None:
    run, other = new_run(2), new_run(2)
    path = made_here(run)
    assert manifest.unleased_after_s(run, None) == "stale_after_s"
    assert manifest.unleased_after_s(other, None) == "auto"
    assert manifest.unleased_after_s(run, 60.0) == 60
    path.unlink()
    assert manifest.unleased_after_s(run, None) == "stale_after_s", "noted too"
    run_files.forget(run.uuid)
    assert manifest.unleased_after_s(run, None) == "auto"


def test_the_file_of_another_run_under_its_name_tells_nothing(new_run: NewRun) -> None:
    run, other = new_run(2), new_run(2)
    made_here(other).rename(f"taskfarm-{run.uuid}.json")
    assert manifest.unleased_after_s(run, None) == "auto"
