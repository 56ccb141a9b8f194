"""Outcomes of a task's command; whoever runs it leaves the task alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.commands.output import Results
from taskfarm_cli.work.commands.runner import CommandRunner
from taskfarm_cli.work.plan import Plan
from taskfarm_sdk import Task
from taskfarm_sdk.execution import Completed, Failed, Outcome, Released
from tests.support.handles import NotingHandle

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
def runner(tmp_path: Path) -> Start:
    """Makes the runner of a plan, with results in `results`."""

    def start(*words: str, jobs: int = 1) -> CommandRunner:
        return CommandRunner(
            Plan.of(parse([UUID, *words])),
            1,
            sink=Results(str(tmp_path / "results")),
            joblog=None,
            folder=tmp_path,
            jobs=jobs,
        )

    return start


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("exit 0", Completed()),
        ("exit 3", Failed("exit status 3", exit_status=3)),
        ("kill -KILL $$", Failed("killed by SIGKILL", exit_status=-signal.SIGKILL)),
    ],
)
def test_an_exit_status_other_than_0_is_a_failure(
    runner: Start, handle: NotingHandle, command: str, outcome: Outcome
) -> None:
    assert runner("--shell", "--", command).perform(Task(handle), 0) == outcome


def test_a_command_that_takes_too_long_has_failed(runner: Start, handle: NotingHandle) -> None:
    slow = runner("--timeout-s=0.1", "--", "sleep", "86391")
    assert slow.perform(Task(handle), 0) == Failed(
        "it took longer than 0.1 s", exit_status=-signal.SIGTERM
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


def test_a_program_that_cannot_be_executed_is_an_error(runner: Start, handle: NotingHandle) -> None:
    with pytest.raises(CommandError, match="there is no program"):
        runner("--", "no-such-program").perform(Task(handle), 0)


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
