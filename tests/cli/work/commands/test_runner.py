"""Outcomes of a task's command; whoever runs it leaves the task alone."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.commands import faults, pipes, running
from taskfarm_cli.work.commands.kept import Results
from taskfarm_cli.work.commands.runner import CommandRunner
from taskfarm_cli.work.plan import Plan
from taskfarm_sdk import Task
from taskfarm_sdk.execution.parts import Completed, Failed, Group, Outcome, Released
from tests.support.handles import NotingHandle
from tests.support.processes import NET_S, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it names signals")

UUID = "0" * 32
Start = Callable[..., CommandRunner]


@pytest.fixture
def handle() -> Iterator[NotingHandle]:
    """A task's handle; at the end of each test nobody has settled it."""
    handle = NotingHandle()
    yield handle
    assert handle.notes == []


@pytest.fixture
def said() -> list[str]:
    """What workTF has said."""
    return []


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The folder of the results."""
    return tmp_path / "results"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried again for long."""
    monkeypatch.setattr(faults, "TRIED_FOR_S", 0.0)
    monkeypatch.setattr(pipes, "TRIED_FOR_S", 0.0)


@pytest.fixture
def runner(tmp_path: Path, said: list[str]) -> Start:
    """Makes the runner of a plan, with results in `results`."""

    def start(*words: str, jobs: int = 1) -> CommandRunner:
        return CommandRunner(
            Plan.of(parse([UUID, *words])),
            1,
            sink=Results(str(tmp_path / "results")),
            joblog=None,
            folder=tmp_path,
            jobs=jobs,
            say=said.append,
        )

    return start


@pytest.mark.parametrize(
    ("command", "fault", "status"),
    [("exit 3", "exit status 3", 3), ("kill -KILL $$", "killed by SIGKILL", -signal.SIGKILL)],
)
def test_an_exit_status_other_than_0_is_a_failure(
    runner: Start, handle: NotingHandle, results: Path, command: str, fault: str, status: int
) -> None:
    outcome = runner("--shell", "--", command).perform(Task(handle), 0)
    assert outcome == failed(fault, results, status)


def test_an_exit_status_of_0_is_a_success(runner: Start, handle: NotingHandle) -> None:
    assert runner("--", "true").perform(Task(handle), 0) == Completed()


def test_a_command_that_takes_too_long_has_failed(
    runner: Start, handle: NotingHandle, results: Path
) -> None:
    slow = runner("--timeout-s=0.1", "--", "sleep", "86391")
    assert slow.perform(Task(handle), 0) == failed(
        "it took longer than 0.1 s", results, -signal.SIGTERM
    )


def test_a_command_that_was_asked_to_end_is_released(runner: Start, handle: NotingHandle) -> None:
    ending = runner("--", "sleep", "86392")
    ending.interrupt(KeyboardInterrupt())
    assert ending.perform(Task(handle), 0) == Released()


def test_a_task_whose_output_has_no_place_has_failed(
    runner: Start, handle: NotingHandle, tmp_path: Path
) -> None:
    alone = runner("--", "true")
    (tmp_path / "results" / "0").write_text("in the way")
    outcome = alone.perform(Task(handle), 0)
    assert isinstance(outcome, Failed)
    assert outcome.reason.startswith("FileExistsError")


@pytest.mark.parametrize(("words", "threads"), [((), "3"), (("--threads-per-task", "5"), "5")])
def test_commands_share_the_cpus_unless_told_otherwise(
    runner: Start,
    handle: NotingHandle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    threads: str,
) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    runner(*words, "--", "sh", "-c", "echo $OMP_NUM_THREADS", jobs=2).perform(Task(handle), 0)
    assert (tmp_path / "results" / "0" / "stdout").read_text() == f"{threads}\n"
    assert "OMP_NUM_THREADS" not in os.environ


def test_a_program_that_is_not_there_is_a_failed_attempt(
    runner: Start, handle: NotingHandle, results: Path
) -> None:
    assert runner("--", "no-such-program").perform(Task(handle), 0) == failed(
        "there is no program 'no-such-program' here", results, 127
    )


