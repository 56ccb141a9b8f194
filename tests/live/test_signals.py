"""Workers that are asked to end, by a batch system or by Ctrl-C: they give their tasks back."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from taskfarm_sdk import Run
from taskfarm_sdk.testing import LocalServer
from tests.support.fleet import WORKERS, fleet, run_of
from tests.support.processes import wait_until
from tests.support.programs import ends_well

pytestmark = pytest.mark.live

ASKING = ["SIGTERM", "SIGINT", "SIGUSR1"]
# How Popen tells of a process that Python lets die of KeyboardInterrupt.
ENDED = {"SIGTERM": 143, "SIGUSR1": 138, "SIGINT": -2}
# From 3.12 on Python warns of a fork beside threads, which is what is tested.
AS_PROGRAM = ("-W", "ignore::DeprecationWarning", "-c")


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
    ends_well(taskfarm_server, *AS_PROGRAM, program)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_has_the_handlers_of_before(taskfarm_server: LocalServer) -> None:
    program = textwrap.dedent("""
        import os, signal, sys
        from taskfarm_sdk import Farm
        url, user, password = sys.stdin.read().split()
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
        before = [signal.getsignal(number) for number in numbers]
        with Farm(url, user=user, password=password) as farm:
            with farm.create_run(1).worker():
                ours = [signal.getsignal(number) for number in numbers]
                pid = os.fork()
                if pid == 0:
                    os._exit([signal.getsignal(number) for number in numbers] != before)
                assert os.waitpid(pid, 0)[1] == 0
                assert [signal.getsignal(number) for number in numbers] == ours != before
    """)
    ends_well(taskfarm_server, *AS_PROGRAM, program)


# Waits in C code that releases the interpreter's lock, and that no signal interrupts; by the clock,
# however busy the machine is.
IN_C_CODE = """
import ctypes, json, logging, sys, time
from taskfarm_sdk import Farm
told = json.load(sys.stdin)
logging.basicConfig(stream=sys.stdout)
c = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(64)
c.pthread_mutex_lock(mutex)
with Farm(told["url"], token=told["token"]) as farm:
    run = farm.get_run(told["run"])
    with run.worker(grace_s=told["grace_s"]) as worker:
        for task in worker:
            try:
                with task:
                    print("said before")
                    print("begun", file=sys.stderr, flush=True)
                    ends = time.time() + told["seconds"]
                    then = (ctypes.c_long * 2)(int(ends), int(ends % 1 * 1e9))
                    c.pthread_mutex_timedlock(mutex, then)
            finally:
                print("ended in its own way")
"""
FOR_EVER = 10.0**9
UNTIL_THERE_S = 0.2


@contextmanager
def in_c_code(
    run: Run, token: str, seconds: float = FOR_EVER, grace_s: float = 0
) -> Generator[subprocess.Popen[str]]:
    """Start a worker, and come as soon as its main thread is in C code."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_C_CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stderr is not None
        told = {"url": run._link.session.url, "token": token, "run": run.uuid}
        process.stdin.write(json.dumps({**told, "seconds": seconds, "grace_s": grace_s}))
        process.stdin.close()
        assert process.stderr.readline() == "begun\n"
        time.sleep(UNTIL_THERE_S)  # nothing can tell from inside the C code that it is there
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.read()


@pytest.mark.parametrize("name", ASKING)
def test_from_c_code_a_task_is_given_back_in_a_second_and_the_process_ends(
    taskfarm_server: LocalServer, name: str
) -> None:
    number = getattr(signal, name)
    with run_of(taskfarm_server, 2) as (_, run, token), in_c_code(run, token) as process:
        began = time.monotonic()
        process.send_signal(number)
        wait_until(lambda: run.status().computing == 0)
        assert time.monotonic() - began < 1.5
        assert run.task_info(0).attempts == 0
        assert process.wait(10) == 128 + number
        assert said(process) == "said before\n"
        assert time.monotonic() - began < 5


