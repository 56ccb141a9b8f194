"""What becomes of a function's exceptions: counted, named, and brought to who called `Run.work`."""

from __future__ import annotations

import logging
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import pytest

from taskfarm_sdk import (
    ConfigurationError,
    FunctionFailed,
    Run,
    Task,
    TaskfarmError,
    TasksFailed,
    TooManyFailures,
)
from tests.support.odd_errors import ODD, STUCK
from tests.support.processes import NET_S
from tests.support.short_times import PATIENT, SHORT

pytestmark = [pytest.mark.live, pytest.mark.long]

WAYS = pytest.mark.parametrize("way", ["children", "thread", "spawn", "fork"])


def opened(way: str) -> AbstractContextManager[Executor | None]:
    """Open an executor with one worker, or none for child processes."""
    if way == "children":
        return nullcontext()
    if way == "thread":
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(way))


def failing(run: Run, way: str, function: Callable[[Task], object]) -> TasksFailed:
    """Work on a run of which tasks fail at the first attempt, and return the error."""
    with opened(way) as pool, pytest.raises(TasksFailed) as raised:
        run.work(function, workers=1, executor=pool, max_attempts=1, **PATIENT)
    return raised.value


def raise_one(errors: tuple[BaseException, ...], task: Task) -> None:
    """Raise the exception for a task's number, if there is one."""
    if task.number < len(errors):
        raise errors[task.number]


def raise_stuck(task: Task) -> None:
    """Raise an exception that cannot travel."""
    raise_one(STUCK, task)


@WAYS
def test_whatever_a_function_raises_is_a_failure_with_its_name(run_of_six: Run, way: str) -> None:
    odd = (*ODD[:4], SystemExit("no licence"), GeneratorExit())
    error = failing(run_of_six, way, partial(raise_one, odd))
    assert error.tasks == tuple(range(6))
    assert [(f.task, f.attempt, f.type) for f in error.failures] == [
        (number, 1, type(one).__name__) for number, one in enumerate(odd)
    ]
    assert all("in raise_one" in f.traceback for f in error.failures)


@WAYS
def test_other_tasks_go_on_after_exceptions_of_all_kinds(run_of_six: Run, way: str) -> None:
    error = failing(run_of_six, way, partial(raise_one, ODD[4:]))
    assert error.tasks == tuple(range(4))
    assert error.run_status.done == 6


@WAYS
def test_the_newest_exception_is_told_and_chained(run_of_six: Run, way: str) -> None:
    def compute(task: Task) -> None:
        if task.number == 4:
            raise LookupError("no such file")

    error = failing(run_of_six, way, compute)
    assert "here: task 4, attempt 1: LookupError: no such file" in str(error)
    (failure,) = error.failures
    assert (failure.type, failure.text) == ("LookupError", "no such file")
    assert f'File "{__file__}"' in failure.traceback
    assert '\n    raise LookupError("no such file")\n' in failure.traceback
    assert type(error.__cause__) is LookupError
    assert error.__cause__.args == ("no such file",)


@pytest.mark.parametrize("way", ["children", "spawn"])
def test_exceptions_that_cannot_travel_are_counted_and_replaced(run_of_six: Run, way: str) -> None:
    # Made in the child, for they could not travel there either.
    error = failing(run_of_six, way, raise_stuck)
    assert [f.type for f in error.failures] == [type(one).__name__ for one in STUCK]
    assert isinstance(error.__cause__, FunctionFailed)
    assert (error.__cause__.type_name, error.__cause__.task) == ("Unpacker", 4)
    assert "in raise_stuck" in error.__cause__.traceback


def test_threads_bring_the_very_exception(run_of_six: Run) -> None:
    odd = LookupError("odd")
    error = failing(run_of_six, "thread", partial(raise_one, (odd,)))
    assert error.__cause__ is odd


@WAYS
def test_too_many_failures_tell_why(run_of_six: Run, way: str) -> None:
    def compute(_: Task) -> None:
        raise ValueError("a sick node")

    with opened(way) as pool, pytest.raises(TooManyFailures) as raised:
        run_of_six.work(compute, workers=1, executor=pool, halt_after=2, **PATIENT)
    assert "ValueError: a sick node" in str(raised.value)
    assert raised.value.failures[-1].text == "a sick node"
    assert isinstance(raised.value.__cause__, ValueError)
    assert isinstance(raised.value, TaskfarmError)


def test_failures_without_an_exception_are_told_too(run_of_six: Run) -> None:
    def compute(task: Task) -> None:
        if task.number == 5:
            task.fail("no licence", final=True)

    error = failing(run_of_six, "children", compute)
    assert str(error.failures[-1]) == "task 5, attempt 1: no licence"
    assert "task 5, attempt 1: no licence" in str(error)
    assert error.__cause__ is None


def test_each_attempt_is_among_the_failures(run_of_six: Run) -> None:
    def compute(task: Task) -> None:
        if task.number == 1:
            raise ValueError(f"attempt {task.attempts + 1}")

    with pytest.raises(TasksFailed) as raised:
        run_of_six.work(compute, workers=1, max_attempts=3, **SHORT)
    assert [(f.attempt, f.text) for f in raised.value.failures] == [
        (1, "attempt 1"),
        (2, "attempt 2"),
        (3, "attempt 3"),
    ]


SCRIPT = """\
from taskfarm_sdk import Farm

def compute(task):
    numpyy.zeros(task.number)

if __name__ == "__main__":
    import sys
    url, token, uuid = sys.argv[1:]
    with Farm(url, token=token) as farm:
        farm.get_run(uuid).work(compute, workers=1, max_attempts=1)
"""


def test_a_name_error_in_a_script_is_seen_without_logging(run_of_six: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    session = run_of_six._link.session
    assert session.shared.token is not None
    words = (session.url, session.shared.token.reveal(), run_of_six.uuid)
    ended = subprocess.run(
        [sys.executable, script, *words], capture_output=True, text=True, timeout=NET_S, check=False
    )
    assert ended.returncode == 1
    assert "NameError: name 'numpyy' is not defined" in ended.stderr
    assert f'File "{script}", line 4, in compute\n    numpyy.zeros(task.number)' in ended.stderr
    assert "TasksFailed: 6 of 6 tasks" in ended.stderr


async def later(_: Task) -> None:
    """Compute nothing."""


def lazily(_: Task) -> Iterator[int]:
    yield 1


@WAYS
@pytest.mark.parametrize("function", [later, lazily, partial(later), partial(partial(lazily))])
def test_async_and_generator_functions_are_refused_before_any_claim(
    run_of_six: Run, way: str, function: Callable[[Task], object]
) -> None:
    with opened(way) as pool, pytest.raises(ConfigurationError, match="does nothing when it is"):
        run_of_six.work(function, workers=1, executor=pool)
    assert run_of_six.status().rows == 0


@WAYS
def test_a_coroutine_that_nobody_runs_fails_its_task(run_of_six: Run, way: str) -> None:
    error = failing(run_of_six, way, lambda task: later(task) if task.number == 3 else 7)
    assert error.tasks == (3,)
    assert "the function returned a coroutine, which is never run" in error.failures[0].text


def test_an_exception_after_the_task_is_settled_changes_nothing(
    run_of_six: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def compute(task: Task) -> None:
        task.complete()
        raise ODD[2]

    caplog.set_level(logging.WARNING)
    for way in ("children", "thread"):
        with opened(way) as pool:
            assert run_of_six.work(compute, workers=1, executor=pool, **PATIENT).succeeded
        run_of_six.reset_all()
    assert "after task 0 was settled: Mute" in caplog.text
