"""workTF's ends before its time: signals, and being killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.constants import command_with
from tests.support.processes import NET_S, members
from tests.support.work_tf import (
    JOBS,
    WORK,
    NewRun,
    WorkTF,
    commands_of,
    computing,
    end,
    wait_for_files,
    wait_until_no_command_of,
)

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.usefixtures("work_folder")]
# Each command starts others, in its own group and in one of their own.
NESTED = "sleep 86399 & setsid sleep 86399 & sleep 86399"
NESTED_PROCESSES = 4
# A grace that no test outlives.
DAY = ("--grace-s", "86400")


ASKING = [
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGUSR1,
    signal.SIGHUP,
    signal.SIGUSR2,
    signal.SIGXCPU,
]


@pytest.mark.parametrize("number", ASKING)
def test_a_signal_gives_all_tasks_back_uncounted(new_run: NewRun, number: signal.Signals) -> None:
    run = new_run(6)
    with computing(run, NESTED, *DAY, processes=NESTED_PROCESSES) as process:
        process.send_signal(number)
        end(process)
    assert process.returncode == 128 + number
    assert (run.status().waiting, run.status().computing) == (6, 0)
    assert {info.attempts for info in run.task_infos()} == {0}
    wait_until_no_command_of(run)


def hang(server: LocalServer) -> None:
    """Stop the server's processes: it accepts connections, and answers none."""
    assert server.pid is not None
    for process in members(server.pid):
        os.kill(process.pid, signal.SIGSTOP)


@pytest.mark.parametrize("leave", [LocalServer.kill, hang], ids=["gone", "hanging"])
def test_a_signal_ends_it_while_finished_tasks_wait_for_a_server_that_is_away(
    work_folder: Path, monkeypatch: pytest.MonkeyPatch, leave: Callable[[LocalServer], None]
) -> None:
    with LocalServer() as server, server.farm() as farm:
        monkeypatch.setenv("TASKFARM_URL", server.url)
        monkeypatch.setenv("TASKFARM_TOKEN", farm.login())
        run = farm.create_run(JOBS)
        command = ": > begun-{task}; until [ -e go ]; do sleep 0.05; done"
        with computing(run, command, *DAY) as process:
            wait_for_files("begun-*")
            leave(server)
            (work_folder / "go").touch()
            wait_until_no_command_of(run)
            process.terminate()
            # Without the signal it would try for ten minutes.
            assert "is back" not in end(process)
            assert process.returncode == 143
        server.kill()


def test_under_nohup_a_hangup_changes_nothing(new_run: NewRun, work_folder: Path) -> None:
    run = new_run(JOBS)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does, for all that it starts
    try:
        with computing(run, ": > begun-{task}; until [ -e go ]; do sleep 0.05; done") as process:
            wait_for_files("begun-*")
            process.send_signal(signal.SIGHUP)
            (work_folder / "go").touch()
            assert process.wait(NET_S) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert run.status().succeeded


def test_a_command_gets_the_signal_itself(new_run: NewRun, work_folder: Path) -> None:
    run = new_run(JOBS)
    trap = "trap 'echo got > {task}; exit 1' USR1; : > trapped-{task}"
    with computing(run, f"{trap}; while :; do sleep 0.05; done") as process:
        wait_for_files("trapped-*")
        process.send_signal(signal.SIGUSR1)
        end(process)
    assert [(work_folder / str(task)).read_text() for task in range(JOBS)] == ["got\n"] * JOBS
    assert run.status().waiting == JOBS


def test_a_command_that_finishes_in_its_grace_is_done(new_run: NewRun) -> None:
    run = new_run(JOBS + 1)
    trap = "trap 'exit 0' TERM; : > trapped-{task}"
    with computing(run, f"{trap}; while :; do sleep 0.05; done", *DAY) as process:
        wait_for_files("trapped-*")
        process.terminate()
        end(process)
    assert process.returncode == 143
    assert (run.status().done, run.status().waiting) == (JOBS, 1)


