"""How workTF ends before its time: signals, and being killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskfarm_sdk import Run
from tests.cli.work.conftest import WORK
from tests.support.processes import PROC, wait_until

pytestmark = pytest.mark.live
RunOf = Callable[[int], Run]
JOBS = 4
# Each command starts others, in its own group and in one of their own.
NESTED = "sleep 86399 & setsid sleep 86399 & sleep 86399"


@contextmanager
def working(run: Run, command: str, *words: str) -> Generator[subprocess.Popen[str]]:
    """Have commands run, `JOBS` at a time."""
    with subprocess.Popen(
        [*WORK, run.uuid, f"-j{JOBS}", *words, "--shell", "--", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(lambda: run.status().computing == JOBS)
            # All of them: a shell that is signalled between two of its children may miss it.
            count = JOBS * (4 if command is NESTED else 1)
            wait_until(lambda: len(with_word(f"TASKFARM_RUN={run.uuid}")) >= count)
            yield process
        finally:
            process.kill()


def with_word(word: str) -> list[int]:
    """Return the processes that began with this in their environment or command line."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            shown = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            continue
        if word.encode() in shown and not dead and b"taskfarm_cli.work" not in shown:
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_gives_all_tasks_back_uncounted(
    run_of: RunOf, environment: Path, number: signal.Signals
) -> None:
    run = run_of(6)
    with working(run, NESTED) as process:
        began = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=20)
        took_s = time.monotonic() - began
    assert process.returncode == 128 + number
    assert (run.status().waiting, run.status().computing) == (6, 0)
    assert {info.attempts for info in run.task_infos()} == {0}
    assert took_s < 5
    wait_until(lambda: not with_word(f"TASKFARM_RUN={run.uuid}"))
    assert environment == Path.cwd()


def test_a_command_gets_the_signal_itself(run_of: RunOf, environment: Path) -> None:
    run = run_of(JOBS)
    with working(
        run, "trap 'echo got > {task}; exit 1' USR1; while :; do sleep 0.05; done"
    ) as process:
        time.sleep(0.5)  # for the traps to be set
        process.send_signal(signal.SIGUSR1)
        process.communicate(timeout=20)
    assert [(environment / str(task)).read_text() for task in range(JOBS)] == ["got\n"] * JOBS
    assert run.status().waiting == JOBS


def test_a_command_that_finishes_in_its_grace_is_done(run_of: RunOf, environment: Path) -> None:
    run = run_of(JOBS + 1)
    with working(run, "trap 'exit 0' TERM; while :; do sleep 0.05; done") as process:
        time.sleep(0.5)  # for the traps to be set
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 143
    assert (run.status().done, run.status().waiting) == (JOBS, 1)
    assert environment == Path.cwd()


def test_one_that_does_not_end_is_killed_after_the_grace(run_of: RunOf, environment: Path) -> None:
    run = run_of(JOBS)
    with working(run, "trap '' TERM; sleep 86398; sleep 86399", "--grace-s", "1") as process:
        time.sleep(0.5)
        began = time.monotonic()
        process.terminate()
        process.communicate(timeout=20)
        assert 0.9 < time.monotonic() - began < 6
    assert run.status().waiting == JOBS
    wait_until(lambda: not with_word(f"TASKFARM_RUN={run.uuid}"))
    assert environment == Path.cwd()


def test_a_second_signal_does_not_wait_for_the_grace(run_of: RunOf, environment: Path) -> None:
    run = run_of(JOBS)
    with working(run, "trap '' TERM; sleep 86398; sleep 86399", "--grace-s", "60") as process:
        time.sleep(0.5)
        process.terminate()
        time.sleep(0.5)
        assert process.poll() is None
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 143
    assert run.status().waiting == JOBS
    assert environment == Path.cwd()


def test_no_orphan_stays_though_it_is_killed(run_of: RunOf, environment: Path) -> None:
    run = run_of(JOBS)
    with working(run, NESTED) as process:
        process.kill()
        process.wait()
        wait_until(lambda: not with_word(f"TASKFARM_RUN={run.uuid}"))
    run.reset()
    assert environment == Path.cwd()


def test_what_dies_of_a_signal_to_the_whole_job_is_not_a_failed_attempt(
    run_of: RunOf, environment: Path
) -> None:
    # A batch system signals all processes of a job, and a command may die of it first.
    run = run_of(JOBS)
    with working(run, "exec sleep 86397") as process:
        for pid in with_word(f"TASKFARM_RUN={run.uuid}"):
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.1)
        process.terminate()
        process.communicate(timeout=20)
    assert {info.attempts for info in run.task_infos("waiting")} == {0}
    assert run.status().waiting == JOBS
    assert environment == Path.cwd()
