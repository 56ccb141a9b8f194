"""Fixtures and hooks of all tests: nothing of whoever runs them, nothing left behind."""

from __future__ import annotations

import itertools
import math
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from taskfarm_sdk._worker import heartbeat
from taskfarm_sdk.server._process import ServerProcess
from tests.support import counted, engines

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
# No example that it draws has a limit of time, which a busy machine would miss.
hypothesis.settings.register_profile("without a limit of time", deadline=None)
hypothesis.settings.load_profile("without a limit of time")
LONG_FOLDERS = ("engines", "hostile", "packaging", "scenarios")
ENGINES = Path(__file__).parent / "engines"
SLOW = [Path(__file__).parent / name for name in ("benchmarks", "packaging", "typing")]
LONG = [Path(__file__).parent / name for name in LONG_FOLDERS]


# Told to write no bytecode, each of the thousand processes that the tests start would compile the
# package, and each of pytest's own processes all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# It would hide that something waits for its flush, as it does on most machines.
os.environ.pop("PYTHONUNBUFFERED", None)


def pytest_configure() -> None:
    """Hear signals as a program in a terminal does, and have what is started hear them.

    Shells ignore Ctrl-C for what runs behind them, and nohup ignores a hangup.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what would be skipped where everything must run, as in CI."""
    report = yield
    if report.skipped and engines.are_required():
        report.outcome = "failed"
        report.longrepr = f"{engines.VARIABLE}=1, but: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport) -> str:
    return str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by fixtures and folders what targets of make leave out; begin with the longest."""
    for item in items:
        if "taskfarm_server" in getattr(item, "fixturenames", ()):
            item.add_marker("live")
        for mark in _marks_of_folders(item.path):
            item.add_marker(mark)
    # At the end of a run they would keep one process busy while the others have nothing left.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@cache
def _marks_of_folders(path: Path) -> list[str]:
    folders = {"engine": [ENGINES], "slow": SLOW, "long": LONG}
    return [mark for mark, marked in folders.items() if not set(marked).isdisjoint(path.parents)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name in a line each the engines and the marks whose tests were left out, and others."""
    reasons = [_reason(report) for report in terminalreporter.stats.get("skipped", ())]
    left_out = [engine for reason in reasons if (engine := engines.engine_of(reason))]
    for reason in sorted({reason for reason in reasons if not engines.engine_of(reason)}):
        terminalreporter.write_line(f"skipped: {reason}")
    if left_out:
        terminalreporter.write_line(engines.summary(left_out))
    ended = [*terminalreporter.stats.get("passed", ()), *terminalreporter.stats.get("failed", ())]
    if tried := counted.summary(ended):
        terminalreporter.write_line(tried)
    if "not long" in terminalreporter.config.option.markexpr:
        terminalreporter.write_line(
            "the longest tests, and those of engines, are left out: make test-all"
        )


@pytest.fixture(scope="session", autouse=True)
def _no_foreign_settings() -> Iterator[None]:
    """Take the user's settings out of the environment before the first server or farm is made."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            foreign = name.startswith(_FOREIGN) and name != engines.VARIABLE
            if foreign or name.upper() in _PROXIES:
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _no_server_unmarked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that starts a server and is not marked so: `make test-fast` would run it."""
    if not any(map(request.node.get_closest_marker, ("live", "engine", "vcr"))):

        def refuse(*_: object) -> None:
            raise AssertionError("a test that starts a server is marked `live`")

        monkeypatch.setattr(ServerProcess, "_configure", refuse)


@pytest.fixture(scope="session")
def _new_state_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a path for each test, without a look through those of thousands before it."""
    folder = tmp_path_factory.mktemp("state")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _new_state_homes: Iterator[Path]
) -> None:
    """Give each test its own saved logins and data folders."""
    monkeypatch.setenv("TASKFARM_CONFIG", str(tmp_path / "config"))
    for kind in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    # Each worker writes there, and tests look at what is in their own folder.
    state = next(_new_state_homes)
    state.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(state))


@pytest.fixture
def no_first_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test set a first beat that never comes, however long it waits."""
    monkeypatch.setattr(heartbeat, "FIRST_BEAT_MOST_S", math.inf)


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
