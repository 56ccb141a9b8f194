"""`Run.work` on Dask: real worker processes, killed, closed, retired and left alone."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from distributed import Client

from taskfarm_sdk import ConfigurationError, Farm, Run, RunStatus, Task, TaskfarmError
from taskfarm_sdk.testing import LocalServer
from tests.support.dask_clusters import Dask, dask
from tests.support.fleet import run_of
from tests.support.inside import held
from tests.support.maps import HASTY, calls_in
from tests.support.maps import noting as noting_items
from tests.support.processes import NET_S, alive, wait_until
from tests.support.programs import ENDED
from tests.support.short_times import PATIENT
from tests.support.tap import tap
from tests.support.work_scripts import script

pytestmark = pytest.mark.live

WORKERS, THREADS = 3, 2


@pytest.fixture(scope="module")
def cluster() -> Iterator[Dask]:
    with dask(WORKERS, THREADS) as cluster:
        yield cluster


@pytest.fixture
def run(taskfarm_server: LocalServer) -> Iterator[Run]:
    with taskfarm_server.farm() as farm:
        run = farm.create_run(12)
        yield run
        run.delete()


def noting(folder: Path, then: Callable[[Task], None] = lambda _: None) -> Callable[[Task], None]:
    """Return a function that notes each attempt, by whom, before it does something else."""

    def compute(task: Task) -> None:
        note = f"{os.getpid()} {threading.get_ident()} {held(task)._worker_uuid}"
        (folder / f"{task.number}.{uuid.uuid4().hex}").write_text(note)
        then(task)

    return compute


def attempts(folder: Path) -> Counter[int]:
    return Counter(int(note.name.split(".")[0]) for note in folder.iterdir())


def who(folder: Path) -> set[tuple[str, ...]]:
    return {tuple(note.read_text().split()) for note in folder.iterdir()}


def together(folder: Path, loops: int) -> Callable[[Task], None]:
    """Return a function that waits until so many loops have come to it."""

    def wait(task: Task) -> None:
        if task.number < loops:
            wait_until(lambda: len(who(folder)) >= loops)

    return wait


@pytest.mark.parametrize("workers", [None, 9], ids=["by_default", "more_than_threads"])
def test_loops_in_all_threads_compute_each_task_once(
    cluster: Dask, run: Run, tmp_path: Path, workers: int | None
) -> None:
    compute = noting(tmp_path, together(tmp_path, WORKERS * THREADS))
    assert run.work(compute, executor=cluster.executor(), workers=workers).succeeded
    assert attempts(tmp_path) == dict.fromkeys(range(12), 1)
    processes = Counter(pid for pid, _, _ in who(tmp_path))
    assert processes.keys() == {str(pid) for pid in cluster.pids().values()}
    assert set(processes.values()) == {THREADS}
    assert len({uuid for _, _, uuid in who(tmp_path)}) == WORKERS, "loops of a process share one"


def test_a_cluster_without_workers_is_told_of() -> None:
    with dask(0, 1) as cluster, pytest.raises(ConfigurationError, match="no workers yet"):
        Run(Farm("http://127.0.0.1:1/api/", token="t")._link, "0" * 32, 1, 1, "1").work(
            print, executor=cluster.executor()
        )


def test_a_client_in_place_of_its_executor_is_told_of(cluster: Dask, run: Run) -> None:
    with pytest.raises(ConfigurationError, match="client.get_executor()"):
        run.work(print, executor=cluster.client)  # type: ignore[arg-type]


def test_on_the_way_to_dask_is_the_token_and_never_the_password(
    cluster: Dask, taskfarm_server: LocalServer
) -> None:
    user, password = taskfarm_server.user, taskfarm_server.password
    with (
        tap(cluster.address) as wire,
        Client(f"tcp://127.0.0.1:{wire.port}") as tapped,
        Farm(taskfarm_server.url, user=user, password=password) as farm,
    ):
        run = farm.create_run(2)
        assert run.work(lambda _: None, executor=tapped.get_executor(), workers=1).succeeded
        assert farm.login().encode() in wire.said
        assert password.encode() not in wire.said
        run.delete()


def test_a_killed_worker_costs_its_tasks_an_attempt_and_the_run_finishes(
    cluster: Dask, run: Run, tmp_path: Path
) -> None:
    def kill(task: Task) -> None:
        if task.number == 7 and task.attempts == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    (notes := tmp_path / "notes").mkdir()
    compute = noting(notes, kill)
    assert run.work(compute, executor=cluster.executor(), **PATIENT).succeeded
    computed = attempts(notes)
    assert computed.keys() == set(range(12))
    assert computed[7] == 2
    by = {note.read_text().split()[2] for note in notes.glob("7.*")}
    assert len(by) == 2, "a loop that runs again is another worker"
    assert sum(computed.values()) <= 12 + THREADS, "no more than what the killed one had"


def test_an_item_that_kills_its_worker_each_time_costs_only_itself(
    taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    (calls := tmp_path / "calls").mkdir()
    items, killer, most = 24, 7, 3

    def compute(value: int) -> int:
        if value == killer:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * value

    # A loop that was lost so often runs again all the same.
    with dask(2, 1, gives_up_after=most) as cluster, taskfarm_server.farm() as farm:
        found = farm.map(
            noting_items(calls, compute),
            range(items),
            folder=tmp_path / "results",
            chunk=6,
            executor=cluster.executor(),
            max_attempts=most,
            check=False,
            **HASTY,
        )
        assert (list(found.missing), list(found.failed)) == ([], [killer])
    made = calls_in(calls)
    assert made.pop(killer) == most
    assert set(made) == set(range(items)) - {killer}
    # Only what was not yet written at the first kill.
    assert made.total() - len(made) <= 1


def killing(folder: Path, number: int) -> Callable[[Task], None]:
    """Return a function that kills its process at a task, once."""

    def compute(task: Task) -> None:
        if task.number == number and not (folder / "killed").exists():
            (folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return compute


def test_a_loop_that_dask_gives_up_on_is_told_of_and_new_work_goes_on(
    run: Run, tmp_path: Path
) -> None:
    with dask(1, 1, gives_up_after=0) as cluster:
        executor = cluster.executor()
        with pytest.raises(TaskfarmError, match="1 of 1 loops.*KilledWorker.*open: 2.*new work()"):
            run.work(killing(tmp_path, 2), executor=executor, **PATIENT)
        assert run.work(killing(tmp_path, 2), executor=executor, workers=1, **PATIENT).succeeded


def test_a_loop_that_dask_gives_up_on_is_made_up_for_by_others(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # In processes of their own, for the loops of one process are lost together.
    with dask(2, 1, gives_up_after=0) as cluster:
        compute = killing(tmp_path, 5)
        assert run.work(compute, executor=cluster.executor(), **PATIENT).succeeded
    assert "a loop of run.work was lost: KilledWorker" in caplog.text


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_the_loops_of_a_client_that_ends_finish_their_tasks_and_claim_no_more(
    cluster: Dask, taskfarm_server: LocalServer, tmp_path: Path, name: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, heeds=True, executor=cluster.address) as work,
    ):
        work.wait_until_begun(2)
        work.process.send_signal(getattr(signal, name))
        assert work.wait() == ENDED.get(name, -9)
        wait_until(lambda: run.status().computing == 0)
        assert (run.status().waiting, run.status().done) == (4, 2)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


def test_in_the_grace_of_the_client_the_functions_see_that_a_stop_is_requested(
    cluster: Dask, taskfarm_server: LocalServer, tmp_path: Path
) -> None:
    where = cluster.address
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(
            run, token, tmp_path, task_s=600, heeds=True, saves_s=2, grace_s=60, executor=where
        ) as work,
    ):
        work.wait_until_begun(2)
        work.process.terminate()
        assert work.wait() == ENDED["SIGTERM"]
        assert (run.status().waiting, run.status().done) == (4, 2), "it waited for them"
        run.delete()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_cluster_that_ends_with_its_client_gives_the_tasks_back_uncounted(
    taskfarm_server: LocalServer, tmp_path: Path, name: str
) -> None:
    with (
        run_of(taskfarm_server, 6) as (_, run, token),
        script(run, token, tmp_path, task_s=600, bare=True, executor="dask") as work,
    ):
        computing = work.wait_until_begun(2)
        if name == "SIGINT":
            os.killpg(work.process.pid, signal.SIGINT)  # as a terminal does
        else:
            work.process.terminate()
        assert work.wait() == ENDED[name]
        wait_until(lambda: not alive(computing))
        assert (run.status().waiting, run.status().computing) == (6, 0)
        assert {info.attempts for info in run.task_infos()} == {0}
        run.delete()


def test_the_loop_of_a_retired_worker_gives_its_task_back_and_goes_on_elsewhere(
    run: Run, tmp_path: Path
) -> None:
    (notes := tmp_path / "notes").mkdir()

    def compute(task: Task) -> None:
        (notes / f"{task.number}-{task.attempts}-{os.getpid()}").touch()
        if task.number == 0:
            wait_until((tmp_path / "go").exists)

    with dask(2, 1) as cluster, ThreadPoolExecutor(1) as background:
        executor = cluster.executor()
        work = background.submit(run.work, compute, executor=executor, workers=1)
        wait_until(lambda: list(notes.glob("0-0-*")))
        (first,) = (int(note.name.split("-")[2]) for note in notes.iterdir())
        retired = [where for where, pid in cluster.pids().items() if pid == first]
        cluster.client.retire_workers(retired)
        wait_until(lambda: len(list(notes.glob("0-0-*"))) == 2)
        (tmp_path / "go").touch()
        assert work.result(NET_S).succeeded
    pids = {note.name.split("-")[2] for note in notes.iterdir()} - {str(first)}
    assert len(pids) == 1
    assert {note.name.split("-")[1] for note in notes.iterdir()} == {"0"}


def test_a_cluster_that_is_closed_in_mid_run_is_told_of(run: Run, tmp_path: Path) -> None:
    def compute(_: Task) -> None:
        (tmp_path / "begun").touch()
        wait_until((tmp_path / "go").exists)

    with dask(1, 1) as cluster, ThreadPoolExecutor(1) as background:
        work = background.submit(run.work, compute, executor=cluster.executor())
        wait_until((tmp_path / "begun").exists)
        cluster.cluster.close()
        with pytest.raises(TaskfarmError, match="1 of 1 loops.*new work()"):
            work.result(NET_S)


def test_an_error_of_the_callers_own_ends_the_loops_too(
    cluster: Dask, run: Run, tmp_path: Path
) -> None:
    def compute(task: Task) -> None:
        (tmp_path / str(task.number)).touch()
        wait_until(lambda: task.stop_requested)

    def progress(_: RunStatus) -> None:
        if len(list(tmp_path.iterdir())) >= 2:
            raise LookupError("of the caller's")

    with pytest.raises(LookupError):
        run.work(compute, executor=cluster.executor(), workers=2, progress=progress)
    wait_until(lambda: run.status().computing == 0)
    assert (run.status().done, run.status().waiting) == (2, 10)
