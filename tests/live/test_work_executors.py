"""`Run.work` in executors of the caller's: threads, and processes started in any way."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk import (
    AuthenticationError,
    ConfigurationError,
    Farm,
    Run,
    RunStatus,
    Task,
    TaskfarmError,
    TasksFailed,
)
from taskfarm_sdk.execution.executors import engines
from taskfarm_sdk.testing import LocalServer
from tests.support.executors import meet
from tests.support.inside import held
from tests.support.processes import NET_S, wait_until
from tests.support.short_times import PATIENT, Odd

pytestmark = pytest.mark.live

# forkserver's socket may not be had where tests are kept off the network: see tests/engines.
PROCESSES = ["spawn", "fork"]
KINDS = ["thread", *PROCESSES]


def executor(kind: str, workers: int = 2) -> Executor:
    if kind == "thread":
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(kind))


class AnyExecutor(Executor):
    """Somebody else's: its size is not known, and its loops run in threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2)
        self.sent: list[bytes] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.sent.append(pickle.dumps((fn, args, kwargs)))
        function, args, kwargs = pickle.loads(self.sent[-1])
        return self._threads.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


@pytest.mark.parametrize("kind", KINDS)
def test_an_executor_computes_each_task_once(run_of_six: Run, tmp_path: Path, kind: str) -> None:
    def compute(task: Task) -> None:
        task.update(50)
        with (tmp_path / str(task.number)).open("a") as file:
            file.write(f"{os.getpid()}")

    with executor(kind) as pool:
        assert run_of_six.work(compute, executor=pool).succeeded
        assert run_of_six.work(compute, executor=pool).succeeded
    pids = {(tmp_path / str(number)).read_text() for number in range(6)}
    assert (pids == {str(os.getpid())}) is (kind == "thread")
    assert len(pids) <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_in_an_executor_too_exceptions_fail_attempts(run_of_six: Run, kind: str) -> None:
    def compute(task: Task) -> None:
        if task.number == 3:
            raise ValueError("odd")
        if task.number == 4:
            raise SystemExit(3)

    with executor(kind) as pool, pytest.raises(TasksFailed) as raised:
        run_of_six.work(compute, executor=pool, max_attempts=2, **PATIENT)
    assert raised.value.tasks == (3, 4)


def test_threads_share_one_worker_and_the_callers_objects(run_of_six: Run) -> None:
    workers: set[str] = set()
    threads: set[int] = set()
    together = threading.Barrier(2, timeout=NET_S)

    def compute(task: Task) -> None:
        if task.number < 2:
            together.wait()
        workers.add(held(task)._worker_uuid)
        threads.add(threading.get_ident())

    with executor("thread") as pool:
        assert run_of_six.work(compute, executor=pool).succeeded
    assert (len(workers), len(threads)) == (1, 2)


