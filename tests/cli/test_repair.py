"""--repair, over the real server: it draws numbers of its own, so that nothing replays."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import Run
from taskfarm_sdk.testing import LocalServer
from tests.cli.test_process import POSIX, TIMEOUT_S, started, until
from tests.support.manage_tf import Manage, Work
from tests.support.recording import Place

pytestmark = pytest.mark.live


@pytest.fixture
def place(live: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The session's server; two looks at it are not told apart by seconds of waiting."""
    monkeypatch.setattr("taskfarm_sdk._repair.LOOK_AGAIN_S", (0.0, 0.01))
    for name, value in live.environment.items():
        monkeypatch.setenv(name, value)
    return live


@pytest.fixture
def broken(run: Run, work: Work) -> Run:
    """A run of 5 whose task 3 was made before its turn, and is done."""
    work.write(run, 3, 100.0, "done")
    return run


def test_repair_mends_in_silence(manage: Manage, broken: Run, work: Work) -> None:
    assert manage.fine("--repair", broken.uuid).out == ""
    assert sorted(work.take(broken) for _ in range(4)) == [0, 1, 2, 4]


def test_repair_in_json_counts_what_was_missing(manage: Manage, broken: Run) -> None:
    document = manage.fine("--repair", broken.uuid, "--json").document
    assert (document["mode"], document["made"]) == ("repair", 4)
    assert document["run"]["uuid"] == broken.uuid


def test_a_sound_run_is_refused_with_1(manage: Manage, run: Run, work: Work) -> None:
    work.write(run, work.take(run), 37.500217, "waiting")
    outcome = manage("--repair", run.uuid)
    assert (outcome.status, outcome.out) == (1, "")
    assert "left as it is" in outcome.error
    assert run.task_info(0).state == "waiting"
    assert run.status().percent_done == 37.500217 / 5


def test_an_odd_run_is_refused_with_2(manage: Manage, work: Work) -> None:
    outcome = manage("--repair", work.create("many"))
    assert outcome.status == 2
    assert "no sound number of tasks" in outcome.error


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """A server of the test's own, to be killed."""
    with LocalServer() as server:
        for name, value in Place(server.url, server.user, server.password).environment.items():
            monkeypatch.setenv(name, value)
        yield server


@POSIX
def test_a_server_that_is_restarted_is_waited_for(mortal: LocalServer) -> None:
    with mortal.farm() as farm:
        run = farm.create_run(3)
        mortal.kill()
        with started("--tasks", run.uuid) as listing, started("--repair", run.uuid) as repairing:
            for process in (listing, repairing):
                assert "is not there, trying again" in until(process.stderr, "\n")
            mortal.start()
            for process in (listing, repairing):
                assert "is back after" in until(process.stderr, "is back.*\n")
            assert (listing.wait(TIMEOUT_S), repairing.wait(TIMEOUT_S)) == (0, 1)
        assert run.status().computing == 0


def test_a_server_that_stays_away_ends_with_6(
    manage: Manage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskfarm_cli.arguments.GIVE_UP_IN_THE_MIDDLE_AFTER_S", 0.3)
    for words in (("--repair",), ("--tasks",), ("--reset-failed",), ("--reset-task", "1")):
        outcome = manage(*words, run.uuid, "-b", "http://127.0.0.1:1/", "-u", "me", "-p", "x")
        assert outcome.status == 6
        assert "no taskfarm server answers" in outcome.err


@POSIX
def test_control_c_ends_it_with_130(place: Place, work: Work) -> None:
    uuid = work.create(100_000)
    with started("--tasks", uuid) as process:
        until(process.stdout, "\n")
        process.send_signal(signal.SIGINT)
        assert until(process.stderr, "\n") == "manageTF: interrupted\n"
        assert process.wait(TIMEOUT_S) == 130


@POSIX
def test_head_takes_the_first_tasks_and_nothing_is_said(place: Place, work: Work) -> None:
    uuid = work.create(100_000)
    with started("--tasks", uuid) as process:
        assert until(process.stdout, "\n").startswith("0 waiting nan 0\n")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(TIMEOUT_S) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b""


@POSIX
def test_a_listing_that_cannot_be_written_fails(place: Place, run: Run) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        started("--tasks", run.uuid, stdout=full) as process,
    ):
        _, error = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert error == b"manageTF: cannot read or write: No space left on device\n"
