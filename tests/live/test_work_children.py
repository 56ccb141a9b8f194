"""Children of `Run.work` as the user's program: forks, random numbers, their end, their log."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskfarm_sdk import ConfigurationError, Run, Task
from taskfarm_sdk._processes.threads import VARIABLES
from taskfarm_sdk.execution.children import pool
from tests.support.processes import ENDLESS_S
from tests.support.short_times import SHORT

pytestmark = [pytest.mark.live, pytest.mark.long]

log = logging.getLogger("tests.children")


def copy_and(act: Callable[[Task], object]) -> Callable[[Task], None]:
    """Return a function that forks, and has the copy act while the process itself returns."""

    def compute(task: Task) -> None:
        if os.fork() == 0:
            act(task)

    return compute


def fail(_: Task) -> None:
    raise ValueError("on purpose")


def fork_again(_: Task) -> None:
    os.fork()


def fork_in_a_thread(task: Task) -> None:
    thread = threading.Thread(target=copy_and(fail), args=(task,))
    thread.start()
    thread.join()


COPIES: dict[str, Callable[[Task], None]] = {
    "returns": copy_and(lambda _: None),
    "completes": copy_and(Task.complete),
    "releases": copy_and(Task.release),
    "fails": copy_and(lambda task: task.fail("in the copy", final=True)),
    "raises": copy_and(fail),
    "exits": copy_and(lambda _: sys.exit(3)),
    "is interrupted": copy_and(lambda _: signal.raise_signal(signal.SIGINT)),
    "logs": copy_and(lambda _: logging.getLogger().error("in the copy")),
    "forks": copy_and(fork_again),
    "of a thread": fork_in_a_thread,
    "outlives the task": copy_and(lambda _: time.sleep(ENDLESS_S)),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_a_child_answers_for_no_task(run_of_six: Run, tmp_path: Path, name: str) -> None:
    act = COPIES[name]

    def compute(task: Task) -> None:
        if task.number == 0:
            act(task)
            return
        time.sleep(0.3)
        (tmp_path / str(task.number)).touch()

    assert run_of_six.work(compute, workers=1, max_attempts=1, **SHORT).succeeded
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3", "4", "5"]


def test_processes_that_multiprocessing_forks_answer_for_no_task(
    run_of_six: Run, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        process = multiprocessing.get_context("fork").Process(target=task.complete)
        process.start()
        process.join()
        (tmp_path / str(task.number)).touch()

    assert run_of_six.work(compute, workers=1, max_attempts=1, **SHORT).succeeded
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize("late", ["thread", "copy"])
def test_who_reports_on_a_task_after_its_end_changes_no_other(
    run_of_six: Run, tmp_path: Path, late: str
) -> None:
    def report(task: Task) -> None:
        while not (tmp_path / "next").exists():
            time.sleep(0.01)
        try:
            task.update(77)
        finally:
            (tmp_path / "reported").touch()

    def compute(task: Task) -> None:
        if task.number == 0:
            if late == "thread":
                threading.Thread(target=report, args=(task,), daemon=True).start()
            elif os.fork() == 0:
                report(task)
        elif task.number == 1:
            (tmp_path / "next").touch()
            while not (tmp_path / "reported").exists():
                time.sleep(0.01)
            time.sleep(0.3)
            task.fail("look at it", final=True)

    run_of_six.work(compute, workers=1, check=False, **SHORT)
    assert run_of_six.task_info(1).state == "failed"
    assert run_of_six.task_info(1).percent_completed == 0


def test_a_generator_that_travels_is_named_before_anything_is_claimed(run_of_six: Run) -> None:
    rng = random.Random()

    def compute(_: Task) -> None:
        rng.random()

    with pytest.warns(UserWarning, match=r"generator: rng \(random\.Random\).*task\.seed") as seen:
        run_of_six.work(compute, workers=2)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    run_of_six.reset_all()
    with pytest.raises(UserWarning, match="rng"):  # the tests make errors of warnings
        run_of_six.work(compute, workers=2)
    assert run_of_six.status().computing == run_of_six.status().done == 0


def test_the_generator_of_the_module_is_each_childs_own(run_of_six: Run, tmp_path: Path) -> None:
    draw = random.random  # as `from random import random` in a script

    def compute(task: Task) -> None:
        (tmp_path / str(task.number)).write_text(f"{draw()}")
        while len(list(tmp_path.iterdir())) < 6:
            time.sleep(0.01)

    run_of_six.work(compute, workers=6)
    assert len({path.read_text() for path in tmp_path.iterdir()}) == 6


def test_a_tasks_seed_is_its_own_and_the_same_in_each_attempt(
    run_of_six: Run, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        with (tmp_path / str(task.number)).open("a") as file:
            file.write(f"{task.seed}\n")
        if task.attempts == 0:
            raise ValueError("once more")

    run_of_six.work(compute, workers=2, halt_after=99, **SHORT)
    drawn = [path.read_text().split() for path in tmp_path.iterdir()]
    assert all(first == again for first, again in drawn)
    assert len({seeds[0] for seeds in drawn}) == 6


def test_exit_handlers_and_threads_of_a_child_come_to_their_end(
    run_of_six: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def leave(name: str) -> None:
        # Longer than a child that is interrupted has.
        time.sleep(pool.END_WITHIN_S * 2)
        (tmp_path / name).touch()
        log.warning("at the end of the %s", name)

    def compute(task: Task) -> None:
        if task.number == 0:
            atexit.register(leave, "handler")
            threading.Thread(target=leave, args=("thread",)).start()
            multiprocessing.util.Finalize(None, leave, ("finalizer",), exitpriority=1)

    run_of_six.work(compute, workers=1)
    assert {path.name for path in tmp_path.iterdir()} == {"finalizer", "handler", "thread"}
    assert "at the end of the handler" in caplog.text


def test_a_child_that_does_not_end_is_killed_and_named(
    run_of_six: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pool, "EXIT_WITHIN_S", 0.2)

    def compute(_: Task) -> None:
        threading.Thread(target=time.sleep, args=(ENDLESS_S,)).start()

    run_of_six.work(compute, workers=2)
    assert "had not ended 0.2 s after its last task, and was killed" in caplog.text


class Unshown:
    """Cannot be pickled, nor shown."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __repr__(self) -> str:
        raise ValueError("no")