def test_loops_that_travelled_to_one_process_share_a_worker_too(
    run_of_six: Run, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        (tmp_path / held(task)._worker_uuid).touch()

    with AnyExecutor() as pool:
        assert run_of_six.work(compute, executor=pool, workers=2).succeeded
    assert len(list(tmp_path.iterdir())) == 1
    assert len(set(pool.sent)) == 2, "an executor may run equal calls once"


def test_an_executor_of_unknown_size_needs_a_number(run_of_six: Run) -> None:
    with AnyExecutor() as pool, pytest.raises(ConfigurationError, match="AnyExecutor.*workers="):
        run_of_six.work(print, executor=pool)
    assert run_of_six.status().rows == 0


def test_what_travels_is_the_token_and_never_the_password(taskfarm_server: LocalServer) -> None:
    user, password = taskfarm_server.user, taskfarm_server.password
    with Farm(taskfarm_server.url, user=user, password=password) as farm, AnyExecutor() as pool:
        run = farm.create_run(2)
        farm._link.session.shared.token = None
        run.work(print, executor=pool, workers=1)
        assert farm.login() is not None
        assert password.encode() not in b"".join(pool.sent)
        run.delete()


def test_a_broken_pool_ends_though_a_process_of_it_ignores_what_ends_it(
    run_of_six: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "ENDED_WITHIN_S", 0.1)
    (both := tmp_path / "both").mkdir()
    deaf = tmp_path / "deaf"

    def compute(task: Task) -> None:
        if task.number == 0:
            wait_until(deaf.exists)
            os.kill(os.getpid(), signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        deaf.touch()
        threading.Event().wait()

    with executor("spawn") as pool:
        # Python does not see a process end that it started last, until another one has answered.
        for met in [pool.submit(meet, both), pool.submit(meet, both)]:
            met.result(NET_S)
        with pytest.raises(TaskfarmError, match="the executor broke"):
            run_of_six.work(compute, executor=pool)


def test_a_token_that_the_server_does_not_take_is_told_of(taskfarm_server: LocalServer) -> None:
    with taskfarm_server.farm() as farm:
        run = farm.create_run(1)
        with (
            Farm(taskfarm_server.url, token="no token") as other,
            executor("spawn") as pool,
            pytest.raises(AuthenticationError),
        ):
            Run(other._link, run.uuid, run.id, 1, "1").work(print, executor=pool)
        run.delete()


@pytest.mark.parametrize("kind", PROCESSES)
def test_what_cannot_travel_is_refused_before_anything_is_claimed(
    run_of_six: Run, kind: str
) -> None:
    lock = threading.Lock()
    with executor(kind) as pool, pytest.raises(ConfigurationError, match="cannot be sent"):
        run_of_six.work(lambda task: print(lock, task), executor=pool)
    assert run_of_six.status().rows == 0


def test_what_cannot_be_used_there_is_fatal_and_says_why(run_of_six: Run) -> None:
    odd = Odd()
    with (
        executor("spawn") as pool,
        pytest.raises(TaskfarmError, match="cannot be used.*ValueError"),
    ):
        run_of_six.work(lambda task: print(odd, task), executor=pool)
    assert run_of_six.status().rows == 0


def killing(folder: Path) -> Callable[[Task], None]:
    """Return a function that has its own process end at a task, once."""

    def compute(task: Task) -> None:
        if task.number == 1 and not (folder / "asked").exists():
            (folder / "asked").touch()
            os.kill(os.getpid(), signal.SIGTERM)

    return compute


def test_a_loop_that_a_signal_ends_is_made_up_for_by_others(
    run_of_six: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with executor("spawn") as pool:
        assert run_of_six.work(killing(tmp_path), executor=pool, **PATIENT).succeeded
    assert "a loop of run.work was lost: SystemExit" in caplog.text


def test_the_only_loop_that_a_signal_ends_is_told_of(run_of_six: Run, tmp_path: Path) -> None:
    with executor("spawn", 1) as pool, pytest.raises(TaskfarmError, match="1 of 1 loops.*143"):
        run_of_six.work(killing(tmp_path), executor=pool, **PATIENT)
    assert (run_of_six.status().done, run_of_six.status().computing) == (1, 0)
    assert {info.attempts for info in run_of_six.task_infos()} == {0}


def test_a_function_that_leaves_when_asked_to_costs_no_attempt_in_threads_either(
    run_of_six: Run,
) -> None:
    def progress(_: RunStatus) -> None:
        raise LookupError("of the caller's")

    def compute(task: Task) -> None:
        wait_until(lambda: task.stop_requested)
        sys.exit("saved")

    with executor("thread") as pool, pytest.raises(LookupError):
        run_of_six.work(compute, executor=pool, progress=progress)
    assert run_of_six.status().computing == 0
    assert {info.attempts for info in run_of_six.task_infos()} == {0}


def test_an_executor_that_was_shut_down_is_told_of(run_of_six: Run) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ConfigurationError, match="shutdown.*give work\\(\\) one"):
        run_of_six.work(print, executor=pool)


def test_what_is_no_executor_is_told_of(run_of_six: Run) -> None:
    with pytest.raises(ConfigurationError, match="not a int"):
        run_of_six.work(print, executor=4)  # type: ignore[arg-type]


def test_a_journal_is_where_the_caller_said_wherever_the_loops_are(
    run_of_six: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with ProcessPoolExecutor(1, initializer=os.chdir, initargs=(elsewhere,)) as pool:
        assert run_of_six.work(lambda _: None, executor=pool, journal="journal").succeeded
    assert len(list((tmp_path / "journal").iterdir())) == 2, "ours, which is empty, and theirs"
