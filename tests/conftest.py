"""What all tests stand on: nothing of whoever runs them, and nothing left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

# Fixtures, for all recorded tests.
from tests.support.recording import (  # noqa: F401
    place,
    recorded_server,
    vcr_cassette_dir,
    vcr_config,
)

# A proxy would stand between the tests and 127.0.0.1; PG… would lead psycopg elsewhere, and
# in a job of Slurm's workTF heeds its time limit.
_FOREIGN = ("TASKFARM_", "PG", "SLURM_", "SBATCH_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_LAST_STEPS_S = 5.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what would be skipped where everything must run, as in CI."""
    report = yield
    if report.skipped and os.environ.get("TASKFARM_REQUIRE_ENGINES") == "1":
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"TASKFARM_REQUIRE_ENGINES=1, but: {reason}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _no_foreign_settings() -> Iterator[None]:
    """Take the user's settings out of the environment before the first server or farm is made."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            foreign = name.startswith(_FOREIGN) and name != "TASKFARM_REQUIRE_ENGINES"
            if foreign or name.upper() in _PROXIES:
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test its own saved logins and data folders."""
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    for kind in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Fail a test that leaves one of our background threads behind."""
    before = set(threading.enumerate())
    yield
    ours = [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("taskfarm") and thread not in before
    ]
    for thread in ours:
        thread.join(_LAST_STEPS_S)  # one that was told to end may be on its last steps
    left = [thread.name for thread in ours if thread.is_alive()]
    assert not left, f"threads left behind: {left}"