def test_in_c_code_too_a_task_is_given_back_when_the_grace_is_over(
    taskfarm_server: LocalServer,
) -> None:
    with run_of(taskfarm_server, 2) as (_, run, token), in_c_code(run, token, grace_s=1) as process:
        began = time.monotonic()
        process.terminate()
        wait_until(lambda: run.status().computing == 0)
        assert 1 <= time.monotonic() - began < 3
        assert process.wait(10) == 143


def test_a_second_signal_ends_the_grace_in_c_code_too(taskfarm_server: LocalServer) -> None:
    with (
        run_of(taskfarm_server, 2) as (_, run, token),
        in_c_code(run, token, grace_s=60) as process,
    ):
        process.terminate()
        process.send_signal(signal.SIGUSR1)
        # Which of two that are pending comes first is the system's choice.
        assert process.wait(10) in {143, 138}
        assert run.status().computing == 0


def test_c_code_that_comes_back_in_time_lets_the_process_end_in_its_own_way(
    taskfarm_server: LocalServer,
) -> None:
    with (
        run_of(taskfarm_server, 2) as (_, run, token),
        in_c_code(run, token, UNTIL_THERE_S + 0.7) as process,
    ):
        process.terminate()
        assert process.wait(10) == 143
        assert said(process) == "said before\nended in its own way\n"
        assert (run.status().waiting, run.status().computing) == (2, 0)


def test_whoever_was_told_of_signals_before_still_is_and_is_put_back(
    taskfarm_server: LocalServer,
) -> None:
    mine, writer = socket.socketpair()
    writer.setblocking(False)
    before_fd = signal.set_wakeup_fd(writer.fileno())
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        with taskfarm_server.farm() as farm, farm.create_run(1).worker() as worker:
            os.kill(os.getpid(), signal.SIGUSR2)
            mine.settimeout(10)
            assert mine.recv(1) == bytes([signal.SIGUSR2])
            assert not worker.stopping
        os.kill(os.getpid(), signal.SIGUSR2)
        assert mine.recv(1) == bytes([signal.SIGUSR2])
    finally:
        assert signal.set_wakeup_fd(before_fd) == writer.fileno()
        signal.signal(signal.SIGUSR2, before)
        mine.close()
        writer.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_signal_to_a_forked_child_is_not_heard_by_the_parent(
    taskfarm_server: LocalServer,
) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        with taskfarm_server.farm() as farm, farm.create_run(1).worker() as worker:
            wakeup = worker._ending._wakeup
            assert wakeup is not None
            wakeup._hear = heard.extend
            ready, tell = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.write(tell, b"!")
                time.sleep(20)
                os._exit(1)
            assert os.read(ready, 1) == b"!"
            os.close(ready)
            os.close(tell)
            os.kill(pid, signal.SIGTERM)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
            os.kill(os.getpid(), signal.SIGUSR2)
            wait_until(lambda: heard)
            assert heard == [signal.SIGUSR2]
            assert not worker.stopping
    finally:
        signal.signal(signal.SIGUSR2, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_not_even_in_the_first_moment_of_the_child(taskfarm_server: LocalServer) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        with taskfarm_server.farm() as farm, farm.create_run(1).worker() as worker:
            wakeup = worker._ending._wakeup
            assert wakeup is not None
            wakeup._hear = heard.extend
            for _ in range(20):
                pid = os.fork()
                if pid == 0:
                    os._exit(0)
                os.kill(pid, signal.SIGTERM)
                os.waitpid(pid, 0)
            os.kill(os.getpid(), signal.SIGUSR2)
            wait_until(lambda: signal.SIGUSR2 in heard)
            assert heard == [signal.SIGUSR2]
    finally:
        signal.signal(signal.SIGUSR2, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_worker_used_anew_in_a_forked_child_ends_by_signals_too(
    taskfarm_server: LocalServer,
) -> None:
    with taskfarm_server.farm() as farm, farm.create_run(1).worker() as worker:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                with worker:
                    os.kill(os.getpid(), signal.SIGTERM)
            except SystemExit as ended:
                status = 0 if ended.code == 143 else 2
            os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert not worker.stopping