def test_log_records_of_children_reach_the_parents_logging(
    run_of_six: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tests.children")

    def compute(task: Task) -> None:
        if task.number != 0:
            return
        log.debug("below the level")
        log.info("of task %d, %s", task.number, threading.Lock(), extra={"stage": [1], "odd": log})
        log.info("odd: %s", Unshown())
        log.info("x" * 1_000_000)
        try:
            fail(task)
        except ValueError:
            log.exception("it went wrong")

    run_of_six.work(compute, workers=1)
    records = [record for record in caplog.records if record.name == "tests.children"]
    first, odd, long, wrong = records
    assert first.getMessage().startswith("of task 0, <unlocked _thread.lock")
    assert (first.levelno, first.funcName) == (logging.INFO, "compute")
    assert first.process != os.getpid()
    assert (vars(first)["stage"], vars(first)["odd"]) == ([1], str(log))
    assert odd.getMessage() == "'odd: %s' with arguments that cannot be shown (ValueError)"
    assert 10_000 < len(long.getMessage()) < 100_000
    assert "ValueError: on purpose" in caplog.text
    assert wrong.exc_text is not None


def test_many_log_records_hold_nobody_up(run_of_six: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tests.children")

    def talk() -> None:
        while True:
            log.info("y" * 10_000)

    def compute(task: Task) -> None:
        threading.Thread(target=talk, daemon=True).start()
        task.update(50)
        time.sleep(0.5)

    assert run_of_six.work(compute, workers=2).succeeded
    told = len(caplog.records)
    time.sleep(0.1)
    assert len(caplog.records) == told


def test_a_message_amid_which_an_interruption_comes_stays_whole(
    run_of_six: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tests.children")

    def compute(task: Task) -> None:
        def again(*_: object) -> None:
            log.info("from a handler")

        signal.signal(signal.SIGALRM, again)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for _ in range(200):
            log.info("z" * 20_000)
        signal.setitimer(signal.ITIMER_REAL, 0)
        task.complete()

    assert run_of_six.work(compute, workers=2, max_attempts=1).succeeded
    talk = [record for record in caplog.records if record.name == "tests.children"]
    assert sum(record.getMessage() == "z" * 20_000 for record in talk) == 1200


def environment_of(run: Run, folder: Path, **work: int) -> dict[str, str]:
    """Return what a child's environment says of threads."""

    def compute(task: Task) -> None:
        if task.number == 0:
            shown = [f"{name}={os.environ.get(name, '')}" for name in VARIABLES]
            (folder / "shown").write_text("\n".join(shown))

    run.work(compute, **work)  # type: ignore[arg-type]
    return dict(line.split("=") for line in (folder / "shown").read_text().splitlines())


def test_children_share_the_cpus_and_this_process_keeps_its_own(
    run_of_six: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "5")
    assert set(environment_of(run_of_six, tmp_path, workers=2).values()) == {"2"}
    assert not VARIABLES.keys() & os.environ.keys()
    run_of_six.reset_all()
    there = environment_of(run_of_six, tmp_path, workers=2, threads_per_task=3)
    assert set(there.values()) == {"3"}


def test_a_number_of_threads_that_makes_no_sense_is_refused(run_of_six: Run) -> None:
    with pytest.raises(ConfigurationError, match="threads_per_task"):
        run_of_six.work(print, threads_per_task=0)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ConfigurationError, match="OMP_NUM"):
        run_of_six.work(print, executor=executor, threads_per_task=1)
    assert run_of_six.status().rows == 0
