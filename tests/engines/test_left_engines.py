"""Engines whose tests were killed: nothing of them stays in the way of the next run."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.programs import left_engine
from tests.support import programs
from tests.support.engine_starts import STARTS
from tests.support.engines import leave_out_unless_required
from tests.support.processes import NET_S, everybody, wait_until


def processes_of(folder: Path) -> list[int]:
    """Return the processes that name a folder in their command or environment."""
    found: list[int] = []
    for process in everybody():
        with suppress(OSError):  # it ended meanwhile
            if folder.name.encode() in process.shown:
                found.append(process.pid)
    return found


@pytest.mark.parametrize("engine", STARTS)
def test_what_killed_tests_left_is_gone_once_the_engine_starts_again(engine: str) -> None:
    leave_out_unless_required(engine)
    with programs.running(left_engine.__file__, told={"engine": engine}) as process:
        left = Path(programs.read_line(process.stdout))
        assert process.wait(NET_S) == -signal.SIGKILL
    with STARTS[engine]() as folder:
        assert folder.exists()
        assert processes_of(folder)
        wait_until(lambda: not processes_of(left))
        assert not left.exists()
    assert not folder.exists()
    assert not processes_of(folder)
