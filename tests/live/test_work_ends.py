"""`Run.work` that is ended from outside: its children end, and its tasks go back."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from taskfarm_sdk import Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import work_script
from tests.support.fleet import run_of
from tests.support.processes import ENDLESS_S, alive, wait_until
from tests.support.programs import ENDED
from tests.support.work_scripts import Script, script

pytestmark = [pytest.mark.live, pytest.mark.long]

NUM_TASKS = 6


class StartScript(Protocol):
    """Starts a script whose tasks take for ever, told what `work_script.Told` says."""

    def __call__(self, *, task_s: float = ENDLESS_S, **how: Any) -> Script: ...


@pytest.fixture
def farmed_run(taskfarm_server: LocalServer) -> Iterator[tuple[Run, str]]:
    """A run of six tasks, and a token for who works on it."""
    with run_of(taskfarm_server, NUM_TASKS) as (_, run, token):
        yield run, token
        run.delete()


@pytest.fixture
def worked_run(farmed_run: tuple[Run, str]) -> Run:
    """The run that scripts work on."""
    return farmed_run[0]


@pytest.fixture
def start_script(farmed_run: tuple[Run, str], tmp_path: Path) -> Iterator[StartScript]:
    """Starts a script that works on the run with two children; the end kills it."""
    with ExitStack() as undo:

        def start(*, task_s: float = ENDLESS_S, **how: Any) -> Script:
            return undo.enter_context(script(*farmed_run, tmp_path, task_s=task_s, **how))

        yield start


def check_given_back(run: Run) -> None:
    """See that all tasks wait again, with no attempt counted."""
    assert (run.status().waiting, run.status().computing) == (NUM_TASKS, 0)
    assert {info.attempts for info in run.task_infos()} == {0}


def check_two_done(run: Run) -> None:
    """See that the two tasks that were computed are done, and no others were claimed."""
    assert (run.status().done, run.status().computing) == (2, 0)


def test_a_scripts_own_function_is_computed_and_the_script_runs_once(
    start_script: StartScript, tmp_path: Path
) -> None:
    work = start_script(task_s=0)
    assert work.read_lines() == ["the main module runs", "6 done"]
    assert work.wait() == 0
    for number in range(NUM_TASKS):
        assert (tmp_path / f"done-{number}").read_text() == str(number * work_script.FACTOR)


@pytest.mark.parametrize("name", ENDED)
def test_a_signal_ends_the_children_and_gives_their_tasks_back_uncounted(
    worked_run: Run, start_script: StartScript, name: str
) -> None:
    work = start_script()
    computing = work.wait_until_begun(2)
    assert len(alive(computing)) == 4
    work.process.send_signal(getattr(signal, name))
    assert work.wait() == ENDED[name]
    assert not alive(computing)
    check_given_back(worked_run)


def test_an_interruption_that_a_function_swallows_completes_nothing(
    worked_run: Run, start_script: StartScript
) -> None:
    work = start_script(swallows=True)
    work.wait_until_begun(2)
    work.process.terminate()
    assert work.wait() == 143
    assert (worked_run.status().waiting, worked_run.status().done) == (NUM_TASKS, 0)


def test_in_the_grace_functions_see_that_a_stop_is_requested(
    worked_run: Run, start_script: StartScript, tmp_path: Path
) -> None:
    work = start_script(heeds=True, grace_s=ENDLESS_S)
    work.wait_until_begun(2)
    work.process.terminate()
    assert work.wait() == 143
    check_two_done(worked_run)
    assert len(list(tmp_path.glob("done-?"))) == 2


def test_a_batch_system_that_signals_all_processes_costs_no_attempt(
    worked_run: Run, start_script: StartScript
) -> None:
    work = start_script()
    computing = work.wait_until_begun(2)
    subprocess.run(["kill", "-TERM", *map(str, computing), str(work.process.pid)], check=True)
    assert work.wait() == 143
    assert not alive(computing)
    check_given_back(worked_run)


def test_no_child_is_left_where_the_parent_is_killed(start_script: StartScript) -> None:
    work = start_script()
    computing = work.wait_until_begun(2)
    work.process.kill()
    work.wait()
    wait_until(lambda: not alive(computing))


@pytest.mark.parametrize("kind", ["spawn", "fork"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_in_a_pool_of_processes_a_signal_to_the_parent_gives_the_tasks_back(
    worked_run: Run, start_script: StartScript, kind: str, name: str
) -> None:
    work = start_script(executor=kind)
    computing = work.wait_until_begun(2)
    work.process.send_signal(getattr(signal, name))
    assert work.wait() == ENDED[name]
    wait_until(lambda: not alive(computing))
    check_given_back(worked_run)


@pytest.mark.parametrize("kind", ["spawn", "fork", "forkserver"])
def test_no_process_of_a_pool_is_left_where_the_parent_is_killed(
    worked_run: Run, start_script: StartScript, kind: str
) -> None:
    work = start_script(bare=True, executor=kind)
    computing = work.wait_until_begun(2)
    work.process.kill()
    work.wait()
    wait_until(lambda: not alive(computing))
    check_given_back(worked_run)


@pytest.mark.parametrize("kind", ["", "spawn", "fork"])
def test_ctrl_c_reaches_a_terminals_processes_and_gives_the_tasks_back(
    worked_run: Run, start_script: StartScript, kind: str
) -> None:
    work = start_script(executor=kind)
    computing = work.wait_until_begun(2)
    os.killpg(work.process.pid, signal.SIGINT)
    assert work.wait() == ENDED["SIGINT"]
    assert not alive(computing)
    check_given_back(worked_run)


@pytest.mark.parametrize("kind", ["spawn", "fork"])
def test_in_a_pool_of_processes_functions_see_that_a_stop_is_requested(
    worked_run: Run, start_script: StartScript, kind: str
) -> None:
    work = start_script(heeds=True, grace_s=ENDLESS_S, executor=kind)
    work.wait_until_begun(2)
    work.process.terminate()
    assert work.wait() == 143
    check_two_done(worked_run)


def test_in_threads_a_second_signal_gives_back_what_does_not_end(
    worked_run: Run, start_script: StartScript, tmp_path: Path
) -> None:
    over = tmp_path / "over"
    work = start_script(until=str(over), executor="thread")
    work.wait_until_begun(2)
    work.process.send_signal(signal.SIGINT)
    work.wait_until_asked(2)
    assert work.process.poll() is None
    assert worked_run.status().computing == 2
    work.process.send_signal(signal.SIGINT)
    wait_until(lambda: worked_run.status().computing == 0)
    assert worked_run.status().done == 0
    over.touch()
    work.wait()


def test_in_threads_a_signal_asks_the_functions_to_stop(
    worked_run: Run, start_script: StartScript
) -> None:
    work = start_script(heeds=True, executor="thread")
    work.wait_until_begun(2)
    work.process.terminate()
    assert work.wait() == 143
    check_two_done(worked_run)
