"""workTF while it is steered: its jobs' file, and the commands for the end of a run."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskfarm_sdk import Farm, Run, results
from taskfarm_sdk.logins import save_login
from tests.support.fake_slurm import FakeSlurm
from tests.support.processes import wait_until
from tests.support.work_tf import (
    JOBS,
    JUMPING_WORK,
    WORK,
    NewRun,
    WorkTF,
    commands_of,
    computing,
    end,
    wait_until_no_command_of,
)

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.usefixtures("work_folder")]
WAITING = ": > begun-{task}; until [ -e go-{task} ]; do sleep 0.05; done"
NOTING = "env | grep ^TASKFARM_ | grep -v GUARD | sort >> end; echo --- >> end"


@contextmanager
def started(*words: str) -> Generator[subprocess.Popen[str]]:
    """Start workTF, and kill it at the end of the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*WORK, *words], stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def set_jobs(number: int) -> None:
    """Write the number of jobs as a careful editor does."""
    Path("jobs.new").write_text(f"{number}\n")
    Path("jobs.new").replace("jobs.txt")


def begun() -> set[int]:
    return {int(path.name.partition("-")[2]) for path in Path.cwd().glob("begun-*")}


def let_end(tasks: set[int]) -> None:
    for task in tasks:
        Path(f"go-{task}").touch()


def wait_until_alone(run: Run, number: int) -> None:
    """Return when the only task that is computed is the one that was begun as this number."""
    wait_until(lambda: run.status().done == number - 1 and len(begun()) == number)
    # The tasks before may have been short, so that the next one is claimed ahead.
    assert run.status().computing <= 2


def test_the_number_of_commands_follows_the_file(new_run: NewRun) -> None:
    run = new_run(7)
    set_jobs(0)
    with started(run.uuid, "-j9", "--jobs-file", "jobs.txt", "--shell", "--", WAITING) as process:
        assert process.stderr is not None
        assert "paused" in process.stderr.readline()
        set_jobs(4)
        wait_until(lambda: len(begun()) == 4)
        assert run.status().computing == 4
        set_jobs(1)
        assert "4 jobs at a time" in process.stderr.readline()
        assert "1 job at a time" in process.stderr.readline()
        let_end(begun())
        for number in (5, 6, 7):
            wait_until_alone(run, number)
            let_end(begun())
        end(process)
    assert process.returncode == 0
    assert run.status().succeeded


def test_a_pause_lets_commands_go_on_and_ends_when_others_have_finished_the_run(
    new_run: NewRun,
) -> None:
    run = new_run(3)
    set_jobs(2)
    with started(run.uuid, "--jobs-file", "jobs.txt", "--shell", "--", WAITING) as process:
        wait_until(lambda: len(begun()) == 2)
        set_jobs(0)
        assert process.stderr is not None
        wait_until(lambda: "paused" in (process.stderr.readline() if process.stderr else ""))
        let_end(begun())
        wait_until(lambda: (run.status().done, run.status().computing) == (2, 0))
        with run.worker() as other:
            for task in other:
                task.complete()
        said = end(process)
    assert process.returncode == 0
    assert said.splitlines()[-1] == f"workTF: run {run.uuid}: 3 of 3 done, 0 failed"


