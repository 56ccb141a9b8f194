"""How workTF ends in a batch job: before its time limit, and with 0 where that was planned."""

from __future__ import annotations

import signal
import time

import pytest

from taskfarm_sdk import Run
from tests.cli.work.conftest import RunOf, Work
from tests.cli.work.test_ending import JOBS, working

pytestmark = pytest.mark.live
LEAD_S = 60


def in_a_job(monkeypatch: pytest.MonkeyPatch, left_s: float) -> None:
    """Make this a job of Slurm's that ends so much after the moment that workTF ends by."""
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time() + LEAD_S + left_s)))


def attempts(run: Run) -> set[int]:
    return {info.attempts for info in run.task_infos()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
@pytest.mark.usefixtures("environment")
def test_a_signal_that_asks_for_the_end_is_a_success_with_batch(
    run_of: RunOf, number: signal.Signals
) -> None:
    run = run_of(JOBS)
    with working(run, "sleep 86396", "--batch") as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, "asked to end" in err) == (0, True)
    assert (run.status().waiting, attempts(run)) == (JOBS, {0})


@pytest.mark.parametrize(
    ("words", "command"),
    [
        pytest.param(["--max-tasks", "1"], "true", id="tasks"),
        pytest.param(["--stop-after-s", "0.5"], "sleep 86396", id="seconds"),
    ],
)
def test_a_limit_is_a_success_with_batch(
    work: Work, run_of: RunOf, words: list[str], command: str
) -> None:
    run = run_of(3)
    done = work(run.uuid, "-j1", "--batch", *words, "--shell", "--", command)
    assert done.returncode == 0, done.stderr
    assert "workTF: ended" in done.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(["--max-attempts", "1", "--", "false"], 5, id="a task failed for good"),
        pytest.param(["--halt-after", "1", "--", "false"], 1, id="too many failures"),
        pytest.param(["--", "no-such-program"], 127, id="no such program"),
    ],
)
def test_a_failure_stays_one_with_batch(
    work: Work, run_of: RunOf, words: list[str], status: int
) -> None:
    assert work(run_of(1).uuid, "-j1", "--batch", *words).returncode == status


def test_in_a_job_it_gives_back_what_runs_before_the_time_limit(
    work: Work, run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(3)
    in_a_job(monkeypatch, 10)
    done = work(run.uuid, "-j2", "--batch", "--", "sleep", "86395")
    assert done.returncode == 0, done.stderr
    assert "60 s before this job's time limit" in done.stderr
    assert (run.status().waiting, attempts(run)) == (3, {0})


def test_it_begins_nothing_that_would_be_given_back(work: Work, run_of: RunOf) -> None:
    run = run_of(9)
    done = work(run.uuid, "-j1", "--stop-after-s", "4", "--", "sleep", "2.5")
    assert done.returncode == 7, done.stderr
    assert (run.status().done, run.status().waiting) == (1, 8)
    assert "what ran was given back" not in done.stderr


def test_a_longer_grace_ends_it_earlier(
    work: Work, run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_job(monkeypatch, 30)
    done = work(run_of(1).uuid, "--grace-s", "100", "--batch", "--", "sleep", "86395")
    assert done.returncode == 0, done.stderr
    assert "tasks wait" in done.stderr


def test_a_job_that_cannot_be_asked_about_has_no_limit_and_says_so(
    work: Work, run_of: RunOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("PATH", "/nowhere")
    done = work(run_of(1).uuid, "--", "/bin/true")
    assert done.returncode == 0, done.stderr
    assert "time limit is not known" in done.stderr
