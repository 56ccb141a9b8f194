"""Slurm's own commands and a job's environment: what is made of what they say."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.slurm import cli, job_environment
from taskfarm_cli.work.slurm.cli import Element
from taskfarm_sdk.hidden import Hidden


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds all programs there are, apart from /bin/sh."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.usefixtures("programs")
def test_where_slurm_is_missing_that_is_said() -> None:
    with pytest.raises(CommandError, match="there is no sbatch here"):
        cli.submit("#!/bin/sh\n", (), has_time=False)
    with pytest.raises(CommandError, match="there is no squeue here"):
        cli.queue("name")
    with pytest.raises(CommandError, match="there is no scancel here"):
        cli.cancel(["1"])


def test_what_slurm_says_is_one_line_and_its_status_is_named(programs: Path) -> None:
    program(programs, "sbatch", "echo 'sbatch: error: no such\npartition' >&2; exit 3")
    with pytest.raises(
        CommandError, match=r"^sbatch ended with 3: error: no such partition$"
    ) as raised:
        cli.submit("#!/bin/sh\n", (), has_time=False)
    assert raised.value.status == 1


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("invalid partition specified: none", "sinfo lists the partitions"),
        ("Invalid qos specification", "--qos=NAME"),
        ("Invalid account or account/partition combination specified", "--account=NAME"),
        ("Requested time limit is invalid (missing or exceeds some limit)", "shorter --time"),
    ],
)
def test_a_refusal_says_what_to_do(programs: Path, said: str, advice: str) -> None:
    program(programs, "sbatch", f"echo 'sbatch: error: {said}' >&2; exit 1")
    with pytest.raises(cli.Refused, match=advice) as raised:
        cli.submit("#!/bin/sh\n", (), has_time=False)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        "Batch job submission failed: Socket timed out on send/recv operation",
        "Batch job submission failed: Unable to contact slurm controller (receive failure)",
        "Batch job submission failed: Zero Bytes were transmitted in the response",
    ],
)
def test_where_the_answer_was_lost_nothing_is_known_to_be_refused(
    programs: Path, said: str
) -> None:
    program(programs, "sbatch", f"echo '{said}' >&2; exit 1")
    with pytest.raises(CommandError, match=said.partition("(")[0]) as raised:
        cli.submit("#!/bin/sh\n", (), has_time=False)
    assert not isinstance(raised.value, cli.Refused)


def test_how_large_an_array_may_be_is_asked_and_not_missed(programs: Path) -> None:
    assert cli.most_workers() is None
    program(programs, "scontrol", "exit 1")
    assert cli.most_workers() is None
    program(programs, "scontrol", "echo 'MaxArraySize            = 1001'")
    assert cli.most_workers() == 1001


def test_how_arrays_ended_is_asked_and_not_missed(programs: Path) -> None:
    assert cli.ends(["7"]) == ()
    program(programs, "squeue", "echo FAILED JobLaunchFailure; echo COMPLETED None")
    assert cli.ends(["7"]) == ["COMPLETED", "FAILED", "JobLaunchFailure"]


@pytest.mark.parametrize("said", ["17", "17;cluster", "note\n17"])
def test_the_job_id_is_what_parsable_means(programs: Path, said: str) -> None:
    program(programs, "sbatch", f"printf '{said}\\n'")
    assert cli.submit("#!/bin/sh\n", (), has_time=False) == "17"


def test_nothing_is_cancelled_where_there_is_nothing(programs: Path) -> None:
    program(programs, "scancel", "exit 1")
    cli.cancel([])


def test_what_is_over_or_about_to_be_is_not_in_the_queue(programs: Path) -> None:
    rows = (
        "7|0|RUNNING|1:05|None|10:00",
        "7|1|COMPLETING|0:05|None|10:00",
        "7|2|PENDING|0:00|Resources|UNLIMITED",
        "7|3|SUSPENDED|1-00:00:00|None|2-00:00:00",
        "noise",
    )
    program(programs, "squeue", f"printf '%s\\n' {' '.join(map(repr, rows))}")
    assert cli.queue("name") == [
        Element("7", "0", "RUNNING", 65.0, "None", 600.0),
        Element("7", "2", "PENDING", 0.0, "Resources", None),
        Element("7", "3", "SUSPENDED", 86400.0, "None", 172800.0),
    ]


def test_what_a_user_sees_of_the_queue_by_default_does_not_matter(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUEUE_STATES", "PENDING")
    program(programs, "squeue", 'printf "%s\\n" "7|0|RUNNING|0:01|$SQUEUE_STATES|5:00"')
    assert [element.reason for element in cli.queue("name")] == [""]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0:00", 0),
        ("9:59", 599),
        ("1:02:03", 3723),
        ("2-00:00:01", 172801),
        ("UNLIMITED", None),
        ("INVALID", None),
        ("", None),
    ],
)
def test_times_as_slurm_shows_them(text: str, seconds: float | None) -> None:
    assert cli.seconds_of(text) == seconds


def test_the_workers_environment_is_the_users_without_what_is_not_for_them() -> None:
    environ = {
        "HOME": "the home",
        "SBATCH_ACCOUNT": "physics",
        "SBATCH_ARRAY_INX": "0-99",
        "SBATCH_TIMELIMIT": "5",
        "SLURM_RESTART_COUNT": "3",
        "TASKFARM_CONFIG": "/config",
        "TASKFARM_GUARDIAN": "mark",
        "TASKFARM_PASSWORD": "secret",
        "TASKFARM_TASK": "3",
        "TASKFARM_TOKEN": "secret",
        "TASKFARM_URL": "http://farm/api/",
        "TASKFARM_USER": "me",
    }
    kept = ["HOME", "SBATCH_ACCOUNT", "TASKFARM_CONFIG", "TASKFARM_URL"]
    known = Hidden(environ)
    assert sorted(cli.environment(has_time=True, environ=known).reveal()) == kept
    assert "SBATCH_TIMELIMIT" in cli.environment(has_time=False, environ=known).reveal()


def test_no_command_of_slurms_gets_credentials(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = programs / "given"
    for name in ("squeue", "scontrol", "scancel"):
        program(programs, name, f"set >> {given}")
    for name in ("TASKFARM_PASSWORD", "TASKFARM_TOKEN", "TASKFARM_USER"):
        monkeypatch.setenv(name, "a-secret-of-nobodys")
    cli.cancel(["4711"])
    with suppress(CommandError):
        cli.left_s("4711")
    text = given.read_text()
    assert text.count("PATH=") >= 2
    assert "a-secret-of-nobodys" not in text


def refuse(job: str) -> float | None:
    raise AssertionError(f"asked about {job}")


def test_outside_a_job_there_is_no_end_and_nobody_is_asked() -> None:
    assert job_environment.left_s(Hidden({}), ask=refuse) is None


def test_the_environment_tells_the_end_where_slurm_puts_it_there() -> None:
    environ = {"SLURM_JOB_ID": "5", "SLURM_JOB_END_TIME": "1000"}
    assert job_environment.left_s(Hidden(environ), ask=refuse, now=lambda: 400.0) == 600


def test_else_slurm_is_asked_about_the_job() -> None:
    asked: list[str] = []

    def ask(job: str) -> float:
        asked.append(job)
        return 90.0

    assert job_environment.left_s(Hidden({"SLURM_JOB_ID": "5"}), ask=ask) == 90
    assert asked == ["5"]


def test_a_limit_that_is_years_away_is_none() -> None:
    environ = {"SLURM_JOB_ID": "5", "SLURM_JOB_END_TIME": str(2**32)}
    assert job_environment.left_s(Hidden(environ), ask=refuse, now=lambda: 0.0) is None
    assert job_environment.left_s(Hidden({"SLURM_JOB_ID": "5"}), ask=lambda _: None) is None


def test_a_job_that_is_over_is_not_the_one_that_this_runs_in() -> None:
    environ = {"SLURM_JOB_ID": "5", "SLURM_JOB_END_TIME": "1000"}
    assert job_environment.left_s(Hidden(environ), ask=refuse, now=lambda: 1001.0) is None


def test_an_array_is_a_fleet_that_starts_at_once() -> None:
    assert job_environment.fleet_size(Hidden({"SLURM_ARRAY_TASK_COUNT": "40"})) == 40
    assert job_environment.fleet_size(Hidden({})) == 1
