"""`Run.work` with child processes: what travels, what its tasks do, what ends them."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from taskfarm_sdk import (
    ConfigurationError,
    Run,
    RunStatus,
    Task,
    TaskfarmError,
    TasksFailed,
    Worker,
)
from taskfarm_sdk.testing import LocalServer
from taskfarm_sdk.worker import core_of
from tests.support.processes import ENDLESS_S, everybody, wait_until
from tests.support.short_times import SHORT, Short

pytestmark = pytest.mark.live


@contextmanager
def working(run: Run, function: Callable[[Task], None], times: Short = SHORT) -> Iterator[None]:
    """Work a run off in a thread, with one child, while the block runs."""
    thread = threading.Thread(target=lambda: run.work(function, workers=1, **times))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def descriptors() -> Counter[str]:
    """Return what kinds of files this process has open, connections to servers apart."""
    kinds: Counter[str] = Counter()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            kind = str(link.readlink()).partition(":")[0]
            if kind == "socket":
                with socket.socket(fileno=os.dup(int(link.name))) as end:
                    kind = end.family.name
            kinds[kind] += kind != "AF_INET"
    return kinds


def test_a_closure_travels_and_each_task_is_computed_once(run_of_six: Run, tmp_path: Path) -> None:
    factor = 3

    def compute(task: Task) -> None:
        with (tmp_path / str(task.number)).open("a") as file:
            file.write(f"{task.number * factor} {task.run_uuid} {task.attempts}\n")

    status = run_of_six.work(compute, workers=2)
    assert status == run_of_six.status()
    assert status.succeeded
    for number in range(6):
        assert (tmp_path / str(number)).read_text() == f"{number * 3} {run_of_six.uuid} 0\n"


def test_several_processes_compute_at_a_time_and_none_is_this_one(
    run_of_six: Run, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        (tmp_path / f"{os.getpid()}").touch()
        while len(list(tmp_path.iterdir())) < 3:
            assert not task.stop_requested
            time.sleep(0.01)

    run_of_six.work(compute, workers=3)
    assert not (tmp_path / str(os.getpid())).exists()


def test_a_child_that_is_killed_fails_its_attempt_and_the_others_go_on(
    run_of_six: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def compute(task: Task) -> None:
        if task.number == 2 and task.attempts == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    assert run_of_six.work(compute, workers=2, **SHORT).succeeded
    assert "task 2 of run" in caplog.text
    assert "its child process ended: killed by SIGKILL" in caplog.text


def test_a_child_that_sends_rubbish_fails_its_attempt_and_the_others_go_on(
    run_of_six: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def compute(task: Task) -> None:
        if task.number == 2 and task.attempts == 0:
            os.write(int(sys.orig_argv[-4]), b"printed by mistake")

    assert run_of_six.work(compute, workers=2, **SHORT).succeeded
    assert "task 2 of run" in caplog.text
    assert "its child process ended: killed by SIGKILL" in caplog.text


def test_a_task_that_kills_its_child_each_time_ends_failed(run_of_six: Run, tmp_path: Path) -> None:
    def compute(task: Task) -> None:
        if task.number == 2:
            with (tmp_path / "tried").open("a") as file:
                file.write("x")
            os._exit(7)

    with pytest.raises(TasksFailed) as raised:
        run_of_six.work(compute, workers=2, **SHORT)
    assert raised.value.tasks == (2,)
    assert (tmp_path / "tried").read_text() == "xxx"


def test_what_a_killed_child_left_running_does_not_hide_its_end(
    run_of_six: Run, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        if task.number == 0 and task.attempts == 0:
            forked = os.fork()
            if forked == 0:
                time.sleep(ENDLESS_S)
            (tmp_path / "forked").write_text(str(forked))
            os._exit(3)

    assert run_of_six.work(compute, workers=1, **SHORT).succeeded
    assert "its child process ended: exit status 3" in caplog.text
    forked = int((tmp_path / "forked").read_text())
    assert forked not in {process.pid for process in everybody()}


def test_an_exception_fails_the_attempt_and_its_traceback_is_logged(
    run_of_six: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def compute(task: Task) -> None:
        if task.number == 1:
            raise ValueError("this is odd")

    status = run_of_six.work(compute, workers=1, check=False, max_attempts=1)
    assert status.failed == 1
    assert "(attempt 1, the last): ValueError: this is odd\nTraceback" in caplog.text
    assert "in compute" in caplog.text


def test_leaving_python_is_a_failure_of_the_task(run_of_six: Run) -> None:
    def compute(task: Task) -> None:
        if task.number == 1:
            sys.exit("no way")

    assert run_of_six.work(compute, workers=1, check=False, max_attempts=1).failed == 1


def test_what_the_function_does_to_its_task_is_done(run_of_six: Run, tmp_path: Path) -> None:
    def compute(task: Task) -> None:
        if task.number == 0:
            task.fail("no use", final=True)
        elif task.number == 1 and not (tmp_path / "released").exists():
            (tmp_path / "released").touch()
            task.update(30)
            task.release()
        elif task.number == 1:
            assert (task.percent_completed, task.attempts) == (30, 0)
            with task:
                task.update(60)
            assert task.settled
        elif task.number == 2:
            task.complete()
            raise ValueError("too late to matter")

    status = run_of_six.work(compute, workers=1, check=False, **SHORT)
    assert (status.done, status.failed) == (6, 1)
    assert run_of_six.task_info(0).state == "failed"


def test_the_exit_status_that_the_function_gives_is_in_the_journal(
    run_of_six: Run, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        if task.number == 2:
            task.fail("no licence", final=True, exit_status=3)

    run_of_six.work(compute, workers=1, journal=tmp_path, check=False, **SHORT)
    (file,) = tmp_path.iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["exit_status"] for line in lines if line["task"] == 2] == [3]


def test_a_settled_task_is_not_settled_again(run_of_six: Run) -> None:
    def compute(task: Task) -> None:
        task.complete()
        with pytest.raises(TaskfarmError, match=r"settled \(complete\)"):
            task.update(3)
        with pytest.raises(ConfigurationError):
            Task.update(task, 300)

    assert run_of_six.work(compute, workers=1).succeeded


def test_updates_show_on_the_server_while_the_task_is_computed(
    run_of_six: Run, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        task.update(40.5)
        while not (tmp_path / "go").exists():
            time.sleep(0.01)

    with working(run_of_six, compute):
        wait_until(lambda: run_of_six.status().computing)
        wait_until(lambda: run_of_six.task_info(0).percent_completed == 40.5)
        (tmp_path / "go").touch()
    assert run_of_six.status().succeeded


def test_nothing_stays_open(run_of_six: Run) -> None:
    def compute(task: Task) -> None:
        if task.number == 0 and task.attempts == 0:
            os._exit(3)

    run_of_six.work(print, workers=1)
    before = descriptors()
    run_of_six.reset_all()
    run_of_six.work(compute, workers=2, **SHORT)
    assert not descriptors() - before


def test_a_child_knows_no_secret_and_reads_nothing(
    run_of_six: Run, taskfarm_server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with taskfarm_server.farm() as farm:
        token = farm.login()
    monkeypatch.setenv("TASKFARM_TOKEN", token)
    monkeypatch.setenv("TASKFARM_PASSWORD", taskfarm_server.password)

    def compute(_: Task) -> None:
        for name in ("environ", "cmdline"):
            (tmp_path / name).write_bytes(Path("/proc/self", name).read_bytes())
        (tmp_path / "stdin").write_text(sys.stdin.read())

    run_of_six.work(compute, workers=1)
    shown = (tmp_path / "environ").read_bytes() + (tmp_path / "cmdline").read_bytes()
    assert b"taskfarm_sdk.execution.children.child" in shown
    assert token.encode() not in shown
    assert taskfarm_server.password.encode() not in shown
    assert (tmp_path / "stdin").read_text() == ""


def test_what_the_function_prints_goes_where_this_process_prints(
    run_of_six: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    def compute(task: Task) -> None:
        print("out", task.number)
        print("err", task.number, file=sys.stderr)

    run_of_six.work(compute, workers=2)
    out, err = capfd.readouterr()
    assert sorted(out.split("\n")[:6]) == [f"out {number}" for number in range(6)]
    assert sorted(err.split("\n")[:6]) == [f"err {number}" for number in range(6)]


def test_the_callers_path_is_the_childrens(
    run_of_six: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_module_of_a_test.py").write_text(
        "def compute(task):\n    assert task.number < 6"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__("own_module_of_a_test")
    assert run_of_six.work(module.compute, workers=2).succeeded


def test_the_caller_is_told_in_its_thread_how_it_ended(run_of_six: Run) -> None:
    told: list[tuple[RunStatus, threading.Thread]] = []
    status = run_of_six.work(
        lambda _: None, workers=2, progress=lambda s: told.append((s, threading.current_thread()))
    )
    assert told[-1] == (status, threading.main_thread())


def test_a_callers_error_ends_the_work_and_gives_tasks_back(
    run_of_six: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskfarm_sdk.execution.work.PROGRESS_EVERY_S", 0.1)

    def compute(task: Task) -> None:
        while not task.stop_requested:
            time.sleep(0.01)

    def refuse(_: RunStatus) -> None:
        raise RuntimeError("seen enough")

    with pytest.raises(RuntimeError, match="seen enough"):
        run_of_six.work(compute, workers=2, progress=refuse)
    assert run_of_six.status().computing == 0


def test_failures_in_a_row_stop_the_work(run_of_six: Run) -> None:
    def compute(_: Task) -> None:
        raise ValueError("broken here")

    with pytest.raises(TaskfarmError, match="too many tasks in a row"):
        run_of_six.work(compute, workers=1, halt_after=2, **SHORT)
    assert not run_of_six.status().finished
    status = run_of_six.work(compute, workers=1, halt_after=2, check=False, **SHORT)
    assert not status.finished


def test_while_others_compute_it_stays_no_longer_than_asked(run_of_six: Run) -> None:
    with run_of_six.worker() as other:
        theirs = other.claim()
        assert theirs is not None
        status = run_of_six.work(lambda _: None, workers=2, linger_s=1)
        assert (status.done, status.computing) == (5, 1)
        status = run_of_six.work(lambda _: None, workers=2, linger=False)
        assert status.computing == 1


def test_what_others_lost_is_taken_back_and_computed(run_of_six: Run) -> None:
    with run_of_six.worker(report_every_s=60, first_beat_s=30) as other:
        assert other.claim() is not None
        status = run_of_six.work(lambda _: None, workers=2, **SHORT)
    assert status.succeeded


def test_a_function_that_holds_the_gil_keeps_its_task(run_of_six: Run, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    taken = threading.Event()
    stale_after_s = 2.0
    times = Short(**{**SHORT, "stale_after_s": stale_after_s, "unleased_after_s": stale_after_s})

    def compute(task: Task) -> None:
        with (tmp_path / "begun").open("a") as file:
            file.write(f"{task.number} {task.attempts}\n")
        if task.number == 0:
            # A foreign function called in this way does not let other threads run.
            opened = os.open(gate, os.O_RDWR)
            ctypes.PyDLL(None).read(opened, ctypes.create_string_buffer(1), 1)

    def open_the_gate(other: Worker) -> None:
        sweeper = core_of(other)._sweeper
        assert sweeper is not None
        seen = sweeper._watched._seen
        changed_at: list[float] = []

        def was_renewed_after_a_dead_ones_time() -> bool:
            if (task := seen.get(0)) is not None:
                changed_at.append(task.since)
            lived_s = changed_at[-1] - changed_at[0] if changed_at else 0
            return taken.is_set() or lived_s >= 1.5 * stale_after_s

        try:
            wait_until(was_renewed_after_a_dead_ones_time)
        finally:
            gate.write_text("!")

    with working(run_of_six, compute, times), ThreadPoolExecutor(1) as beside:
        wait_until((tmp_path / "begun").exists)
        with run_of_six.worker(linger=True, **times) as other:
            opening = beside.submit(open_the_gate, other)
            for task in other:
                if task.number == 0:
                    taken.set()
                task.complete()
            opening.result()
    assert not taken.is_set()
    begun = (tmp_path / "begun").read_text().splitlines()
    assert begun.count("0 0") == 1
    assert "0 1" not in begun
    assert run_of_six.status().succeeded


def test_an_exit_status_that_the_function_tells_is_in_the_journal(
    run_of_six: Run, tmp_path: Path
) -> None:
    def fails(task: Task) -> None:
        if task.number == 2:
            task.fail("no luck", final=True, exit_status=3)

    run_of_six.work(fails, workers=1, journal=tmp_path, check=False)
    [journal] = tmp_path.iterdir()
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [
        (entry["task"], entry["message"]) for entry in entries if entry["exit_status"] == 3
    ] == [(2, "no luck")]
