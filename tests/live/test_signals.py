"""Workers that are asked to end, by a batch system or by Ctrl-C: they give their tasks back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.live.fleet import WORKERS, fleet, run_of

pytestmark = pytest.mark.live

ASKING = ["SIGTERM", "SIGINT", "SIGUSR1"]
# How Popen tells of a process that Python lets die of KeyboardInterrupt.
ENDED = {"SIGTERM": 143, "SIGUSR1": 138, "SIGINT": -2}


@pytest.mark.parametrize("name", ASKING)
def test_workers_in_mid_task_give_it_back_uncounted_and_end(
    taskfarm_server: LocalServer, name: str
) -> None:
    with run_of(taskfarm_server, 10) as (_, run, token), fleet(run, token, 60) as workers:
        workers.have_computed(WORKERS)
        began = time.monotonic()
        for process in workers.processes:
            process.send_signal(getattr(signal, name))
        for process in workers.processes:
            assert process.wait(20) == ENDED[name]
        assert time.monotonic() - began < 4
        status = run.status()
        assert (status.waiting, status.computing) == (10, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


def test_a_function_that_heeds_the_request_ends_its_task_in_the_grace(
    taskfarm_server: LocalServer,
) -> None:
    with (
        run_of(taskfarm_server, 10) as (_, run, token),
        fleet(run, token, 60, heeds=True, grace_s=30) as workers,
    ):
        workers.have_computed(WORKERS)
        began = time.monotonic()
        for process in workers.processes:
            process.terminate()
        assert [process.wait(20) for process in workers.processes] == [143] * WORKERS
        assert time.monotonic() - began < 10
        assert (run.status().done, run.status().computing) == (WORKERS, 0)
        run.delete()


def test_when_the_grace_is_over_the_task_is_given_back(taskfarm_server: LocalServer) -> None:
    with (
        run_of(taskfarm_server, 10) as (_, run, token),
        fleet(run, token, 60, grace_s=0.5) as workers,
    ):
        workers.have_computed(WORKERS)
        for process in workers.processes:
            process.terminate()
        assert [process.wait(20) for process in workers.processes] == [143] * WORKERS
        assert (run.status().waiting, run.status().computing) == (10, 0)
        run.delete()


def test_with_the_server_away_a_worker_ends_within_seconds() -> None:
    with (
        LocalServer() as server,
        run_of(server, 10) as (_, run, token),
        fleet(run, token, 60) as workers,
    ):
        workers.have_computed(WORKERS)
        server.kill()
        began = time.monotonic()
        for process in workers.processes:
            process.terminate()
        assert [process.wait(20) for process in workers.processes] == [143] * WORKERS
        assert time.monotonic() - began < 12
        server.start()


def test_a_users_own_handler_is_called_and_put_back(taskfarm_server: LocalServer) -> None:
    called: list[int] = []

    def own(number: int, _: object) -> None:
        called.append(number)

    before = signal.signal(signal.SIGUSR1, own)
    try:
        with taskfarm_server.farm() as farm:
            run = farm.create_run(1)
            with pytest.raises(SystemExit) as ended, run.worker() as worker:
                worker.claim()
                assert signal.getsignal(signal.SIGUSR1) is not own
                os.kill(os.getpid(), signal.SIGUSR1)
            assert ended.value.code == 138
            assert called == [signal.SIGUSR1]
            assert signal.getsignal(signal.SIGUSR1) is own
            assert run.status().computing == 0
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_ignored_signal_stays_ignored(taskfarm_server: LocalServer) -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        with taskfarm_server.farm() as farm, farm.create_run(1).worker() as worker:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not worker.stopping
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_off_the_main_thread_no_handler_is_touched(taskfarm_server: LocalServer) -> None:
    before = [signal.getsignal(getattr(signal, name)) for name in ASKING]
    seen: list[object] = []

    def work() -> None:
        with taskfarm_server.farm() as farm, farm.create_run(1).worker():
            seen.append([signal.getsignal(getattr(signal, name)) for name in ASKING])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_pool_that_was_forked_inside_a_worker_can_be_terminated(
    taskfarm_server: LocalServer,
) -> None:
    # Pool.terminate sends SIGTERM to children that have inherited the handler.
    program = textwrap.dedent("""
        import multiprocessing, sys, time
        from taskfarm_sdk import Farm
        url, user, password = sys.stdin.read().split()
        with Farm(url, user=user, password=password) as farm:
            with farm.create_run(1).worker() as worker:
                task = worker.claim()
                pool = multiprocessing.get_context("fork").Pool(2)
                pool.apply(time.sleep, (0,))
                pool.terminate()
                pool.join()
                assert not worker.stopping
                task.complete()
    """)
    server = taskfarm_server
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        input=f"{server.url} {server.user} {server.password}",
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
