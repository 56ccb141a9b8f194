"""taskfarm-worker, which `make test` puts into a folder of its own, and the database's rows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.processes import NET_S

PEERS = Path(sys.prefix) / "peers"
REQUIRED = os.environ.get("TASKFARM_REQUIRE_ENGINES") == "1"
OURS = "taskfarm_sdk.compat"
THEIRS = "taskfarm_worker"

needs_peers = pytest.mark.skipif(
    not (PEERS / THEIRS).is_dir() and not REQUIRED,
    reason=f"no taskfarm-worker in {PEERS} to compare with: run `make test`",
)


def start(module: str, *words: str | Path) -> subprocess.Popen[str]:
    """Start Python for one of the two packages."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    if module == THEIRS:
        environment["PYTHONPATH"] = str(PEERS)
    command = [sys.executable, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def output(process: subprocess.Popen[str]) -> str:
    """Wait for the end of a process, and return what it printed."""
    printed, _ = process.communicate(timeout=NET_S)
    assert process.returncode == 0
    return printed


def task_rows(server: LocalServer, run: str) -> list[tuple[object, ...]]:
    """Return a run's tasks from the database, the moment of the last update left out."""
    return _select(
        server,
        "SELECT t.task, t.status, round(t.percentCompleted, 6), t.worker_id IS NOT NULL "
        "FROM tasks t JOIN runs r ON t.run_id = r.id WHERE r.uuid = ? ORDER BY t.task, t.id",
        run,
    )


def run_rows(server: LocalServer, run: str) -> list[tuple[object, ...]]:
    """Return what the database holds of a run itself."""
    return _select(server, "SELECT numTasks, nextTask FROM runs WHERE uuid = ?", run)


def worker_rows(server: LocalServer, worker: str) -> list[tuple[object, ...]]:
    """Return what the database holds of a worker."""
    return _select(server, "SELECT hostname, pid FROM workers WHERE uuid = ?", worker)


def _select(server: LocalServer, query: str, uuid: str) -> list[tuple[object, ...]]:
    path = server._settings.database.path
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query, (uuid,)).fetchall()
