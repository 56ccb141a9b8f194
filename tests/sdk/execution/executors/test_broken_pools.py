"""What is left of a pool of processes once one of them was killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from taskfarm_sdk.execution.executors import engines
from tests.support.executors import meet
from tests.support.processes import ENDLESS_S, NET_S, alive, wait_until


def ignore_termination(deaf: Path) -> None:
    """Stay for ever, as a process does that gives tasks back whenever it is told to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (deaf / str(os.getpid())).touch()
    threading.Event().wait()


def die_after(deaf: Path) -> None:
    wait_until(lambda: list(deaf.iterdir()))
    os.kill(os.getpid(), signal.SIGKILL)


def exists(folder: Path) -> bool:
    return folder.exists()


class Pool:
    """A pool of two processes, both of them known to Python."""

    def __init__(self, folder: Path) -> None:
        (deaf := folder / "deaf").mkdir()
        self.deaf = deaf
        self.executor = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
        self.engine = engines.Processes(self.executor)
        (both := folder / "both").mkdir()
        # Python does not wait for a process that it started last until another one has answered.
        self.pids = [f.result(NET_S) for f in [self.executor.submit(meet, both) for _ in "ab"]]

    def submit(self, *functions: object) -> list[Future[Any]]:
        self.engine.futures = [
            self.executor.submit(function, self.deaf)  # type: ignore[arg-type]
            for function in functions
        ]
        return self.engine.futures

    def wait_for_deaf(self, processes: int) -> None:
        wait_until(lambda: len(list(self.deaf.iterdir())) == processes)

    def close(self) -> None:
        for pid in alive(self.pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.executor.shutdown()


class UnawarePool(Executor):
    """A pool that has yet to notice when one of its processes ends."""

    def __init__(self, deaf: Path) -> None:
        context = multiprocessing.get_context("spawn")
        started = [
            context.Process(target=ignore_termination, args=[deaf]),
            context.Process(target=time.sleep, args=[ENDLESS_S]),
        ]
        for process in started:
            process.start()
        self._processes = {process.pid or 0: process for process in started}

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for process in self._processes.values():
            process.kill()
            process.join()


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setattr(engines, "ENDED_WITHIN_S", 0.1)
    monkeypatch.setattr(engines, "TOLD_WITHIN_S", 0.1)
    pool = Pool(tmp_path)
    yield pool
    pool.close()


def test_a_process_of_a_broken_pool_that_does_not_end_is_killed(pool: Pool) -> None:
    _, killed = pool.submit(ignore_termination, die_after)
    with pytest.raises(BrokenProcessPool):
        killed.result(NET_S)
    pool.engine.end_broken()
    wait_until(lambda: not alive(pool.pids))


def test_a_told_pool_of_which_a_process_ended_is_ended_before_python_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "ENDED_WITHIN_S", 0.1)
    pool = UnawarePool(tmp_path)
    engine = engines.Processes(pool)
    engine.futures = [Future()]
    try:
        wait_until(lambda: list(tmp_path.iterdir()))
        engine.let_end()
        engine.end_broken()
        wait_until(lambda: not alive(pool._processes))
    finally:
        pool.shutdown()


def test_a_healthy_pool_stays(pool: Pool) -> None:
    (future,) = pool.submit(exists)
    assert future.result(NET_S)
    pool.engine.let_end()
    pool.engine.end_broken()
    assert pool.executor.submit(exists, pool.deaf).result(NET_S)
    assert sorted(alive(pool.pids)) == sorted(pool.pids)


def test_a_told_pool_of_which_every_process_lives_on_stays(pool: Pool) -> None:
    pool.submit(ignore_termination, ignore_termination)
    pool.wait_for_deaf(2)
    pool.engine.let_end()
    pool.engine.end_broken()
    assert sorted(alive(pool.pids)) == sorted(pool.pids)
