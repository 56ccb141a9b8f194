"""The name of a new run: valid, free on its server, and kept, or nothing is created."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import attrs
import pytest

from taskfarm_cli.common import new_name, run_files
from taskfarm_cli.common.exit_status import CommandError, UsageError
from taskfarm_cli.common.run_files import RunNote
from taskfarm_sdk import ConfigurationError, Farm, RunNotFound, _name_claims
from tests.support.processes import NET_S

UUID = "7ce1105e5f2b471a829dc9aef6bcfdb0"
URL = "http://farm.test/api/"


class OneRun:
    """Stands in for a farm that has a run or none, and counts what it is asked."""

    url = URL

    def __init__(self, *, has_run: bool = True) -> None:
        self.asked: list[str] = []
        self._has_run = has_run

    def get_run(self, uuid: str) -> None:
        self.asked.append(uuid)
        if not self._has_run:
            raise RunNotFound(f"there is no run {uuid}")


def name(called: str, url: str = URL) -> None:
    note = RunNote(run=UUID, url=url, num_tasks=1, items=1, chunk=1, name=called, folder="")
    run_files.write_note(note)


def check_free(called: str, farm: OneRun) -> Sequence[RunNote]:
    return new_name.check_free(called, cast("Farm", farm))


def test_a_name_that_is_known_nowhere_costs_no_request() -> None:
    name("sweep-1")
    farm = OneRun()
    check_free("sweep", farm)
    with new_name.claimed(None, cast("Farm", farm)) as unknown:
        assert unknown == ()
    assert farm.asked == []


def test_a_name_of_another_server_is_free_here() -> None:
    name("sweep", "http://other.test/api/")
    check_free("sweep", OneRun())
    assert len(run_files.named("sweep")) == 1


def test_the_name_of_a_run_that_is_there_is_taken() -> None:
    name("sweep")
    with pytest.raises(UsageError, match=f"'sweep' is that of run {UUID}.*--delete sweep") as told:
        check_free("sweep", OneRun())
    assert "nothing was created" in str(told.value)


def test_a_run_that_the_server_does_not_know_loses_its_name_alone_when_the_new_run_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    note = RunNote(run=UUID, url=URL, num_tasks=1, items=1, chunk=1, name="sweep")
    run_files.write(note)
    unknown = check_free("sweep", OneRun(has_run=False))
    assert (list(unknown), run_files.named("sweep")) == ([note], [note])
    run_files.unname(unknown)
    assert run_files.named("sweep") == []
    assert run_files.history() == [attrs.evolve(note, name=None)]
    assert run_files.beside(UUID).exists()


def test_a_name_of_another_machine_s_localhost_is_free_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "http://localhost:5000/api/"
    monkeypatch.setattr("socket.gethostname", lambda: "host-a")
    name("sweep", url)
    farm = OneRun(has_run=False)
    farm.url = url
    monkeypatch.setattr("socket.gethostname", lambda: "host-b")
    assert list(check_free("sweep", farm)) == []
    assert farm.asked == []
    monkeypatch.setattr("socket.gethostname", lambda: "host-a")
    assert len(check_free("sweep", farm)) == 1


@pytest.mark.parametrize("called", ["1st", "face", "a b"])
def test_what_cannot_be_a_name_is_refused(called: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the name of a run"):
        new_name.check(called)


def test_a_name_that_cannot_be_kept_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    new_name.check("sweep")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    new_name.check(None)
    with pytest.raises(CommandError, match="'sweep' cannot be kept.*nothing was created"):
        new_name.check("sweep")


def test_of_two_creations_at_one_instant_one_succeeds() -> None:
    farm = cast("Farm", OneRun())
    start = threading.Barrier(2)

    def create(run: str) -> str:
        start.wait(NET_S)
        try:
            with new_name.claimed("sweep", farm):
                note = RunNote(run=run, url=URL, num_tasks=1, items=1, chunk=1, name="sweep")
                run_files.write_note(note)
        except UsageError as error:
            return str(error)
        return run

    runs = [UUID, "0" * 32]
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(create, runs))
    (created,) = set(told) & set(runs)
    (refused,) = set(told) - {created}
    assert f"the name 'sweep' is that of run {created}" in refused
    assert [note.run for note in run_files.named("sweep")] == [created]


def test_on_a_full_disk_nothing_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_name_claims, "_write", fail)
    farm = cast("Farm", OneRun())
    with (
        pytest.raises(CommandError, match="'sweep' cannot be kept.*No space left.*nothing was"),
        new_name.claimed("sweep", farm),
    ):
        raise AssertionError


def test_an_error_of_the_creation_is_none_of_the_name() -> None:
    farm = cast("Farm", OneRun())
    with pytest.raises(OSError, match="^5$"), new_name.claimed("sweep", farm):
        raise OSError(5)
