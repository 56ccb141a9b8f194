"""`Run.work` that cannot begin: what is refused, and children that cannot compute at all."""

from __future__ import annotations

import sys
import threading
import time
import types
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError, Run, Task, TaskfarmError
from taskfarm_sdk.execution.children import pool
from tests.support.short_times import Odd

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    "holds", [threading.Lock(), sys.stdout, (n for n in "ab")], ids=["lock", "stream", "generator"]
)
def test_what_cannot_travel_is_refused_before_anything_is_claimed(
    run_of_six: Run, holds: object
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be sent to other processes: TypeError"):
        run_of_six.work(lambda task: print(holds, task), workers=1)
    assert run_of_six.status().rows == 0


def test_what_is_no_function_is_refused(run_of_six: Run) -> None:
    with pytest.raises(ConfigurationError, match="needs a function"):
        run_of_six.work("compute")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"linger_s": -1}, {"heartbeat_s": 99}, {"max_attempts": 0}], ids=str
)
def test_wrong_arguments_are_refused(run_of_six: Run, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        run_of_six.work(print, **wrong)  # type: ignore[arg-type]


def test_a_child_that_cannot_start_is_fatal_and_shows_why(
    run_of_six: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\necho tried >> \"$0-log\"\necho 'this Python is no good' >&2\nexit 3"
    )
    python.chmod(0o700)
    monkeypatch.setattr(pool, "sys", types.SimpleNamespace(executable=str(python)))
    with pytest.raises(TaskfarmError, match=r"(?s)exit status 3\) before.*this Python is no good"):
        run_of_six.work(print, workers=4)
    assert (tmp_path / "python-log").read_text() == "tried\n"
    assert run_of_six.status().rows == 0


def test_a_child_that_cannot_start_later_on_is_fatal_and_counts_no_attempt(
    run_of_six: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nmkdir "$0-first" && exec {sys.executable} "$@"\necho "no more" >&2\nexit 3'
    )
    python.chmod(0o700)
    monkeypatch.setattr(pool, "sys", types.SimpleNamespace(executable=str(python)))

    def compute(task: Task) -> None:
        while not task.stop_requested:
            time.sleep(0.01)

    with pytest.raises(TaskfarmError, match=r"(?s)exit status 3\) before.*no more"):
        run_of_six.work(compute, workers=2)
    assert run_of_six.status().computing == 0
    assert {info.attempts for info in run_of_six.task_infos()} == {0}


def test_a_function_that_cannot_be_taken_is_fatal_and_shows_why(run_of_six: Run) -> None:
    odd = Odd()
    with pytest.raises(TaskfarmError, match="(?s)cannot be used in a child process: ValueError"):
        run_of_six.work(lambda task: print(odd, task), workers=4)
    assert run_of_six.status().rows == 0
