"""`Run.work` in the ranks of an MPI job: started rightly and wrongly, signalled, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskfarm_sdk import Run, results
from taskfarm_sdk._results.writer import FLUSH_S
from taskfarm_sdk.testing import LocalServer
from tests.programs import work_script
from tests.support import programs
from tests.support.fleet import run_of
from tests.support.map_scripts import MapScript
from tests.support.processes import NET_S, alive, wait_until
from tests.support.programs import MPI_FUTURES, MPI_JOB, MPIEXEC
from tests.support.short_times import SHORT
from tests.support.work_scripts import script

pytestmark = pytest.mark.live


def ended(
    run: Run, token: str, folder: Path, *by: str | Path, threads: str = "multiple", **more: object
) -> subprocess.CompletedProcess[str]:
    """Return how the script ended, started by some command."""
    told = {
        **programs.access(run, token),
        "folder": str(folder),
        "executor": "mpi",
        "bare": True,
        **more,
    }
    return programs.run(
        work_script.__file__, told=told, by=by, env={"MPI4PY_RC_THREAD_LEVEL": threads}
    )


@pytest.mark.parametrize(
    "by",
    [(sys.executable,), (MPIEXEC, "-n", "2", sys.executable), (MPIEXEC, "-n", "1", sys.executable)],
    ids=["alone", "in_two_ranks", "in_one_rank"],
)
def test_without_mpi4py_futures_it_says_how_to_start_instead_of_hanging(
    taskfarm_server: LocalServer, tmp_path: Path, by: tuple[str | Path, ...]
) -> None:
    with run_of(taskfarm_server, 6) as (_, run, token):
        done = ended(run, token, tmp_path, *by)
        assert done.returncode != 0
        assert "ConfigurationError" in done.stderr
        assert "`mpiexec -n 4 python -m mpi4py.futures work_script.py`" in done.stderr
        assert run.status().rows == 0
        run.delete()


def test_a_job_of_one_rank_computes_in_that(taskfarm_server: LocalServer, tmp_path: Path) -> None:
    with run_of(taskfarm_server, 6) as (_, run, token):
        done = ended(run, token, tmp_path, MPIEXEC, "-n", "1", *MPI_FUTURES)
        assert done.stdout.splitlines()[-1] == "6 done", done.stderr
        run.delete()


@pytest.mark.parametrize(("kind", "ranks"), [("booted mpi", "1"), ("common mpi", "3")])
def test_ranks_that_an_executor_has_got_in_another_way_will_do(
    taskfarm_server: LocalServer, tmp_path: Path, kind: str, ranks: str
) -> None:
    with run_of(taskfarm_server, 6) as (_, run, token):
        done = ended(run, token, tmp_path, MPIEXEC, "-n", ranks, sys.executable, executor=kind)
        assert "6 done" in done.stdout.splitlines(), done.stderr
        assert done.returncode == 0
        run.delete()


def test_an_mpi_that_may_not_be_asked_beside_the_loops_works_too(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with run_of(taskfarm_server, 6) as (_, run, token):
        done = ended(run, token, tmp_path, *MPI_JOB, threads="serialized")
        assert done.stdout.splitlines()[-1] == "6 done", done.stderr
        run.delete()


def test_ranks_that_cannot_be_initialized_are_told_of(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with run_of(taskfarm_server, 6) as (_, run, token):
        done = ended(run, token, tmp_path, *MPI_JOB, executor="broken mpi")
        assert done.returncode != 0
        assert "TaskfarmError: the executor broke" in done.stderr
        assert "initializer failed. A new work() on run" in done.stderr
        run.delete()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_to_mpiexec_gives_the_tasks_of_all_ranks_back_uncounted(
    taskfarm_server: LocalServer, tmp_path: Path, name: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, by=MPI_JOB, executor="mpi", task_s=600, bare=True) as work,
    ):
        computing = work.wait_until_begun(2)
        work.process.send_signal(getattr(signal, name))
        work.wait()  # with a status that MPICH makes up, and maybe before its ranks
        wait_until(lambda: not alive(computing))
        assert (run.status().waiting, run.status().computing) == (6, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


def test_a_signal_to_the_scripts_rank_alone_has_the_others_finish_and_claim_no_more(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(
            run, token, tmp_path, by=MPI_JOB, executor="mpi", task_s=600, heeds=True, bare=True
        ) as work,
    ):
        work.wait_until_begun(2)
        os.kill(int((tmp_path / "master").read_text()), signal.SIGTERM)
        assert work.wait() == 143
        assert (run.status().done, run.status().computing) == (2, 0)
        run.delete()


@pytest.mark.parametrize("computes", [True, False], ids=["that_computes", "of_the_script"])
def test_a_killed_rank_ends_the_job_and_a_new_one_goes_on(
    taskfarm_server: LocalServer, tmp_path: Path, computes: bool
) -> None:
    with run_of(taskfarm_server, 6) as (_, run, token):
        with script(
            run, token, tmp_path, by=MPI_JOB, executor="mpi", task_s=600, bare=True
        ) as work:
            computing = work.wait_until_begun(2)
            killed = computing[0] if computes else int((tmp_path / "master").read_text())
            os.kill(killed, signal.SIGKILL)
            assert work.wait() != 0
            wait_until(lambda: not alive(computing))
        assert run.status().computing == 2
        done = ended(run, token, tmp_path, *MPI_JOB, work=SHORT)
        assert done.stdout.splitlines()[-1] == "6 done", done.stderr
        assert run.status().succeeded
        run.delete()


def test_in_the_grace_the_functions_in_the_ranks_see_that_a_stop_is_requested(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(
            run, token, tmp_path, by=MPI_JOB, executor="mpi",
            task_s=600, heeds=True, saves_s=1, grace_s=60, bare=True,
        ) as work,
    ):  # fmt: skip
        work.wait_until_begun(2)
        work.process.terminate()
        work.wait()
        assert (run.status().done, run.status().computing) == (2, 0)
        run.delete()


def test_a_job_that_a_killed_rank_ends_leaves_a_map_that_the_next_one_finishes(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    (calls := tmp_path / "calls").mkdir()
    mapping = MapScript(
        server=programs.credentials(taskfarm_server),
        folder=tmp_path / "results",
        calls=calls,
        items=200,
        chunk=10,
        item_s=0.01,
    )
    with mapping.script(by=MPI_JOB, executor="mpi") as job:
        mapping.wait_for_calls(50)
        os.kill(mapping.living_children()[0], signal.SIGKILL)
        job.communicate(timeout=NET_S)
        assert job.returncode != 0
    wait_until(lambda: not mapping.living_children())
    mapping.finish(by=MPI_JOB, executor="mpi")
    assert list(results(mapping.folder).values()) == mapping.values
    # Both ranks lost what they had not written yet.
    assert mapping.num_calls() - mapping.items <= 2 * (int(FLUSH_S / mapping.item_s) + 2)
