"""The examples do what they say, as a user would run them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfarm_sdk.testing import LocalServer
from tests.support import programs
from tests.support.dask_clusters import dask

pytestmark = [pytest.mark.live, pytest.mark.long]

EXAMPLES = Path(__file__).parents[2] / "examples"
FINISHED = "20 of 20 tasks done, 0 failed"

Running = Callable[..., list[str]]
Words = tuple[str | Path, ...]


@pytest.fixture
def run_example(taskfarm_server: LocalServer, tmp_path: Path) -> Running:
    """Runs an example in a folder of the test's own, and returns the lines that it prints."""

    def run(name: str, *more: str, by: Words = programs.PYTHON) -> list[str]:
        access = programs.credentials(taskfarm_server)
        env = {f"TASKFARM_{key.upper()}": str(value) for key, value in access.items()}
        done = programs.run(
            EXAMPLES / name, *more, told={}, by=by, env=env, cwd=tmp_path, timeout_s=90
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def estimates(folder: Path) -> list[float]:
    return [float(file.read_text()) for file in folder.glob("pi-*.txt")]


def test_work_works_off_a_run(run_example: Running, tmp_path: Path) -> None:
    assert run_example("work.py")[-1] == "20 of 20 tasks are done"
    assert len(estimates(tmp_path)) == 20
    assert sum(estimates(tmp_path)) / 20 == pytest.approx(3.14, abs=0.02)


@pytest.mark.parametrize(
    ("name", "by"),
    [("process_pool.py", programs.PYTHON), ("mpi.py", programs.MPI_JOB)],
    ids=["process_pool", "mpi"],
)
def test_a_pool_works_off_a_run_and_goes_on_with_one(
    run_example: Running, tmp_path: Path, name: str, by: Words
) -> None:
    begun, finished = run_example(name, by=by)
    assert finished == FINISHED
    assert len(estimates(tmp_path / "results")) == 20
    assert sum(estimates(tmp_path / "results")) / 20 == pytest.approx(3.14, abs=0.02)
    uuid = begun.removeprefix("run ")
    assert re.fullmatch("[0-9a-f]{32}", uuid)
    assert run_example(name, uuid, by=by) == [begun, finished]


def test_a_sweep_makes_a_table_and_computes_nothing_twice(
    run_example: Running, tmp_path: Path
) -> None:
    assert run_example("sweep.py")[-1] == "300 walks are in sweep.csv"
    table = (tmp_path / "sweep.csv").read_text().splitlines()
    assert table[0] == "drift,width,repeat,end,farthest"
    assert len(table) == 301
    files = sorted((tmp_path / "sweep").glob("*.results1"))
    run_example("sweep.py")
    assert (tmp_path / "sweep.csv").read_text().splitlines() == table
    assert sorted((tmp_path / "sweep").glob("*.results1")) == files


def test_the_files_of_a_folder_are_counted_and_those_that_are_no_text_are_named(
    run_example: Running, tmp_path: Path
) -> None:
    (folder := tmp_path / "texts").mkdir()
    for number in range(30):
        (folder / f"{number:02}.txt").write_text("one two\nthree\n" * number)
    (folder / "30.txt").write_bytes(b"\xff\xfe\xff")
    counted, failed = run_example("folder_of_files.py", "texts")
    assert counted == "30 of 31 files are counted in counts.csv"
    assert failed.startswith("texts/30.txt: 'utf-8' codec can't decode")
    table = (tmp_path / "counts.csv").read_text().splitlines()
    assert table[0] == "item,lines,words,longest,error"
    assert table[1:3] == ["texts/00.txt,0,0,0,", "texts/01.txt,2,3,7,"]
    assert len(table) == 32


def test_a_monte_carlo_draws_the_same_numbers_again_and_others_with_another_seed(
    run_example: Running, tmp_path: Path
) -> None:
    (said,) = run_example("monte_carlo.py")
    assert re.fullmatch(r"pi is 3\.1[34]\d{3}, give or take 0\.00\d{3}", said)
    (tmp_path / "pi-0").rename(tmp_path / "first")
    assert run_example("monte_carlo.py") == [said]
    assert run_example("monte_carlo.py", "7") != [said]


def test_threads_give_the_checksum_of_each_file(run_example: Running, tmp_path: Path) -> None:
    (folder := tmp_path / "files" / "deep").mkdir(parents=True)
    for number in range(12):
        (folder / f"{number:02}").write_text(f"content {number}")
    assert run_example("thread_pool.py", "files") == [
        f"{hashlib.sha256(f'content {number}'.encode()).hexdigest()} files/deep/{number:02}"
        for number in range(12)
    ]


@pytest.mark.parametrize("there", [False, True], ids=["of_its_own", "that_is_there"])
def test_a_dask_cluster_works_off_a_run(run_example: Running, tmp_path: Path, there: bool) -> None:
    if there:
        with dask(2, 1) as cluster:
            said = run_example("dask_cluster.py", cluster.address)
    else:
        said = run_example("dask_cluster.py")
    assert said[-1] == "20 of 20 tasks are done"
    assert len(estimates(tmp_path / "results")) == 20
    assert sum(estimates(tmp_path / "results")) / 20 == pytest.approx(3.14, abs=0.02)


def test_the_code_that_the_page_about_executors_shows_is_that_of_the_examples() -> None:
    page = (EXAMPLES.parent / "docs" / "how-to" / "use-executors.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    examples = [file.read_text(encoding="utf-8") for file in EXAMPLES.glob("*.py")]
    assert len(shown) == 2
    assert [code for code in shown if not any(code in example for example in examples)] == []


def test_the_code_that_the_page_about_many_small_items_ends_with_is_that_of_an_example() -> None:
    page = (EXAMPLES.parent / "docs/how-to/many-small-items.md").read_text(encoding="utf-8")
    *_, last = re.findall(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    assert last in (EXAMPLES / "monte_carlo.py").read_text(encoding="utf-8")
