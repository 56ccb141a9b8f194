"""The examples do what they say, as a user would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer

pytestmark = pytest.mark.live

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_work_works_off_a_run(taskfarm_server: LocalServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "work.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "TASKFARM_URL": taskfarm_server.url,
            "TASKFARM_USER": taskfarm_server.user,
            "TASKFARM_PASSWORD": taskfarm_server.password,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "20 of 20 tasks are done"
    estimates = [float(file.read_text()) for file in tmp_path.glob("pi-*.txt")]
    assert len(estimates) == 20
    assert sum(estimates) / 20 == pytest.approx(3.14, abs=0.02)