@pytest.mark.parametrize("number", [errno.ETXTBSY, errno.EAGAIN, errno.EMFILE, errno.ENOMEM])
def test_a_command_that_cannot_be_started_for_a_moment_is_started_then(
    runner: Start, handle: NotingHandle, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def group(*args: object, **more: object) -> Group:
        monkeypatch.setattr(running, "Group", Group)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(running, "Group", group)
    assert runner("--", "true").perform(Task(handle), 0) == Completed()


@pytest.mark.usefixtures("impatient")
def test_a_command_that_cannot_be_started_for_long_is_given_back_uncounted(
    runner: Start, handle: NotingHandle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def group(*args: object, **more: object) -> Group:
        raise OSError(errno.ETXTBSY, os.strerror(errno.ETXTBSY))

    monkeypatch.setattr(running, "Group", group)
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    outcome = runner("--", "true").perform(Task(handle), 0)
    assert isinstance(outcome, Released)
    assert outcome.reason == "'true' cannot be started (Text file busy)"
    assert outcome.pause_s > 0
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208


def test_a_folder_of_results_that_comes_back_is_waited_for(
    runner: Start, handle: NotingHandle, results: Path
) -> None:
    alone = runner("--", "echo", "here")
    results.rename(results.with_name("away"))
    back = threading.Timer(0.5, lambda: results.with_name("away").rename(results))
    back.start()
    assert alone.perform(Task(handle), 0) == Completed()
    back.join()
    assert (results / "0" / "stdout").read_text() == "here\n"


def test_a_folder_of_results_that_is_away_at_the_end_is_waited_for(
    runner: Start, handle: NotingHandle, results: Path
) -> None:
    away = results.with_name("away")
    alone = runner("--shell", "--", f"mv {results} {away}; echo here")
    back = threading.Timer(1.0, lambda: away.rename(results))
    back.start()
    assert alone.perform(Task(handle), 0) == Completed()
    back.join()
    assert (results / "0" / "stdout").read_text() == "here\n"
    assert (results / "0" / "exit").read_text() == "0\n"


@pytest.mark.usefixtures("impatient")
def test_a_task_without_its_folder_of_results_is_given_back_uncounted(
    runner: Start, handle: NotingHandle, results: Path
) -> None:
    alone = runner("--", "true")
    results.rmdir()
    outcome = alone.perform(Task(handle), 0)
    assert isinstance(outcome, Released)
    assert (
        outcome.reason
        == f"its output files cannot be created ({results / '0'}: No such file or directory)"
    )


@pytest.mark.usefixtures("impatient")
def test_a_task_whose_exit_cannot_be_written_is_given_back_uncounted(
    runner: Start, handle: NotingHandle, results: Path
) -> None:
    outcome = runner("--", "rm", "-r", str(results)).perform(Task(handle), 0)
    assert isinstance(outcome, Released)
    assert outcome.reason is not None
    assert str(results / "0" / "exit") in outcome.reason


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("then", ["exit 0", "sleep 86395"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_an_attempt_whose_output_could_not_grow_has_failed_whatever_it_ends_with(
    runner: Start, handle: NotingHandle, results: Path, stream: str, then: str
) -> None:
    to = "" if stream == "stdout" else ">&2"
    full = runner("--shell", "--", f"echo much {to}; {then}")
    (results / "0").mkdir()
    (results / "0" / stream).symlink_to("/dev/full")
    outcome = full.perform(Task(handle), 0)
    assert isinstance(outcome, Failed)
    assert outcome.reason.startswith(
        f"its output could not be kept in {results / '0'} (No space left on device)"
    )
    # Who reads the folder back must not take it for a success.
    assert int((results / "0" / "exit").read_text()) != 0


def test_a_stopped_command_is_told_of_once_and_ends_when_asked(
    runner: Start, handle: NotingHandle, said: list[str]
) -> None:
    stopped = runner("--shell", "--", "kill -TTIN $$")
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(stopped.perform(Task(handle), 0)))
    thread.start()
    wait_until(lambda: bool(said), NET_S)
    stopped.interrupt(SystemExit(128 + signal.SIGTERM))
    thread.join()
    assert outcomes == [Released()]
    assert len(said) == 1
    assert (
        "the command of task 0 has stopped (SIGTTIN): it reads from or configures the terminal"
        in said[0]
    )


def test_a_stopped_command_whose_time_is_over_ends_by_sigterm(
    runner: Start, handle: NotingHandle, results: Path
) -> None:
    stopped = runner("--timeout-s=0.5", "--shell", "--", "kill -STOP $$")
    assert stopped.perform(Task(handle), 0) == failed(
        "it took longer than 0.5 s", results, -signal.SIGTERM
    )


def test_a_command_that_may_not_be_signalled_is_waited_for(
    runner: Start,
    handle: NotingHandle,
    monkeypatch: pytest.MonkeyPatch,
    results: Path,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(os, "killpg", refused)
    go = tmp_path / "go"
    setuid = runner(
        *("--timeout-s=0.1", "--grace-s=0.1", "--shell", "--"),
        f"until test -e {go}; do sleep 0.05; done",
    )
    threading.Timer(1.0, go.touch).start()
    assert setuid.perform(Task(handle), 0) == failed("it took longer than 0.1 s", results, 0)
    assert int((results / "0" / "exit").read_text()) != 0


def test_a_command_that_may_not_be_signalled_does_not_keep_the_end_waiting(
    runner: Start, handle: NotingHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[Group] = []

    def group(*args: object, **more: object) -> Group:
        groups.append(Group(*args, **more))  # type: ignore[arg-type]
        return groups[0]

    with monkeypatch.context() as patched:
        patched.setattr(os, "killpg", refused)
        patched.setattr(running, "Group", group)
        patched.setattr(running, "GONE_AFTER_S", 0.1)
        setuid = runner("--grace-s=0.1", "--", "sleep", "86396")
        setuid.interrupt(KeyboardInterrupt())
        assert setuid.perform(Task(handle), 0) == Released()
    assert groups[0].kill() == -signal.SIGKILL


def refused(group: int, number: int) -> None:
    raise PermissionError(errno.EPERM, f"{number} to {group}")


def failed(fault: str, results: Path, status: int) -> Failed:
    """Return the outcome of a failed attempt, with where its output is."""
    place = f"{results / '0'}/stdout and stderr"
    return Failed(f"{fault}; its output: {place}", exit_status=status)
