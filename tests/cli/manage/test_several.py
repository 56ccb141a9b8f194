"""`--watch` and `--wait` of several runs on a stub server: lines, documents and the exit status."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from taskfarm_cli.manage import several
from taskfarm_sdk import Run, RunNotFound, TaskfarmError, TaskInfo, _run_notes
from taskfarm_sdk._run_notes import RunNote
from taskfarm_sdk.errors import ConnectionFailed
from tests.support.clock import FastClock
from tests.support.manage_tf import Manage
from tests.support.stub_farm import requests_at
from tests.support.stub_runs import (
    FINISHED,
    FRESH,
    UNDER_WAY,
    Counts,
    StubRuns,
    read_runs,
    stub_runs,
)
from tests.support.stub_server import StubServer

# A failed task counts about 0.0099 %.
TWO_FAILED = Counts(done=10, percent_done=80.00198)
InAWait = Callable[[StubRuns], object]


@pytest.fixture
def runs() -> StubRuns:
    """Five runs, of which the first, second and fourth are finished."""
    return StubRuns(FINISHED, TWO_FAILED, UNDER_WAY, FINISHED, FRESH)


@pytest.fixture
def server(runs: StubRuns, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """Their server."""
    with stub_runs(runs, monkeypatch) as started:
        yield started


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FastClock:
    """The clock of all waits of manageTF."""
    made = FastClock()
    monkeypatch.setattr(several, "SystemClock", lambda: made)
    return made


@pytest.fixture
def run_manage(server: StubServer, clock: FastClock, capsys: pytest.CaptureFixture[str]) -> Manage:
    """Runs manageTF in this process."""
    return Manage(capsys)


def finish(runs: StubRuns, number: int, counts: Counts = FINISHED) -> None:
    """Finish a run, the first of which is number 0."""
    runs.counts[runs.uuids[number]] = counts


def line(runs: StubRuns, number: int, counts: str) -> str:
    return f"{number + 1} {runs.uuids[number]} 10 {counts}\n"


def test_a_pipe_gets_a_line_for_each_change_that_begins_with_its_run(
    run_manage: Manage, runs: StubRuns, clock: FastClock
) -> None:
    steps = iter((lambda: finish(runs, 4, UNDER_WAY), lambda: finish(runs, 2), lambda: None))

    def go_on(_: float) -> None:
        next(steps, lambda: finish(runs, 4))()

    clock.in_a_wait = go_on
    found = run_manage.fine("-w", runs.uuids[2], runs.uuids[4], runs.uuids[0])
    assert found.out == (
        line(runs, 2, "(5,2,3) 35.0")
        + line(runs, 4, "(10,0,0) 0.0")
        + line(runs, 0, "(0,0,10) 100.0")
        + line(runs, 4, "(5,2,3) 35.0")
        + line(runs, 2, "(0,0,10) 100.0")
        + line(runs, 4, "(0,0,10) 100.0")
    )


def test_documents_name_their_run(run_manage: Manage, runs: StubRuns) -> None:
    found = run_manage.fine("-w", "--json", runs.uuids[0], runs.uuids[3])
    told = [json.loads(line) for line in found.out.splitlines()]
    assert [one["run"]["uuid"] for one in told] == [runs.uuids[0], runs.uuids[3]]
    assert {one["mode"] for one in told} == {"watch"}


def test_wait_is_silent_until_a_run_is_finished(
    run_manage: Manage, runs: StubRuns, clock: FastClock
) -> None:
    clock.in_a_wait = lambda _: finish(runs, 2)
    found = run_manage.fine("--wait", runs.uuids[2], runs.uuids[0])
    assert found.out == line(runs, 0, "(0,0,10) 100.0") + line(runs, 2, "(0,0,10) 100.0")


@pytest.mark.parametrize("mode", ["--watch", "--wait"])
def test_unfinished_means_all_runs_that_are_not_finished(
    run_manage: Manage, runs: StubRuns, clock: FastClock, mode: str
) -> None:
    def end(_: float) -> None:
        finish(runs, 2)
        finish(runs, 4)

    clock.in_a_wait = end
    found = run_manage.fine(mode, "--unfinished")
    assert found.out.splitlines()[-2:] == [
        line(runs, 2, "(0,0,10) 100.0").strip(),
        line(runs, 4, "(0,0,10) 100.0").strip(),
    ]
    assert runs.uuids[0] not in found.out


def test_where_no_run_is_unfinished_nothing_is_done_and_that_is_said(
    run_manage: Manage, runs: StubRuns
) -> None:
    finish(runs, 2)
    finish(runs, 4)
    found = run_manage("-w", "--unfinished")
    assert (found.status, found.out, found.error) == (0, "", "no run is unfinished")


def test_a_run_that_cannot_be_read_is_left_out(
    run_manage: Manage, runs: StubRuns, clock: FastClock
) -> None:
    runs.broken.add(runs.uuids[2])
    clock.in_a_wait = lambda _: finish(runs, 4)
    found = run_manage("-w", "--unfinished")
    assert (found.status, found.error) == (
        0,
        f"run {runs.uuids[2]} cannot be read, and is left out",
    )


def test_a_run_that_is_named_twice_is_watched_once(
    run_manage: Manage, runs: StubRuns, server: StubServer
) -> None:
    found = run_manage.fine("-w", runs.uuids[0], runs.uuids[0].upper())
    assert found.out == line(runs, 0, "(0,0,10) 100.0")
    assert read_runs(server) == [runs.uuids[0]] * 2


def test_a_run_that_there_is_not_is_an_error_before_any_is_watched(
    run_manage: Manage, runs: StubRuns
) -> None:
    found = run_manage("-w", runs.uuids[0], "f" * 32)
    assert (found.status, found.out) == (4, "")


@pytest.mark.parametrize("word", ["", "  "])
@pytest.mark.parametrize("mode", ["--watch", "--wait"])
def test_an_empty_word_among_several_is_refused(
    run_manage: Manage, runs: StubRuns, server: StubServer, mode: str, word: str
) -> None:
    found = run_manage(mode, runs.uuids[0], word)
    assert (found.status, found.error) == (
        2,
        "run UUID 2 of 2 is empty: is a shell variable unset?",
    )
    assert requests_at(server) == []


def delete(runs: StubRuns) -> None:
    runs.gone.add(runs.uuids[2])


@pytest.mark.parametrize(
    ("words", "in_a_wait", "status", "told"),
    [
        pytest.param(
            (0, 1),
            lambda _: None,
            5,
            "2 of 10 tasks of run {1} failed: `manageTF --tasks --state failed {1}` lists them, "
            "`manageTF --reset-failed {1}` sets them waiting",
            id="failed",
        ),
        pytest.param((0, 2), delete, 4, "1 deleted ({2})", id="deleted"),
        pytest.param(
            (1, 2), delete, 4, "1 deleted ({2}); 2 of 10 tasks of run {1} failed: ", id="both"
        ),
        pytest.param(
            (0, 2), lambda runs: runs.broken.add(runs.uuids[2]), 1, "1 could not be read ({2})",
            id="unreadable",
        ),
        pytest.param(
            (1, 2, 4), lambda _: None, 7,
            "2 not finished after 100 s ({2}, {4}); 2 of 10 tasks of run {1} failed: ",
            id="late",
        ),
    ],
)  # fmt: skip
def test_the_exit_status_tells_the_worst_and_the_last_line_all(
    run_manage: Manage,
    runs: StubRuns,
    clock: FastClock,
    words: tuple[int, ...],
    in_a_wait: InAWait,
    status: int,
    told: str,
) -> None:
    clock.in_a_wait = lambda _: in_a_wait(runs)
    named = [runs.uuids[number] for number in words]
    found = run_manage("-w", "--timeout-s", "100", *named)
    assert found.status == status
    last = found.err.splitlines()[-1]
    expected = told.format(*runs.uuids)
    assert last.startswith(f"manageTF: of {len(words)} runs: {expected}")


# Another client's percentage, which does not tell how many tasks failed.
IN_DOUBT = Counts(done=10, percent_done=50.0)


def states(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, tuple[str, ...] | TaskfarmError]
) -> list[str]:
    """Let runs have tasks of these states, or an error; return the runs whose tasks were read."""
    asked: list[str] = []

    def infos(run: Run) -> Iterator[TaskInfo]:
        asked.append(run.uuid)
        found = told[run.uuid]
        if isinstance(found, TaskfarmError):
            raise found
        for number, state in enumerate(found):
            yield TaskInfo(number=number, state=cast("Any", state))

    monkeypatch.setattr("taskfarm_sdk.Run.task_infos", infos)
    return asked


def test_tasks_that_cannot_be_read_hide_no_other_run(
    run_manage: Manage, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, c, d, _ = runs.uuids
    for number in range(4):
        finish(runs, number, IN_DOUBT)
    states(
        monkeypatch,
        {a: RunNotFound("gone"), b: ("done", "failed"), c: ("done",), d: ("done", "waiting")},
    )
    found = run_manage("--wait", a, b, c, d)
    lines = found.err.splitlines()
    assert lines[0] == f"manageTF: tasks of run {a} cannot be read: gone"
    assert lines[-1].startswith(f"manageTF: of 4 runs: 1 of 10 tasks of run {b} failed: ")
    assert lines[-1].endswith(f"; 2 finished, unknown whether tasks failed ({a}, {d})")
    assert found.status == 5


def test_a_server_that_is_away_is_not_asked_about_the_tasks_of_each_run(
    run_manage: Manage, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = runs.uuids[:2]
    finish(runs, 0, IN_DOUBT)
    finish(runs, 1, IN_DOUBT)
    asked = states(monkeypatch, {a: ConnectionFailed("no answer", sent=False), b: ()})
    found = run_manage("--wait", a, b)
    assert (found.status, asked) == (1, [a])
    assert found.err.endswith(f"2 finished, unknown whether tasks failed ({a}, {b})\n")


def test_after_the_time_no_tasks_are_read(
    run_manage: Manage, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(runs, 0, IN_DOUBT)
    asked = states(monkeypatch, {})
    found = run_manage("--wait", "--timeout-s", "9", runs.uuids[0], runs.uuids[2])
    assert (found.status, asked) == (7, [])


def test_wait_shows_at_the_end_of_the_time_how_runs_stand(
    run_manage: Manage, runs: StubRuns
) -> None:
    found = run_manage("--wait", "--timeout-s", "9", runs.uuids[0], runs.uuids[2])
    assert found.status == 7
    assert found.out == line(runs, 0, "(0,0,10) 100.0") + line(runs, 2, "(5,2,3) 35.0")


def test_a_name_is_as_good_as_a_uuid(
    run_manage: Manage, runs: StubRuns, server: StubServer
) -> None:
    note = RunNote(run=runs.uuids[0], url=server.url, num_tasks=10, items=10, chunk=1, name="sweep")
    assert _run_notes.write(note)
    found = run_manage.fine("-w", "sweep", runs.uuids[3])
    assert found.out == line(runs, 0, "(0,0,10) 100.0") + line(runs, 3, "(0,0,10) 100.0")
