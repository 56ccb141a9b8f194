"""The list of runs: what is asked about which of them, and what is known from before."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from taskfarm_cli.manage import run_list
from taskfarm_cli.manage.run_list import RunList, unfinished
from taskfarm_sdk import Farm, ServerError
from tests.support.manage_tf import Manage
from tests.support.stub_runs import (
    FAILED,
    FINISHED,
    FRESH,
    UNDER_WAY,
    StubRuns,
    read_runs,
    stub_runs,
)
from tests.support.stub_server import StubServer, page


@pytest.fixture
def runs() -> StubRuns:
    """Five runs, of which the first, second and fourth are finished."""
    return StubRuns(FINISHED, FAILED, UNDER_WAY, FINISHED, FRESH)


@pytest.fixture
def server(runs: StubRuns, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubServer]:
    """Their server."""
    with stub_runs(runs, monkeypatch) as started:
        yield started


@pytest.fixture
def farm(server: StubServer) -> Iterator[Farm]:
    """The farm of the server."""
    with Farm(server.url, token="a-token", give_up_after_s=0.0) as made:
        yield made


@pytest.fixture
def run_manage(server: StubServer, capsys: pytest.CaptureFixture[str]) -> Manage:
    """Runs manageTF in this process."""
    return Manage(capsys)


def fill_the_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def uuids(listed: RunList) -> list[str]:
    return [run.uuid for run in listed.runs]


def test_a_list_for_a_pipe_asks_about_no_run(
    run_manage: Manage, runs: StubRuns, server: StubServer
) -> None:
    lines = [f"{number} {uuid} 10" for number, uuid in enumerate(runs.uuids, 1)]
    assert run_manage.fine("-l").out.splitlines() == lines
    run_manage.fine("-l", "--json")
    assert read_runs(server) == []


@pytest.mark.parametrize("form", [(), ("--plain",), ("--json",)])
def test_the_unfinished_runs_are_lines_like_all_others(
    run_manage: Manage, runs: StubRuns, form: tuple[str, ...]
) -> None:
    left = [runs.uuids[2], runs.uuids[4]]
    found = run_manage.fine("-l", "--unfinished", *form)
    if form == ("--json",):
        assert [run["uuid"] for run in found.document["runs"]] == left
    else:
        assert found.out == f"3 {left[0]} 10\n5 {left[1]} 10\n"


def test_finished_runs_are_read_again_only_so_many_at_a_time(
    farm: Farm, server: StubServer, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list, "MOST_AGAIN", 1)
    left = [runs.uuids[2], runs.uuids[4]]
    assert uuids(unfinished(farm)) == left
    assert read_runs(server) == runs.uuids
    assert uuids(unfinished(farm)) == left
    assert len(read_runs(server)) == len(left) + 1


def test_a_reset_elsewhere_is_seen_after_some_lists(
    farm: Farm, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list, "MOST_AGAIN", 1)
    now = itertools.count(1000)
    monkeypatch.setattr(run_list, "time", SimpleNamespace(time=lambda: next(now)))
    unfinished(farm)
    for uuid in runs.uuids:
        runs.counts[uuid] = FRESH
    lists = [uuids(unfinished(farm)) for _ in range(3)]
    assert [len(one) for one in lists] == [3, 4, 5]


def test_where_nothing_can_be_noted_all_runs_are_read_and_that_is_said(
    run_manage: Manage,
    farm: Farm,
    runs: StubRuns,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run_list, "MOST_AGAIN", 1)
    now = itertools.count(1000)
    monkeypatch.setattr(run_list, "time", SimpleNamespace(time=lambda: next(now)))
    unfinished(farm)
    monkeypatch.setattr("taskfarm_sdk._secrets.write", fill_the_disk)
    # By others: what was noted cannot be corrected any more.
    runs.counts[runs.uuids[3]] = FRESH
    capsys.readouterr()
    assert uuids(unfinished(farm)) == runs.uuids[2:]
    said = capsys.readouterr().err
    assert said.startswith("manageTF: which runs are finished cannot be noted in ")
    assert said.endswith("(No space left on device): all are read each time\n")
    assert said.count("\n") == 1
    found = run_manage("-l", "--unfinished")
    assert (found.status, len(found.out.splitlines()), found.err) == (0, 3, said)
    # A list for a pipe notes nothing.
    run_manage.fine("-l")


def test_a_reset_on_a_full_disk_is_seen_at_once(
    run_manage: Manage, farm: Farm, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list, "MOST_AGAIN", 0)
    unfinished(farm)
    monkeypatch.setattr("taskfarm_sdk.Run.reset", lambda _: None)
    runs.counts[runs.uuids[0]] = FRESH
    with monkeypatch.context() as patch:
        patch.setattr("taskfarm_sdk._secrets.write", fill_the_disk)
        run_manage.fine("--reset", runs.uuids[0])
    assert runs.uuids[0] in uuids(unfinished(farm))


def test_a_reset_that_cannot_be_noted_is_said(
    run_manage: Manage, farm: Farm, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfinished(farm)
    monkeypatch.setattr("taskfarm_sdk.Run.reset", lambda _: None)
    monkeypatch.setattr("taskfarm_sdk._secrets.write", fill_the_disk)
    monkeypatch.setattr("pathlib.Path.unlink", fill_the_disk)
    found = run_manage("--reset", runs.uuids[0])
    assert found.status == 0
    assert f"run {runs.uuids[0]} is still noted as finished in " in found.error


def test_of_as_many_runs_as_are_read_again_a_reset_is_seen_at_once(
    farm: Farm, runs: StubRuns
) -> None:
    unfinished(farm)
    runs.counts[runs.uuids[0]] = FRESH
    assert uuids(unfinished(farm)) == [runs.uuids[0], runs.uuids[2], runs.uuids[4]]


@pytest.mark.parametrize("mode", ["--wait", "--watch"])
def test_who_waits_reads_all_runs_and_misses_no_reset(
    run_manage: Manage, farm: Farm, runs: StubRuns, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(run_list, "MOST_AGAIN", 0)
    unfinished(farm)
    for uuid in runs.uuids:
        runs.counts[uuid] = FRESH
    found = run_manage(mode, "--unfinished", "--timeout-s", "0.001")
    assert found.status == 7
    assert found.error.startswith("of 5 runs: 5 not finished")


@pytest.mark.parametrize("mode", ["--reset-all", "--reset-task=1", "--reset"])
def test_a_reset_here_is_seen_at_once(
    run_manage: Manage, farm: Farm, runs: StubRuns, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(run_list, "MOST_AGAIN", 0)
    unfinished(farm)
    monkeypatch.setattr("taskfarm_sdk.Run.reset_all", lambda _: None)
    monkeypatch.setattr("taskfarm_sdk.Run.reset", lambda _: None)
    monkeypatch.setattr("taskfarm_sdk.Run.reset_tasks", lambda *_: 1)
    first = runs.uuids[0]
    runs.counts[first] = FRESH
    assert first not in uuids(unfinished(farm))
    run_manage.fine(mode, first)
    assert first in uuids(unfinished(farm))


def test_what_is_shown_is_read_even_if_it_was_seen_finished(
    farm: Farm, server: StubServer, runs: StubRuns
) -> None:
    unfinished(farm)
    read_runs(server)
    runs.counts[runs.uuids[3]] = UNDER_WAY
    listed = RunList(farm, farm.runs())
    newest = runs.uuids[-2:]
    statuses = listed.statuses(2)
    assert [statuses[uuid].finished for uuid in newest if statuses[uuid]] == [False, False]  # type: ignore[union-attr]
    assert read_runs(server) == newest


def test_what_was_shown_finished_need_not_be_read_to_leave_it_out(
    farm: Farm, server: StubServer, runs: StubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list, "MOST_AGAIN", 0)
    RunList(farm, farm.runs()).statuses(2)
    read_runs(server)
    unfinished(farm)
    assert runs.uuids[3] not in read_runs(server)


def test_a_run_that_was_deleted_meanwhile_is_not_listed(farm: Farm, runs: StubRuns) -> None:
    gone = runs.uuids[2]
    runs.gone.add(gone)
    assert uuids(unfinished(farm)) == [runs.uuids[4]]
    assert gone not in RunList(farm, farm.runs()).statuses(5)


def test_a_run_that_cannot_be_read_hides_no_other_and_is_not_hidden(
    farm: Farm, runs: StubRuns
) -> None:
    broken = runs.uuids[0]
    runs.broken.add(broken)
    listed = unfinished(farm)
    assert uuids(listed) == [broken, runs.uuids[2], runs.uuids[4]]
    assert listed.statuses(1)[broken] is None


def test_a_server_that_is_gone_ends_the_list(
    farm: Farm, server: StubServer, runs: StubRuns
) -> None:
    server.answers = lambda asked: page(503) if "/runs/" in asked.path else runs.reply(asked)
    with pytest.raises(ServerError):
        unfinished(farm)


def test_many_requests_are_announced(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_list, "MANY_REQUESTS", 4)
    unfinished(farm)
    said = capsys.readouterr().err
    assert said.startswith("manageTF: reading 5 runs, with one request for each")


def test_unfinished_is_refused_by_other_modes(run_manage: Manage, runs: StubRuns) -> None:
    found = run_manage("-i", "--unfinished", runs.uuids[0])
    assert (found.status, found.error) == (
        2,
        "--unfinished is only valid with --list, --wait and --watch",
    )
