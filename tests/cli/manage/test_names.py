"""Names of runs, from the creation of a run to its end, over the real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from taskfarm_cli.common import run_files
from taskfarm_sdk import Farm, _run_notes
from taskfarm_sdk._run_notes import RunNote
from tests.support.manage_tf import Manage, manage_started
from tests.support.processes import NET_S

pytestmark = pytest.mark.live


@pytest.fixture
def sweep(live_manage: Manage, live_farm: Farm) -> Iterator[str]:
    """The UUID of a run with the name `sweep`."""
    uuid = live_manage.fine("-n", "3", "--name", "sweep").out.strip()
    yield uuid
    if uuid in {run.uuid for run in live_farm.runs()}:
        live_farm.get_run(uuid).delete()


def test_a_name_stands_for_its_run_in_every_mode(
    live_manage: Manage, sweep: str, live_farm: Farm, tmp_path: Path
) -> None:
    line = live_manage.fine("-i", sweep).out
    for words in (("-i",), (), ("--info", "--plain")):
        assert live_manage.fine(*words, "sweep").out == line
        assert live_manage.fine(*words, "swe").out == line
    live_manage.fine("--tasks", "sweep")
    live_manage.fine("--report", str(tmp_path / "out.html"), "sweep")
    with live_farm.get_run(sweep).worker() as worker:
        for task in worker:
            task.complete()
    live_manage.fine("--wait", "sweep")
    live_manage.fine("-R", "sweep")
    assert live_farm.get_run(sweep).status().done == 0
    live_manage.fine("-d", "sweep")
    assert sweep not in {run.uuid for run in live_farm.runs()}
    assert live_manage("-i", "sweep").status == 2


@pytest.mark.parametrize("mode", ["-r", "-R", "-d", "--reset-failed", "--repair"])
def test_the_beginning_of_a_name_changes_nothing(
    live_manage: Manage, sweep: str, live_farm: Farm, mode: str
) -> None:
    found = live_manage(mode, "swee")
    assert (found.status, "the whole name is required" in found.error) == (2, True)
    assert live_farm.get_run(sweep).status().waiting == 3


def test_a_name_is_given_once_until_its_run_is_deleted(
    live_manage: Manage, sweep: str, live_farm: Farm
) -> None:
    before = len(live_farm.runs())
    found = live_manage("-n", "5", "--name", "sweep")
    assert found.status == 2
    assert f"the name 'sweep' is that of run {sweep}" in found.error
    assert len(live_farm.runs()) == before
    live_farm.get_run(sweep).delete()  # as somebody else would
    second = live_manage.fine("-n", "5", "--name", "sweep").out.strip()
    assert live_manage.fine("-i", "sweep").out.split()[1] == second
    live_manage.fine("-d", "sweep")


def test_of_creations_with_one_name_at_one_instant_one_succeeds(
    live_manage: Manage, live_farm: Farm
) -> None:
    before = len(live_farm.runs())
    with ExitStack() as started:
        creators = [
            started.enter_context(manage_started("-n", "5", "--name", "at-once")) for _ in range(3)
        ]
        told = [creator.communicate(timeout=NET_S) for creator in creators]
    (created,) = [out.decode().strip() for out, _ in told if out]
    assert len(live_farm.runs()) == before + 1
    refused = [error.decode() for _, error in told if error]
    assert [f"the name 'at-once' is that of run {created}" in one for one in refused] == [True] * 2
    assert sorted(creator.returncode for creator in creators) == [0, 2, 2]
    assert live_manage.fine("-i", "at-once").out.split()[1] == created
    live_manage.fine("-d", "at-once")


@pytest.mark.parametrize("name", ["1st", "face", "a b", "x" * 65, ""])
def test_what_cannot_be_a_name_creates_nothing(
    live_manage: Manage, live_farm: Farm, name: str
) -> None:
    before = len(live_farm.runs())
    found = live_manage("-n", "5", "--name", name)
    assert (found.status, "cannot be the name of a run" in found.error) == (2, True)
    assert len(live_farm.runs()) == before


def test_a_name_goes_with_create_alone(live_manage: Manage) -> None:
    assert live_manage("-l", "--name", "x").error == "--name is only valid with --create"


def test_a_run_that_others_deleted_is_said_to_be_gone_and_its_note_can_be_removed(
    live_manage: Manage, sweep: str, live_farm: Farm
) -> None:
    live_farm.get_run(sweep).delete()
    found = live_manage("-i", "sweep")
    assert found.status == 4
    assert f"run {sweep} (sweep), created here on 20" in found.error
    assert f"--delete {sweep}` removes what is noted about it" in found.error
    found = live_manage("-d", sweep)
    assert found.status == 4
    assert "what was noted about it here is removed now" in found.error
    assert run_files.named("sweep") == []
    assert "there is no run" in live_manage("-d", sweep).error


def test_a_run_is_noted_without_a_name_too(live_manage: Manage, live_farm: Farm) -> None:
    uuid = live_manage.fine("-n", "7").out.strip()
    (line,) = live_manage.fine("--history").out.splitlines()
    assert line.split()[:3] == ["-", uuid, live_farm.url]
    live_manage.fine("-d", uuid)
    assert live_manage.fine("--history").out == ""


def test_a_reset_is_noted(live_manage: Manage, sweep: str) -> None:
    _run_notes.note_finished(sweep)
    assert " finished " in live_manage.fine("--history").out
    live_manage.fine("--reset-all", "sweep")
    assert " finished " not in live_manage.fine("--history").out


def test_a_name_of_another_server_is_answered_with_its_url(
    live_manage: Manage, live_farm: Farm
) -> None:
    url = "http://other.invalid/api/"
    run_files.write_note(
        RunNote(run="0" * 32, url=url, num_tasks=1, items=1, chunk=1, name="elsewhere")
    )
    found = live_manage("-i", "elsewhere")
    assert (found.status, f"give -b {url}" in found.error) == (2, True)
    assert live_farm.url in found.error


def test_without_a_place_for_names_nothing_is_created(
    live_manage: Manage, live_farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(live_farm.runs())
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    found = live_manage("-n", "5", "--name", "sweep")
    assert (found.status, "cannot be kept" in found.error) == (1, True)
    assert len(live_farm.runs()) == before
    uuid = live_manage.fine("-n", "5").out.strip()
    live_farm.get_run(uuid).delete()
