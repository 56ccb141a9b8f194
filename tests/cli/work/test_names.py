"""Names of the runs of workTF: given when a run is created, and then in place of its UUID."""

from __future__ import annotations

import pytest

from taskfarm_cli.common import run_files
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.run_files import RunNote
from taskfarm_cli.manage.main import main as manage
from taskfarm_cli.work import manifest
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.plan import Plan
from taskfarm_sdk import ConfigurationError, Farm
from tests.support.work_tf import NewRun, WorkTF


def name(uuid: str, called: str) -> None:
    note = RunNote(run=uuid, url="u", num_tasks=1, items=1, chunk=1, name=called, folder="")
    run_files.write_note(note)


@pytest.mark.live
def test_a_run_is_worked_on_by_its_name(work_tf: WorkTF, live_farm: Farm) -> None:
    words = ("--num-tasks", "3", "--max-tasks", "1", "--", "true")
    first = work_tf("--create", "--name", "sweep", *words)
    assert first.returncode == 7, first.stderr
    uuid = first.stderr.partition("run ")[2][:32]
    assert f"run {uuid} (sweep): 3 tasks" in first.stderr
    again = work_tf("--create", "--name", "sweep", "--new", *words)
    assert (again.returncode, f"that of run {uuid}" in again.stderr) == (2, True)
    assert work_tf("swee", "--", "true").returncode == 2
    assert live_farm.get_run(uuid).status().done == 1
    assert work_tf("sweep", "--", "true").returncode == 0
    assert live_farm.get_run(uuid).status().succeeded
    assert manage(["-d", "-b", live_farm.url, "sweep"]) == 0
    assert run_files.named("sweep") == []


@pytest.mark.live
def test_a_run_of_manage_tf_takes_any_command_and_inputs(
    work_tf: WorkTF, new_run: NewRun, live_farm: Farm
) -> None:
    run = new_run(2)
    note = RunNote(run=run.uuid, url=live_farm.url, num_tasks=2, items=2, chunk=1, name="sweep")
    run_files.write_note(note)
    # Who works on it is not known: it may be workers without heartbeats.
    assert manifest.unleased_after_s(run, None) == "auto"
    done = work_tf("sweep", "--inputs", "-", "--", "echo", "{}", stdin="a\nb\n")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["a", "b"]


def test_a_name_goes_with_create_alone() -> None:
    with pytest.raises(UsageError, match="--name go with --create"):
        parse(["0" * 32, "--name", "sweep", "--", "true"])


def test_what_cannot_be_a_name_is_refused_with_the_plan() -> None:
    options = parse(["--create", "--num-tasks", "1", "--name", "a b", "--", "true"])
    with pytest.raises(ConfigurationError, match="cannot be the name of a run"):
        Plan.of(options)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["sweep", "--results", "sweep"], ["--results", "sweep"]),
        (["--results", "sweep", "sweep", "-j2"], ["--results", "sweep", "-j2"]),
        (["-j2", "sweep"], ["-j2"]),
        (["--results=sweep", "sweep"], ["--results=sweep"]),
        (["-u", "sweep", "--log", "sweep", "sweep"], ["-u", "sweep", "--log", "sweep"]),
        (["--create", "--name", "sweep", "--num-tasks", "1"], []),
        (["--create", "--name=sweep", "--num-tasks=1"], []),
    ],
)
def test_a_command_line_that_resumes_has_all_options_and_no_run(
    words: list[str], kept: list[str]
) -> None:
    name("0" * 32, "sweep")
    assert list(parse([*words, "--", "true"]).resume) == kept
