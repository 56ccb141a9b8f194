"""Workers that are asked to end, by a batch system or by Ctrl-C: they give their tasks back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import textwrap
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from taskfarm_sdk import Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import c_code_worker
from tests.support.fleet import WORKERS, fleet, run_of
from tests.support.processes import ENDLESS_S, NET_S, wait_until
from tests.support.programs import (
    ENDED,
    access,
    credentials,
    read_line,
    run_silently,
    running,
    write_line,
)

pytestmark = [pytest.mark.live, pytest.mark.long]

ASKING = ["SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGUSR2", "SIGXCPU"]
# From 3.12 on Python warns of a fork beside threads, which is what is tested.
AS_PROGRAM = ("-W", "ignore::DeprecationWarning", "-c")


@pytest.mark.parametrize("name", ASKING)
def test_workers_in_mid_task_give_it_back_uncounted_and_end(
    taskfarm_server: LocalServer, name: str
) -> None:
    with run_of(taskfarm_server, 10) as (_, run, token), fleet(run, token, ENDLESS_S) as workers:
        workers.wait_until_begun(WORKERS)
        for process in workers.processes:
            process.send_signal(getattr(signal, name))
        assert workers.wait() == [ENDED[name]] * WORKERS
        status = run.status()
        assert (status.waiting, status.computing) == (10, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


def test_a_function_that_heeds_the_request_ends_its_task_in_the_grace(
    taskfarm_server: LocalServer,
) -> None:
    with (
        run_of(taskfarm_server, 10) as (_, run, token),
        fleet(run, token, ENDLESS_S, heeds=True, grace_s=ENDLESS_S) as workers,
    ):
        workers.wait_until_begun(WORKERS)
        for process in workers.processes:
            process.terminate()
        assert workers.wait() == [143] * WORKERS
        assert (run.status().done, run.status().computing) == (WORKERS, 0)
        run.delete()


def test_when_the_grace_is_over_the_task_is_given_back(taskfarm_server: LocalServer) -> None:
    with (
        run_of(taskfarm_server, 10) as (_, run, token),
        fleet(run, token, ENDLESS_S, grace_s=0.5) as workers,
    ):
        workers.wait_until_begun(WORKERS)
        for process in workers.processes:
            process.terminate()
        assert workers.wait() == [143] * WORKERS
        assert (run.status().waiting, run.status().computing) == (10, 0)
        run.delete()


def test_with_the_server_away_a_worker_ends_long_before_it_gives_up() -> None:
    with (
        LocalServer() as server,
        run_of(server, 10) as (_, run, token),
        fleet(run, token, ENDLESS_S, give_up_after_s=ENDLESS_S, ending_s=1) as workers,
    ):
        workers.wait_until_begun(WORKERS)
        server.kill()
        for process in workers.processes:
            process.terminate()
        assert workers.wait() == [143] * WORKERS


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


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGHUP", "SIGUSR2", "SIGXCPU"])
def test_an_ignored_signal_stays_ignored(taskfarm_server: LocalServer, name: str) -> None:
    number = getattr(signal, name)
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with taskfarm_server.farm() as farm, farm.create_run(1).worker() as worker:
            os.kill(os.getpid(), number)
            assert not worker.stopping
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR2", "SIGXCPU"])
def test_a_users_own_handler_of_what_else_may_ask_means_something_else(
    taskfarm_server: LocalServer, name: str
) -> None:
    called: list[int] = []
    number = getattr(signal, name)
    before = signal.signal(number, lambda number, _: called.append(number))
    try:
        with taskfarm_server.farm() as farm, farm.create_run(1).worker() as worker:
            os.kill(os.getpid(), number)
            assert called == [number]
            assert not worker.stopping
    finally:
        signal.signal(number, before)


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
        import multiprocessing, time
        from taskfarm_sdk import Farm
        from tests.support.told import told
        with Farm(**told(dict)) as farm:
            with farm.create_run(1).worker() as worker:
                task = worker.claim()
                pool = multiprocessing.get_context("fork").Pool(2)
                pool.apply(time.sleep, (0,))
                pool.terminate()
                pool.join()
                assert not worker.stopping
                task.complete()
    """)
    run_silently(*AS_PROGRAM, program, told=credentials(taskfarm_server))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_has_the_handlers_of_before(taskfarm_server: LocalServer) -> None:
    program = textwrap.dedent("""
        import os, signal
        from taskfarm_sdk import Farm
        from tests.support.told import told
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
        before = [signal.getsignal(number) for number in numbers]
        with Farm(**told(dict)) as farm:
            with farm.create_run(1).worker():
                ours = [signal.getsignal(number) for number in numbers]
                pid = os.fork()
                if pid == 0:
                    os._exit([signal.getsignal(number) for number in numbers] != before)
                assert os.waitpid(pid, 0)[1] == 0
                assert [signal.getsignal(number) for number in numbers] == ours != before
    """)
    run_silently(*AS_PROGRAM, program, told=credentials(taskfarm_server))


