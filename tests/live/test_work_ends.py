"""`Run.work` that is ended from outside: its children end, and its tasks go back."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.programs import work_script
from tests.support.fleet import run_of
from tests.support.processes import wait_until
from tests.support.work_scripts import ENDED, alive, script

pytestmark = pytest.mark.live


def test_a_scripts_own_function_is_computed_and_the_script_runs_once(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with run_of(taskfarm_server, 6) as (_, run, token), script(run, token, tmp_path) as work:
        out, _ = work.process.communicate(timeout=60)
        assert out.splitlines() == ["the main module runs", "6 done"]
        assert work.process.returncode == 0
        for number in range(6):
            assert (tmp_path / f"done-{number}").read_text() == str(number * work_script.FACTOR)
        run.delete()


@pytest.mark.parametrize("name", ENDED)
def test_a_signal_ends_the_children_and_gives_their_tasks_back_uncounted(
    taskfarm_server: LocalServer, tmp_path: Path, name: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600) as work,
    ):
        computing = work.has_begun(2)
        assert len(alive(computing)) == 4
        work.process.send_signal(getattr(signal, name))
        assert work.process.wait(10) == ENDED[name]
        assert not alive(computing)
        assert (run.status().waiting, run.status().computing) == (6, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


def test_an_interruption_that_a_function_swallows_completes_nothing(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, swallows=True) as work,
    ):
        work.has_begun(2)
        work.process.terminate()
        assert work.process.wait(10) == 143
        assert (run.status().waiting, run.status().done) == (6, 0)
        run.delete()


def test_in_the_grace_functions_see_that_a_stop_is_requested(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, heeds=True, grace_s=60) as work,
    ):
        work.has_begun(2)
        work.process.terminate()
        assert work.process.wait(10) == 143
        assert (run.status().done, run.status().computing) == (2, 0)
        assert len(list(tmp_path.glob("done-?"))) == 2
        run.delete()


def test_a_batch_system_that_signals_all_processes_costs_no_attempt(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600) as work,
    ):
        computing = work.has_begun(2)
        subprocess.run(["kill", "-TERM", *map(str, computing), str(work.process.pid)], check=True)
        assert work.process.wait(10) == 143
        assert not alive(computing)
        assert (run.status().waiting, run.status().computing) == (6, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


def test_no_child_is_left_where_the_parent_is_killed(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600) as work,
    ):
        computing = work.has_begun(2)
        work.process.kill()
        work.process.wait()
        wait_until(lambda: not alive(computing), 5)
        run.delete()


@pytest.mark.parametrize("kind", ["spawn", "fork"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_in_a_pool_of_processes_a_signal_to_the_parent_gives_the_tasks_back(
    taskfarm_server: LocalServer, tmp_path: Path, kind: str, name: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, executor=kind) as work,
    ):
        computing = work.has_begun(2)
        work.process.send_signal(getattr(signal, name))
        assert work.process.wait(10) == ENDED[name]
        wait_until(lambda: not alive(computing), 5)
        assert (run.status().waiting, run.status().computing) == (6, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


@pytest.mark.parametrize("kind", ["spawn", "fork", "forkserver"])
def test_no_process_of_a_pool_is_left_where_the_parent_is_killed(
    taskfarm_server: LocalServer, tmp_path: Path, kind: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, bare=True, executor=kind) as work,
    ):
        computing = work.has_begun(2)
        work.process.kill()
        work.process.wait()
        wait_until(lambda: not alive(computing))
        assert (run.status().waiting, run.status().computing) == (6, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


@pytest.mark.parametrize("kind", ["", "spawn", "fork"])
def test_ctrl_c_reaches_a_terminals_processes_and_gives_the_tasks_back(
    taskfarm_server: LocalServer, tmp_path: Path, kind: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, executor=kind) as work,
    ):
        computing = work.has_begun(2)
        os.killpg(work.process.pid, signal.SIGINT)
        assert work.process.wait(10) == ENDED["SIGINT"]
        assert not alive(computing)
        assert (run.status().waiting, run.status().computing) == (6, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


@pytest.mark.parametrize("kind", ["spawn", "fork"])
def test_in_a_pool_of_processes_functions_see_that_a_stop_is_requested(
    taskfarm_server: LocalServer, tmp_path: Path, kind: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, heeds=True, grace_s=60, executor=kind) as work,
    ):
        work.has_begun(2)
        work.process.terminate()
        assert work.process.wait(10) == 143
        assert (run.status().done, run.status().computing) == (2, 0)
        run.delete()


def test_in_threads_a_second_signal_gives_back_what_does_not_end(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=4, executor="thread") as work,
    ):
        work.has_begun(2)
        work.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            work.process.wait(1)
        work.process.send_signal(signal.SIGINT)
        wait_until(lambda: run.status().computing == 0, 2)
        assert run.status().done == 0
        work.process.wait(10)
        run.delete()


def test_in_threads_a_signal_asks_the_functions_to_stop(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, heeds=True, executor="thread") as work,
    ):
        work.has_begun(2)
        work.process.terminate()
        assert work.process.wait(10) == 143
        assert (run.status().done, run.status().computing) == (2, 0)
        run.delete()