def test_of_two_workTFs_only_that_with_the_options_runs_their_commands(
    new_run: NewRun, live_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFARM_USER", "somebody")
    run = new_run(2)
    command = ("--max-attempts", "1", "--shell", "--", WAITING + '; exit "$TASKFARM_TASK"')
    hooks = ("--on-end", f"echo end >> end; {NOTING}", "--on-failure", f"echo bad >> end; {NOTING}")
    with (
        started(run.uuid, "-j1", *hooks, *command) as with_it,
        started(run.uuid, "-j1", *command) as without,
    ):
        wait_until(lambda: len(begun()) == 2)
        let_end({0, 1})
        end(without)
        said = end(with_it)
    assert (with_it.returncode, without.returncode) == (5, 5)
    facts = [
        "TASKFARM_CONFIG=",
        "TASKFARM_DONE=2",
        "TASKFARM_FAILED=1",
        f"TASKFARM_RUN={run.uuid}",
        "TASKFARM_TASKS=2",
        f"TASKFARM_URL={live_farm.url}",
        "---",
    ]
    found = Path("end").read_text().splitlines()
    found = ["TASKFARM_CONFIG=" if line.startswith("TASKFARM_CONFIG=") else line for line in found]
    assert found == ["bad", *facts, "end", *facts]
    assert said.splitlines()[-1].startswith(f"workTF: 1 of 2 tasks of run {run.uuid} failed")


def test_a_failing_command_for_the_end_leaves_the_exit_status(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    done = work_tf(
        new_run(1).uuid, "-j1", "--on-end", "sh -c 'echo out; exit 3'", "--", "echo", "x"
    )
    assert (done.returncode, done.stdout) == (0, "x\n")
    lines = done.stderr.splitlines()
    assert lines[-3:] == [
        "workTF: running the command of --on-end",
        "out",
        "workTF: the command of --on-end failed: exit status 3",
    ]


def unfinished(run: Run, leave: Callable[[subprocess.Popen[str]], object], *words: str) -> int:
    """Return the exit status of a workTF that is made to end before its run does."""
    options = ("--on-end", ": > end", *words)
    with computing(run, "sleep 86397", *options, program=JUMPING_WORK) as process:
        leave(process)
        end(process)
    return process.returncode


def test_the_command_for_the_end_does_not_run_before_the_end(
    work_tf: WorkTF, new_run: NewRun
) -> None:
    run = new_run(JOBS)
    assert unfinished(run, subprocess.Popen[str].terminate) == 143
    # Its clock jumps by so many seconds.
    assert unfinished(run, lambda _: Path("ahead").write_text("9999"), "--stop-after-s", "999") == 7
    with run.worker() as other:
        task = other.claim()
        assert task is not None
        left = work_tf(run.uuid, "--no-linger", "--on-end", "touch end", "--", "true")
    assert left.returncode == 0
    assert not Path("end").exists()
    assert run.status().done == JOBS - 1
    # Who comes back sees the end.
    assert work_tf(run.uuid, "--on-end", "touch end", "--", "true").returncode == 0
    assert Path("end").exists()


def test_ctrl_c_ends_the_command_for_the_end(new_run: NewRun) -> None:
    run = new_run(1)
    with started(run.uuid, "--on-end", "sleep 86397", "--", "true") as process:
        # Of a run that is finished, it is the only command.
        wait_until(lambda: run.status().finished and commands_of(run))
        process.send_signal(signal.SIGINT)
        said = end(process)
    assert process.returncode == 130
    assert "interrupted while the command of --on-end ran" in said
    wait_until_no_command_of(run)


def test_sigterm_gives_the_command_for_the_end_its_time(new_run: NewRun) -> None:
    run = new_run(1)
    trap = "trap 'sleep 0.2; : > ended; exit' TERM; : > ready; sleep 86397 & wait"
    with started(run.uuid, "--shell", "--on-end", trap, "--", "true") as process:
        wait_until(lambda: Path("ready").exists())
        process.terminate()
        said = end(process)
    assert process.returncode == 143
    assert "ended by SIGTERM while the command of --on-end ran; the run is finished" in said
    assert Path("ended").exists()
    wait_until_no_command_of(run)


def test_one_run_comes_after_another(new_run: NewRun, live_farm: Farm) -> None:
    first = new_run(1)
    words = ("--create", "--num-tasks", "1", "-j1", "--after", first.uuid, "--", "touch", "ran")
    with started(*words) as process:
        assert process.stderr is not None
        uuid = process.stderr.readline().split()[2].rstrip(":")
        assert f"waiting for run {first.uuid}" in process.stderr.readline()
        assert (live_farm.get_run(uuid).status().waiting, Path("ran").exists()) == (1, False)
        with first.worker() as worker:
            for task in worker:
                task.complete()
        end(process)
    assert process.returncode == 0
    assert Path("ran").exists()
    live_farm.get_run(uuid).delete()


def test_on_slurm_who_keeps_the_workers_runs_the_command_for_the_end(
    live_farm: Farm,
    work_tf: WorkTF,
    new_run: NewRun,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    save_login(live_farm.url, live_farm.user or "", live_farm.login())
    slurm = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{tmp_path / 'slurm'}:/bin:/usr/bin")
    run = new_run(1)
    with run.worker() as worker:
        for task in worker:
            task.complete()
    words = ("--slurm", "1", "--keep", "--allow-loopback", "--on-end", "touch end", run.uuid)
    done = work_tf(*words, "--", "true")
    assert (done.returncode, slurm.submissions) == (0, 0), done.stderr
    assert Path("end").exists()


def test_functions_are_steered_too(live_farm: Farm, tmp_path: Path, new_run: NewRun) -> None:
    here = str(Path.cwd())

    def compute(value: int) -> int:
        Path(here, f"begun-{value}").touch()
        ends_at = time.monotonic() + 60
        while not Path(here, f"go-{value}").exists() and time.monotonic() < ends_at:
            time.sleep(0.05)
        return value

    before = new_run(1)
    run = live_farm.prepare(compute, range(5), folder=tmp_path / "folder", chunk=1)
    set_jobs(0)
    steering = ("--after", before.uuid, "--jobs-file", "jobs.txt", "--on-end", "touch end")
    with started("--join", str(tmp_path / "folder"), *steering) as process:
        assert process.stderr is not None
        assert f"waiting for run {before.uuid}" in process.stderr.readline()
        with before.worker() as worker:
            for task in worker:
                task.complete()
        assert "paused" in process.stderr.readline()
        set_jobs(2)
        wait_until(lambda: len(begun()) == 2)
        set_jobs(1)
        assert "2 jobs at a time" in process.stderr.readline()
        assert "1 job at a time" in process.stderr.readline()
        for number in (3, 4, 5):
            let_end(begun())
            wait_until_alone(run, number)
        let_end(begun())
        end(process)
    assert process.returncode == 0
    assert list(results(tmp_path / "folder").values()) == list(range(5))
    assert Path("end").exists()
    run.delete()
