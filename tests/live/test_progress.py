"""`progress=True` on the real server: a line on a terminal, and nothing into pipes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import programs
from tests.support.pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.live

PROGRAM = """
from taskfarm_sdk import Farm

def square(number):
    return number * number

with Farm() as farm:
    run = farm.create_run(3)
    run.work(lambda task: None, workers=1, progress=True)
    list(run.watch(progress=True))
    farm.map(square, range(5), folder="squares", chunk=1, workers=1, progress=True)
    found = farm.map(square, range(50), folder="chunks", chunk=10, workers=1, progress=True)
    list(farm.get_run(found.run_uuid).watch(progress=True))
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(PROGRAM)
    return tmp_path / "script.py"


def access(server: LocalServer) -> dict[str, str]:
    known = programs.credentials(server)
    return {f"TASKFARM_{name.upper()}": str(value) for name, value in known.items()}


def test_a_terminal_shows_a_line_for_each_work(taskfarm_server: LocalServer, script: Path) -> None:
    program = (sys.executable, str(script))
    with PseudoTerminal([], access(taskfarm_server), program=program) as terminal:
        assert terminal.end() == 0
    last = [line.rpartition("\r")[2].strip() for line in terminal.raw.split("\n") if line]
    assert last == [
        f"[{'#' * 30}] 3 of 3 tasks done, 0 failed",
        f"[{'#' * 30}] 3 of 3 tasks done, 0 failed",
        f"[{'#' * 30}] 5 of 5 tasks done, 0 failed",
        f"[{'#' * 30}] 50 of 50 items done, 0 tasks failed",
        f"[{'#' * 30}] 50 of 50 items done, 0 tasks failed",
    ]
    assert "\x1b" not in terminal.raw


def test_pipes_get_nothing(taskfarm_server: LocalServer, script: Path) -> None:
    done = programs.run(script, told={}, env=access(taskfarm_server), timeout_s=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
