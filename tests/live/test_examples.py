"""The examples do what they say, as a user would run them."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support.dask_clusters import dask

pytestmark = pytest.mark.live

EXAMPLES = Path(__file__).parents[2] / "examples"
MPI = (str(Path(sys.executable).with_name("mpiexec")), "-n", "3")
FINISHED = "RunStatus(num_tasks=20, waiting=0, computing=0, done=20, failed=0, percent_done=100.0"

Running = Callable[..., list[str]]


@pytest.fixture
def running(taskfarm_server: LocalServer, tmp_path: Path) -> Running:
    """Runs an example in a folder of the test's own, and returns the lines that it prints."""

    def run(name: str, *more: str, by: tuple[str, ...] = (), module: str = "") -> list[str]:
        python = (sys.executable, *(("-m", module) if module else ()))
        done = subprocess.run(
            [*by, *python, EXAMPLES / name, *more],
            cwd=tmp_path,
            env={
                **os.environ,
                "TASKFARM_URL": taskfarm_server.url,
                "TASKFARM_USER": taskfarm_server.user,
                "TASKFARM_PASSWORD": taskfarm_server.password,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def estimates(folder: Path) -> list[float]:
    return [float(file.read_text()) for file in folder.glob("pi-*.txt")]


def test_work_works_off_a_run(running: Running, tmp_path: Path) -> None:
    assert running("work.py")[-1] == "20 of 20 tasks are done"
    assert len(estimates(tmp_path)) == 20
    assert sum(estimates(tmp_path)) / 20 == pytest.approx(3.14, abs=0.02)


@pytest.mark.parametrize(
    ("name", "by", "module"),
    [("process_pool.py", (), ""), ("mpi.py", MPI, "mpi4py.futures")],
    ids=["process_pool", "mpi"],
)
def test_a_pool_works_off_a_run_and_goes_on_with_one(
    running: Running, tmp_path: Path, name: str, by: tuple[str, ...], module: str
) -> None:
    begun, finished = running(name, by=by, module=module)
    assert finished.startswith(FINISHED)
    assert len(estimates(tmp_path / "results")) == 20
    assert sum(estimates(tmp_path / "results")) / 20 == pytest.approx(3.14, abs=0.02)
    uuid = begun.removeprefix("run ")
    assert re.fullmatch("[0-9a-f]{32}", uuid)
    assert running(name, uuid, by=by, module=module) == [begun, finished]


def test_threads_give_the_checksum_of_each_file(running: Running, tmp_path: Path) -> None:
    (folder := tmp_path / "files" / "deep").mkdir(parents=True)
    for number in range(12):
        (folder / f"{number:02}").write_text(f"content {number}")
    assert running("thread_pool.py", "files") == [
        f"{hashlib.sha256(f'content {number}'.encode()).hexdigest()} files/deep/{number:02}"
        for number in range(12)
    ]


@pytest.mark.parametrize("there", [False, True], ids=["of_its_own", "that_is_there"])
def test_a_dask_cluster_works_off_a_run(running: Running, tmp_path: Path, there: bool) -> None:
    if there:
        with dask(2, 1) as cluster:
            said = running("dask_cluster.py", cluster.address)
    else:
        said = running("dask_cluster.py")
    assert said[-1] == "20 of 20 tasks are done"
    assert len(estimates(tmp_path / "results")) == 20
    assert sum(estimates(tmp_path / "results")) / 20 == pytest.approx(3.14, abs=0.02)


def test_the_code_that_the_page_about_executors_shows_is_that_of_the_examples() -> None:
    page = (EXAMPLES.parent / "docs" / "how-to" / "use-executors.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    examples = [file.read_text(encoding="utf-8") for file in EXAMPLES.glob("*.py")]
    assert len(shown) == 2
    assert [code for code in shown if not any(code in example for example in examples)] == []
