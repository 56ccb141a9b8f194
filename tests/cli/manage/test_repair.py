"""--repair, over the real server: it draws numbers of its own, so that nothing replays."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_cli.common.connection_options import GIVE_UP_AFTER_S
from taskfarm_sdk import Run
from taskfarm_sdk._session import link
from taskfarm_sdk.testing import LocalServer
from tests.support.clock import FastClock
from tests.support.constants import command_with
from tests.support.manage_tf import (
    Manage,
    TaskWriter,
    manage_started,
    needs_posix,
    read_until,
    writing_tasks,
)
from tests.support.processes import NET_S

pytestmark = pytest.mark.live
# However long the server takes to come back, it is waited for; and it is tried often meanwhile.
PATIENT = command_with(
    "taskfarm_cli.manage.main",
    {
        "taskfarm_cli.common.connection_options.GIVE_UP_AFTER_S": 3600.0,
        "taskfarm_cli.manage.mode.GIVE_UP_IN_THE_MIDDLE_AFTER_S": 3600.0,
        "taskfarm_sdk._sansio.retry.BACKOFF_MOST_S": 0.2,
    },
)


@pytest.fixture(autouse=True)
def _looks_close_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two looks at a run follow each other at once, and not after seconds."""
    monkeypatch.setattr("taskfarm_sdk._flows.repair.LOOK_AGAIN_S", (0.0, 0.01))


@pytest.fixture
def live_task_writer(live_login: dict[str, str]) -> Iterator[TaskWriter]:
    """Takes tasks of the real server and writes them, as a worker of its own."""
    url, token = live_login.values()
    with writing_tasks(url, token, uuid.uuid4().hex) as writer:
        yield writer


@pytest.fixture
def broken(live_run: Run, live_task_writer: TaskWriter) -> Run:
    """A run of 5 whose task 3 was made before its turn, and is done."""
    live_task_writer.write(live_run, 3, 100.0, "done")
    return live_run


def test_repair_mends_in_silence(
    live_manage: Manage, broken: Run, live_task_writer: TaskWriter
) -> None:
    assert live_manage.fine("--repair", broken.uuid).out == ""
    assert sorted(live_task_writer.take(broken) for _ in range(4)) == [0, 1, 2, 4]


def test_repair_in_json_counts_what_was_missing(live_manage: Manage, broken: Run) -> None:
    document = live_manage.fine("--repair", broken.uuid, "--json").document
    assert (document["mode"], document["made"]) == ("repair", 4)
    assert document["run"]["uuid"] == broken.uuid


def test_a_sound_run_is_refused_with_1(
    live_manage: Manage, live_run: Run, live_task_writer: TaskWriter
) -> None:
    live_task_writer.write(live_run, live_task_writer.take(live_run), 37.500217, "waiting")
    outcome = live_manage("--repair", live_run.uuid)
    assert (outcome.status, outcome.out) == (1, "")
    assert "was not changed" in outcome.error
    assert live_run.task_info(0).state == "waiting"
    assert live_run.status().percent_done == 37.500217 / 5


def test_an_odd_run_is_refused_with_2(live_manage: Manage, live_task_writer: TaskWriter) -> None:
    outcome = live_manage("--repair", live_task_writer.create("many"))
    assert outcome.status == 2
    assert "an invalid number of tasks" in outcome.error


@pytest.mark.usefixtures("logged_in")
@needs_posix
def test_a_server_that_is_restarted_is_waited_for(
    killable_server: LocalServer, live_run: Run
) -> None:
    killable_server.kill()
    with (
        manage_started("--tasks", live_run.uuid, program=PATIENT) as listing,
        manage_started("--repair", live_run.uuid, program=PATIENT) as repairing,
    ):
        for process in (listing, repairing):
            assert "is unavailable, retrying" in read_until(process.stderr, "\n")
        killable_server.start()
        for process in (listing, repairing):
            assert "is back after" in read_until(process.stderr, "is back.*\n")
        assert (listing.wait(NET_S), repairing.wait(NET_S)) == (0, 1)
    assert live_run.status().computing == 0


@pytest.mark.parametrize(
    "words",
    [("--repair",), ("--tasks",), ("--reset-failed",), ("--reset-task", "1")],
    ids=lambda words: words[0],
)
def test_a_server_that_stays_away_ends_with_6(
    live_manage: Manage,
    refusing_url: str,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    clock = FastClock()
    monkeypatch.setattr(link, "SystemClock", lambda: clock)
    outcome = live_manage(*words, "0" * 32, "-b", refusing_url, "-u", "me", "-p", "x")
    assert outcome.status == 6
    assert "no taskfarm server answers" in outcome.err
    assert sum(clock.waits) == pytest.approx(GIVE_UP_AFTER_S), "not the patience of later on"


@pytest.mark.usefixtures("logged_in")
@needs_posix
def test_control_c_ends_it_with_130(live_task_writer: TaskWriter) -> None:
    run = live_task_writer.create(100_000)
    with manage_started("--tasks", run) as process:
        read_until(process.stdout, "\n")
        process.send_signal(signal.SIGINT)
        assert read_until(process.stderr, "\n") == "manageTF: interrupted\n"
        assert process.wait(NET_S) == 130


@pytest.mark.usefixtures("logged_in")
@needs_posix
def test_head_takes_the_first_tasks_and_nothing_is_said(live_task_writer: TaskWriter) -> None:
    run = live_task_writer.create(100_000)
    with manage_started("--tasks", run) as process:
        assert read_until(process.stdout, "\n").startswith("0 waiting nan 0\n")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(NET_S) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.usefixtures("logged_in")
@needs_posix
def test_a_listing_that_cannot_be_written_fails(live_run: Run) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        manage_started("--tasks", live_run.uuid, stdout=full) as process,
    ):
        _, error = process.communicate(timeout=NET_S)
    assert process.returncode == 1
    assert error == b"manageTF: cannot read or write: No space left on device\n"