def test_one_that_does_not_end_is_killed_after_its_own_grace(new_run: NewRun) -> None:
    run, other = new_run(JOBS), new_run(JOBS)
    stay = "trap '' TERM; : > {0}-{{task}}; sleep 86398; sleep 86399"
    with (
        computing(run, stay.format("first"), "--grace-s", "1") as process,
        computing(other, stay.format("second"), *DAY) as with_a_longer_grace,
    ):
        wait_for_files("first-*")
        wait_for_files("second-*")
        with_a_longer_grace.terminate()
        asked_at = time.monotonic()
        process.terminate()
        end(process)
        assert time.monotonic() - asked_at >= 1
        assert with_a_longer_grace.poll() is None
        assert len(commands_of(other)) >= JOBS
    assert run.status().waiting == JOBS
    wait_until_no_command_of(run)


def test_a_second_signal_does_not_wait_for_the_grace(new_run: NewRun) -> None:
    run = new_run(JOBS)
    # On a busy machine tasks take longer to give back than who asks twice is to wait.
    patient = command_with(
        "taskfarm_cli.work.main", {"taskfarm_sdk._worker.core.ENDING_AT_ONCE_S": NET_S}
    )
    # Who is told that it is to end stays for another second, and says so.
    count = 'test -z "$told" || told=$((told+1)); test "$told" != 20 || : > stayed-{task}'
    command = f"trap told=0 TERM; : > trapped-{{task}}; while :; do sleep 0.05; {count}; done"
    with computing(run, command, *DAY, program=patient) as process:
        wait_for_files("trapped-*")
        process.terminate()
        wait_for_files("stayed-*")
        assert process.poll() is None
        assert run.status().computing == JOBS
        process.terminate()
        end(process)
    assert process.returncode == 143
    assert run.status().waiting == JOBS


def test_no_orphan_stays_though_it_is_killed(new_run: NewRun) -> None:
    run = new_run(JOBS)
    with computing(run, NESTED, processes=NESTED_PROCESSES) as process:
        process.kill()
        process.wait()
        wait_until_no_command_of(run)
    run.reset()


def test_what_dies_of_a_signal_to_the_whole_job_is_not_a_failed_attempt(new_run: NewRun) -> None:
    # A batch system signals all processes of a job, and a command may die of it first.
    run = new_run(JOBS)
    patient = command_with(
        "taskfarm_cli.work.main", {"taskfarm_cli.work.commands.runner.TOLD_WITHIN_S": 86400.0}
    )
    with computing(run, "exec sleep 86397", program=patient) as process:
        for pid in commands_of(run):
            os.kill(pid, signal.SIGTERM)
        wait_until_no_command_of(run)
        process.terminate()
        end(process)
    assert {info.attempts for info in run.task_infos("waiting")} == {0}
    assert run.status().waiting == JOBS


def test_after_a_kill_the_same_command_goes_on_at_once(
    new_run: NewRun, work_tf: WorkTF, work_folder: Path
) -> None:
    run = new_run(2 * JOBS)
    with computing(run, "sleep 86398") as process:
        process.kill()
        process.wait()
    wait_until_no_command_of(run)
    # All other ways to take them over take longer than any test is waited for.
    done = work_tf(run.uuid, "-j2", "--", "true")
    assert (done.returncode, done.stdout) == (0, "")
    assert "held by a worker killed here" in done.stderr


def test_who_waits_for_other_hosts_says_so(
    new_run: NewRun, work_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = new_run(JOBS)
    with computing(run, "sleep 86397") as process:
        process.kill()
        process.wait()
    wait_until_no_command_of(run)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another-host"))
    with subprocess.Popen(
        [*WORK, run.uuid, "--unleased-after-s", "86400", "--", "true"],
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        try:
            assert waiting.stderr is not None
            lines = (line for line in waiting.stderr if "waits: staying for" in line)
            said = next(lines)
        finally:
            waiting.terminate()
            waiting.communicate(timeout=NET_S)
    assert said.startswith("workTF: ")
    assert f"manageTF --reset {run.uuid}" in said
