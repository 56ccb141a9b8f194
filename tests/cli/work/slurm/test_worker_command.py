"""The command of each worker: what the user said of workers goes with it, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from taskfarm_cli.work.command_line.arguments import build_parser
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.slurm import worker_command
from tests.support.hostile_values import HOSTILE

UUID = "0" * 32
URL = "http://farm.example/api/"
# What concerns the one who submits.
FOR_THE_SUBMITTER = {
    *(
        "create",
        "join",
        "retry_failed",
        "name",
        "new",
        "num_tasks",
        "uuid",
        "baseurl",
        "password",
        "dry_run",
        "version",
        "help",
    ),
    *("slurm", "time", "sbatch_args", "keep", "cancel_on_exit", "allow_loopback"),
    *("after", "on_end", "on_failure", "name"),
}
GIVEN = {
    "batch": ["--batch"],
    "chunk": ["--inputs=in", "--chunk=100"],
    "csv": ["--csv=in.csv"],
    "glob": ["--glob=*.nc", "--glob=-x*"],
    "grace_s": ["--grace-s=7.5"],
    "grid": ["--grid=lr=0.1,0.01", "--grid=seed=0:10"],
    "halt_after": ["--halt-after=4"],
    "inputs": ["--inputs=in"],
    "jobs": ["--jobs=3"],
    "jobs_file": ["--jobs-file=jobs.txt"],
    "joblog": ["--joblog=jl"],
    "journal": ["--journal=j"],
    "line_buffer": ["--line-buffer"],
    "linger": ["--no-linger"],
    "linger_s": ["--linger-s=5"],
    "log": ["--log=l"],
    "max_attempts": ["--max-attempts=2"],
    "max_tasks": ["--max-tasks=9"],
    "nul": ["--inputs=in", "--null"],
    "results": ["--results=r"],
    "retry_delay_s": ["--retry-delay-s=0"],
    "shell": ["--shell"],
    "stop_after_s": ["--stop-after-s=99.5"],
    "tag": ["--tag"],
    "threads_per_task": ["--threads-per-task=2"],
    "timeout_s": ["--timeout-s=1234567.25"],
    "unleased_after_s": ["--unleased-after-s=99.5"],
    "user": ["--user=me"],
}


# `--show` computes nothing.
OF_SHOW = {"show", "item", "failed"}


def worker(*words: str, run: tuple[str, ...] = ("true",)) -> list[str]:
    """Return what a worker's own workTF makes of its command."""
    return worker_command.of_worker(parse([*words, "--slurm", "2", UUID, "--", *run]), URL, UUID)


def test_it_is_this_very_program_on_the_same_run() -> None:
    words = worker(run=("echo", "{task}", "--keep"))
    assert words[:4] == [sys.executable, "-P", "-m", "taskfarm_cli.work.main"]
    there = parse(words[4:])
    assert (there.uuid, there.baseurl) == (UUID, URL)
    assert there.command == ("echo", "{task}", "--keep")
    assert there.slurm is None
    assert there.batch, "what ends as planned is a success for those that depend on it"


def test_each_option_goes_with_it_or_is_known_to_be_for_the_submitter() -> None:
    options = {action.dest for action in build_parser()._actions}
    assert options - FOR_THE_SUBMITTER - OF_SHOW == set(GIVEN)


PATHS = {"csv", "inputs", "joblog", "jobs_file", "journal", "log", "results"}


@pytest.mark.parametrize("name", sorted(set(GIVEN) - PATHS))
def test_an_option_means_the_same_there(name: str) -> None:
    here = parse([*GIVEN[name], UUID, "--", "true"])
    there = parse(worker(*GIVEN[name])[4:])
    assert getattr(there, name) == getattr(here, name)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_a_path_means_the_same_wherever_the_job_runs(name: str) -> None:
    there = parse(worker(*GIVEN[name])[4:])
    assert getattr(there, name) == str(Path.cwd() / GIVEN[name][0].partition("=")[2])


def test_workers_linger_for_ten_minutes_unless_told_otherwise() -> None:
    assert parse(worker()[4:]).linger_s == 600
    assert parse(worker("--linger-s", "5")[4:]).linger_s == 5
    assert not parse(worker("--no-linger")[4:]).linger


def test_kept_workers_do_not_linger() -> None:
    assert not parse(worker("--keep")[4:]).linger


def test_the_values_of_words_go_with_it_whatever_they_look_like() -> None:
    values = (":::", *HOSTILE, ":::", "--create", UUID)
    words = ["--slurm", "2", UUID, *values, "--", "echo", "{1}"]
    there = parse(worker_command.of_worker(parse(words), URL, UUID)[4:])
    assert there.values == (HOSTILE, ("--create", UUID))
    assert (there.uuid, there.command) == (UUID, ("echo", "{1}"))


def test_workers_of_a_results_folder_join_it_and_leave_what_failed() -> None:
    here = parse(["--join", "a folder", "--slurm", "2", "-j3", "--journal=j", "--max-attempts=2"])
    words = worker_command.of_worker(here, URL, UUID)
    there = parse(words[4:])
    assert (there.join, there.baseurl) == (str(Path.cwd() / "a folder"), URL)
    assert (there.jobs, there.max_attempts, there.linger_s) == (3, 2, 600)
    assert there.journal == str(Path.cwd() / "j")
    assert (there.slurm, there.batch, there.retry_failed) == (None, True, False)


@pytest.mark.parametrize("name", ["log", "results"])
def test_workers_leave_what_failed_to_the_one_who_submits_them(name: str) -> None:
    assert not parse(worker(*GIVEN[name])[4:]).retry_failed
    assert parse(worker()[4:]).retry_failed


def test_a_shell_for_commands_at_the_end_of_a_folders_run_stays_here() -> None:
    steered = ("--keep", "--shell", "--on-end", "a | b")
    here = parse(["--join", "a folder", "--slurm", "2", *steered])
    assert not parse(worker_command.of_worker(here, URL, UUID)[4:]).shell
