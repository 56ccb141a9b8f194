"""workTF's ends in a batch job: before its time limit, and with 0 where that was planned."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from taskfarm_sdk import Run
from tests.support.work_tf import JOBS, JUMPING_WORK, NewRun, WorkTF, computing, end

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("work_folder")]
LEAD_S = 60


def pretend_to_be_in_a_job(monkeypatch: pytest.MonkeyPatch, left_s: float) -> None:
    """Make this a job of Slurm's that ends so much after the moment that workTF ends by."""
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time() + LEAD_S + left_s)))


def jump(folder: Path, seconds: int) -> None:
    """Set the clock of a jumping workTF forward."""
    (folder / "ahead.new").write_text(str(seconds))
    (folder / "ahead.new").rename(folder / "ahead")


def attempts(run: Run) -> set[int]:
    return {info.attempts for info in run.task_infos()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_that_asks_for_the_end_is_a_success_with_batch(
    new_run: NewRun, number: signal.Signals
) -> None:
    run = new_run(JOBS)
    with computing(run, "sleep 86396", "--batch") as process:
        process.send_signal(number)
        said = end(process)
    assert (process.returncode, "asked to end" in said) == (0, True)
    assert (run.status().waiting, attempts(run)) == (JOBS, {0})


@pytest.mark.parametrize(
    ("words", "command"),
    [
        pytest.param(["--max-tasks", "1"], "true", id="tasks"),
        pytest.param(["--stop-after-s", "0.5"], "sleep 86396", id="seconds"),
    ],
)
def test_a_limit_is_a_success_with_batch(
    work_tf: WorkTF, new_run: NewRun, words: list[str], command: str
) -> None:
    run = new_run(3)
    done = work_tf(run.uuid, "-j1", "--batch", *words, "--shell", "--", command)
    assert done.returncode == 0, done.stderr
    assert "workTF: stopped" in done.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(["--max-attempts", "1", "--", "false"], 5, id="a task failed for good"),
        pytest.param(["--halt-after", "1", "--", "false"], 1, id="too many failures"),
        pytest.param(["--", "no-such-program"], 127, id="no such program"),
    ],
)
def test_a_failure_stays_one_with_batch(
    work_tf: WorkTF, new_run: NewRun, words: list[str], status: int
) -> None:
    assert work_tf(new_run(1).uuid, "-j1", "--batch", *words).returncode == status


def test_in_a_job_it_gives_back_what_runs_before_the_time_limit(
    new_run: NewRun, work_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(JOBS + 1)
    pretend_to_be_in_a_job(monkeypatch, 600)
    with computing(run, "sleep 86395", "--batch", program=JUMPING_WORK) as process:
        jump(work_folder, 600)
        said = end(process)
    assert process.returncode == 0, said
    assert "60 s before this job's time limit" in said
    assert (run.status().waiting, attempts(run)) == (JOBS + 1, {0})


def test_it_begins_nothing_that_would_be_given_back(work_tf: WorkTF, new_run: NewRun) -> None:
    run = new_run(9)
    words = ("-j1", "--stop-after-s", "86400", "--shell", "--", "echo 50000 > ahead")
    done = work_tf(run.uuid, *words, program=JUMPING_WORK)
    assert done.returncode == 7, done.stderr
    assert (run.status().done, run.status().waiting) == (1, 8)
    assert "running tasks were released" not in done.stderr


def test_a_longer_grace_ends_it_earlier(
    work_tf: WorkTF, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_to_be_in_a_job(monkeypatch, 30)
    run = new_run(1)
    done = work_tf(run.uuid, "--grace-s", "100", "--batch", "--", "touch", "begun")
    assert done.returncode == 0, done.stderr
    assert "stopped" in done.stderr
    assert not Path("begun").exists()
    assert (run.status().waiting, attempts(run)) == (1, {0})


def test_a_job_that_cannot_be_asked_about_has_no_limit_and_says_so(
    work_tf: WorkTF, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("PATH", "/nowhere")
    done = work_tf(new_run(1).uuid, "--", "/bin/true")
    assert done.returncode == 0, done.stderr
    assert "time limit is unknown" in done.stderr