@contextmanager
def worker_in_c_code(run: Run, token: str, **how: float) -> Generator[subprocess.Popen[str]]:
    """Start a worker, and come as soon as its main thread is in C code."""
    told = {**access(run, token), **how}
    with running(c_code_worker.__file__, told=told, stderr=subprocess.PIPE) as process:
        assert read_line(process.stderr) == "begun"
        yield process


def read_output(process: subprocess.Popen[str]) -> str:
    """Return all that a process has printed, once it has ended."""
    assert process.stdout is not None
    return process.stdout.read()


@pytest.mark.parametrize("name", ASKING)
def test_from_c_code_that_never_ends_a_task_is_given_back_and_the_process_ends(
    taskfarm_server: LocalServer, name: str
) -> None:
    number = getattr(signal, name)
    with run_of(taskfarm_server, 2) as (_, run, token), worker_in_c_code(run, token) as process:
        process.send_signal(number)
        wait_until(lambda: run.status().computing == 0)
        assert run.task_info(0).attempts == 0
        assert process.wait(NET_S) == 128 + number
        assert read_output(process) == "said before\n"


def test_in_c_code_too_a_task_is_given_back_when_the_grace_is_over(
    taskfarm_server: LocalServer,
) -> None:
    with (
        run_of(taskfarm_server, 2) as (_, run, token),
        worker_in_c_code(run, token, grace_s=1) as process,
    ):
        began = time.monotonic()
        process.terminate()
        wait_until(lambda: run.status().computing == 0)
        assert time.monotonic() - began >= 1
        assert process.wait(NET_S) == 143


def test_a_second_signal_ends_the_grace_in_c_code_too(taskfarm_server: LocalServer) -> None:
    with (
        run_of(taskfarm_server, 2) as (_, run, token),
        worker_in_c_code(run, token, grace_s=ENDLESS_S) as process,
    ):
        process.terminate()
        process.send_signal(signal.SIGUSR1)
        # Which of two that are pending comes first is the system's choice.
        assert process.wait(NET_S) in {143, 138}
        assert run.status().computing == 0


def test_c_code_that_comes_back_in_time_lets_the_process_end_in_its_own_way(
    taskfarm_server: LocalServer,
) -> None:
    with (
        run_of(taskfarm_server, 2) as (_, run, token),
        worker_in_c_code(run, token, leeway_s=ENDLESS_S) as process,
    ):
        process.terminate()
        wait_until(lambda: run.status().computing == 0)
        write_line(process)
        assert process.wait(NET_S) == 143
        assert read_output(process) == "said before\nended in its own way\n"
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
            mine.settimeout(NET_S)
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
            wakeup = worker._signals._signal_reader
            assert wakeup is not None
            wakeup._hear = heard.extend
            ready, tell = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.write(tell, b"!")
                time.sleep(ENDLESS_S)
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
            wakeup = worker._signals._signal_reader
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
