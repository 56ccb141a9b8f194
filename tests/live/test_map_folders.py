"""Folders of `farm.map`: prepared, joined, shared by programs, and refused for other work."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from taskfarm_sdk import (
    ConfigurationError,
    Farm,
    RunNotFound,
    TaskfarmError,
    join,
    results,
)
from taskfarm_sdk._results.folder import Folder
from tests.support.maps import HASTY, calls_in, noting

pytestmark = pytest.mark.live


def double(value: int) -> int:
    return 2 * value


def test_two_programs_that_map_on_a_folder_at_once_share_one_run(
    farm: Farm, folder: Path, calls: Path
) -> None:
    compute = noting(calls, double)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            farm.map(compute, range(40), folder=folder, chunk=2, workers=1, **HASTY)
        except BaseException as error:  # noqa: BLE001 - raised by the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(farm.runs()) == 1
    assert list(results(folder).values()) == [2 * value for value in range(40)]


def test_what_was_prepared_is_joined_with_the_function_in_the_folder(
    farm: Farm, folder: Path
) -> None:
    run = farm.prepare(double, range(10), folder=folder, chunk=4)
    assert (run.num_tasks, run.status().waiting) == (3, 3)
    assert list(results(folder).missing) == list(range(10))
    found = join(folder, farm=farm, workers=1, **HASTY)
    assert list(found.values()) == [2 * value for value in range(10)]
    assert run.status().finished


def test_an_order_that_may_not_be_on_the_disk_names_no_run_that_is_gone(
    farm: Farm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = Folder.sync

    def fail_once_the_order_is_there(self: Folder) -> None:
        sync(self)
        if self.exists("order.json"):
            raise TaskfarmError("the disk is ill")

    before = len(list(farm.runs()))
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "sync", fail_once_the_order_is_there)
        with pytest.raises(TaskfarmError, match="the disk is ill"):
            farm.prepare(double, range(4), folder=folder, chunk=2)
    assert len(list(farm.runs())) == before
    assert list(farm.map(double, range(4), folder=folder, chunk=2).values()) == [0, 2, 4, 6]


def test_another_function_or_other_items_are_refused(farm: Farm, folder: Path) -> None:
    farm.map(double, range(10), folder=folder, chunk=2, workers=1, **HASTY)
    before = farm.runs()
    for other in (
        lambda: farm.map(str, range(10), folder=folder),
        lambda: farm.map(double, range(11), folder=folder),
        lambda: farm.map(double, range(1, 11), folder=folder),
        lambda: farm.map(double, range(10), folder=folder, chunk=5),
        lambda: farm.map(double, range(10), folder=folder, seed=7),
    ):
        with pytest.raises(ConfigurationError, match="holds the results of other work"):
            other()
    assert farm.runs() == before


def test_a_folder_that_others_can_write_to_is_worked_on_by_nobody(
    farm: Farm, folder: Path, calls: Path
) -> None:
    farm.prepare(noting(calls, double), range(10), folder=folder, chunk=2)
    folder.chmod(0o777)
    for work in (
        lambda: farm.map(noting(calls, double), range(10), folder=folder, chunk=2),
        lambda: join(folder, farm=farm),
        lambda: results(folder),
    ):
        with pytest.raises(ConfigurationError, match=f"chmod 700 .*{folder.name}"):
            work()
    assert not calls_in(calls)


def test_a_function_that_another_python_pickled_is_not_loaded_and_map_brings_its_own(
    farm: Farm, folder: Path
) -> None:
    farm.prepare(double, range(10), folder=folder, chunk=2)
    order = folder / "order.json"
    order.write_text(json.dumps({**json.loads(order.read_text()), "python": "3.9"}))
    with pytest.raises(ConfigurationError, match=r"pickled by Python 3.9, and another version"):
        join(folder, farm=farm, workers=1, **HASTY)
    found = farm.map(double, range(10), folder=folder, chunk=2, workers=1, **HASTY)
    assert list(found.values()) == [2 * value for value in range(10)]


def test_a_deleted_run_is_an_error_that_says_what_is_saved(farm: Farm, folder: Path) -> None:
    farm.map(double, range(10), folder=folder, chunk=2, workers=1, **HASTY)
    (run,) = farm.runs()
    run.delete()
    with pytest.raises(RunNotFound, match="10 of 10 items have results there"):
        farm.map(double, range(10), folder=folder, chunk=2, workers=1, **HASTY)
