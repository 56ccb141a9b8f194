"""`manageTF --list` and `--history` at a real pseudo-terminal, over a server of many runs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.common.run_files import RunNote
from tests.support.pseudo_terminal import PseudoTerminal
from tests.support.stub_runs import (
    FAILED,
    FINISHED,
    UNDER_WAY,
    StubRuns,
    read_runs,
    stub_runs,
)
from tests.support.stub_server import StubServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are Unix's")
# The pseudo-terminal is 24 lines high: head, prompt, and 22 for the runs.
LINES = 22


@pytest.fixture
def runs() -> StubRuns:
    """A hundred runs, of which the last ones are under way."""
    return StubRuns(*[FINISHED, FAILED, UNDER_WAY] * 33, UNDER_WAY)


@pytest.fixture
def server(runs: StubRuns, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """Their server."""
    with stub_runs(runs, monkeypatch) as started:
        yield started


@pytest.mark.parametrize(
    ("columns", "variable"),
    [(60, "LANG"), (80, "LANG"), (200, "LANG"), (200, "NO_COLOR"), (60, "TERM")],
)
def test_the_newest_screenful_shows_its_progress_with_a_request_for_each(
    runs: StubRuns, server: StubServer, columns: int, variable: str
) -> None:
    note = RunNote(
        run=runs.uuids[-1], url=server.url, num_tasks=10, items=10, chunk=1, name="sweep"
    )
    run_files.write_note(note)
    shown = LINES if columns == 200 else LINES // 2
    with PseudoTerminal(["-l"], {variable: "dumb"}, columns=columns) as terminal:
        assert terminal.end() == 0
    assert read_runs(server) == runs.uuids[-shown:]
    head, *lines = terminal.text.splitlines()
    assert head.split()[:4] == ["UUID", "NAME", "AGE", "TASKS"]
    assert all(len(line) <= columns for line in lines)
    assert lines[0].split() == [runs.uuids[0], "10"]
    assert terminal.text.count(" %") == shown
    assert lines.index(head) == 100 - shown
    last = " ".join(lines[-1 if columns == 200 else -2 :])
    assert last.startswith(f"{runs.uuids[-1]}  sweep")
    assert "35.0 %" in last
    assert "━" in last
    assert ("\x1b[32m" in terminal.raw) is (variable == "LANG")


def test_all_unfinished_runs_are_shown_with_their_progress(
    runs: StubRuns, server: StubServer
) -> None:
    with PseudoTerminal(["-l", "--unfinished"], {}, columns=80) as terminal:
        assert terminal.end() == 0
    assert len(read_runs(server)) == len(runs.uuids)
    assert terminal.text.count("5 waiting  2 computing  3 of 10 done") == 34
    assert "finished" not in terminal.text
    for uuid in runs.uuids:
        runs.counts[uuid] = FINISHED
    with PseudoTerminal(["-l", "--unfinished"], {}) as terminal:
        assert terminal.end() == 0
        assert terminal.text.endswith("no unfinished runs\n")


@pytest.mark.parametrize("columns", [60, 200])
def test_the_history_is_a_block_for_each_run(columns: int) -> None:
    note = RunNote(
        run="a" * 32,
        url="http://farm.invalid/api/",
        num_tasks=10,
        items=10,
        chunk=1,
        name="sweep",
        command=("echo", "x" * 500),
    )
    run_files.write_note(note)
    with PseudoTerminal(["--history"], {}, columns=columns) as terminal:
        assert terminal.end() == 0
    lines = terminal.text.splitlines()
    assert lines[0].startswith("a" * 32)
    assert "sweep  10 tasks" in lines[1]
    assert lines[-1].startswith("    echo xxx")
    assert all(len(line) <= columns for line in lines)
    run_files.forget("a" * 32)
    with PseudoTerminal(["--history"], {}) as terminal:
        assert terminal.end() == 0
        assert terminal.text == "no run was created here\n"
