"""`Farm.map` on the real server: results, failing items, what is gone on with, and executors."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from taskfarm_sdk import (
    ConfigurationError,
    Farm,
    Item,
    Items,
    ItemsFailed,
    ServerError,
    TooManyFailures,
    _name_claims,
    _run_notes,
    join,
)
from taskfarm_sdk._failures import MOST
from taskfarm_sdk._flows import runs
from taskfarm_sdk._items.seeds import item_seed
from tests.support.executors import executor
from tests.support.maps import HASTY, calls_in, named_as, noting

pytestmark = pytest.mark.live


def double(value: int) -> int:
    return 2 * value


def negated(value: int) -> int:
    return -value


def fail_at(*bad: int) -> Callable[[int], int]:
    """Return a function that doubles values, and raises for some of them."""

    def compute(value: int) -> int:
        if value in bad:
            raise ValueError(f"no {value}")
        return 2 * value

    return compute


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_the_results_are_in_the_order_of_the_items(farm: Farm, folder: Path, chunk: int) -> None:
    found = farm.map(double, range(50), folder=folder, chunk=chunk, workers=2, **HASTY)
    assert list(found.values()) == [2 * value for value in range(50)]
    assert (len(found), list(found.failed), list(found.missing)) == (50, [], [])
    assert found[49].item == 49


@pytest.mark.parametrize("kind", ["thread", "spawn", "fork"])
def test_executors_compute_items_too(farm: Farm, folder: Path, kind: str) -> None:
    with executor(kind) as pool:
        found = farm.map(double, range(30), folder=folder, chunk=4, executor=pool, **HASTY)
    assert list(found.values()) == [2 * value for value in range(30)]


def test_the_number_of_items_in_a_chunk_is_found_by_a_trial_whose_results_are_kept(
    farm: Farm, folder: Path, calls: Path
) -> None:
    found = farm.map(noting(calls, double), range(400), folder=folder, workers=2, **HASTY)
    assert list(found.values()) == [2 * value for value in range(400)]
    assert set(calls_in(calls).values()) == {1}
    (run,) = farm.runs()
    assert run.num_tasks == 16  # 8 for each of two workers


def test_what_an_abandoned_trial_left_is_no_result_of_the_work_that_follows(
    farm: Farm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise ServerError("not now", status=503)

    with monkeypatch.context() as away:
        away.setattr(runs, "create", refuse)
        with pytest.raises(ServerError):
            farm.map(negated, range(40), folder=folder, workers=1, **HASTY)
    found = farm.map(double, range(40), folder=folder, chunk=10, workers=1, **HASTY)
    assert list(found.values()) == [2 * value for value in range(40)]
    assert [path.name for path in folder.glob("*.set-aside")]


def test_going_on_computes_nothing_again(farm: Farm, folder: Path, calls: Path) -> None:
    compute = noting(calls, double)
    farm.map(compute, range(20), folder=folder, chunk=3, workers=2, **HASTY)
    again = farm.map(compute, range(20), folder=folder, chunk=3, workers=2, **HASTY)
    assert list(again.values()) == [2 * value for value in range(20)]
    assert set(calls_in(calls).values()) == {1}


def test_a_failing_item_stops_no_other_and_is_named(farm: Farm, folder: Path, calls: Path) -> None:
    compute = noting(calls, fail_at(3, 17))
    with pytest.raises(ItemsFailed) as raised:
        farm.map(compute, range(20), folder=folder, chunk=5, workers=1, **HASTY)
    error = raised.value
    assert (error.items, error.missing, error.tasks) == ((3, 17), (), (0, 3))
    assert "2 items failed: 3, 17 (in 2 of 4 tasks)" in str(error)
    assert "no 3" in str(error)
    assert isinstance(error.__cause__, ValueError)
    (note,) = error.__cause__.__notes__
    assert re.match(r"It was raised for item 3:\nTraceback .*\n  File \".*maps.py\"", note)
    assert [(failure.item, failure.task) for failure in error.failures] == [(3, 0), (17, 3)]
    made = calls_in(calls)
    assert {made.pop(3), made.pop(17)} == {3}
    assert set(made.values()) == {1}


@pytest.mark.parametrize("kind", ["", "thread"])
def test_the_journal_names_the_items_that_failed(
    farm: Farm, folder: Path, tmp_path: Path, kind: str
) -> None:
    journal = tmp_path / "journal"
    with executor(kind) as where, pytest.raises(ItemsFailed):
        farm.map(
            fail_at(3, 2, 17),
            range(20),
            folder=folder,
            chunk=5,
            executor=where,
            journal=journal,
            max_attempts=1,
            **HASTY,
        )
    texts = [line for file in journal.iterdir() for line in file.read_text().splitlines()]
    named = sorted((line["task"], line["failed_items"]) for line in map(json.loads, texts))
    assert named == [(0, [2, 3]), (1, []), (2, []), (3, [17])]


def test_working_again_computes_exactly_the_items_without_a_value(
    farm: Farm, folder: Path, calls: Path
) -> None:
    with pytest.raises(ItemsFailed):
        farm.map(fail_at(3, 17), range(20), folder=folder, chunk=5, workers=1, **HASTY)
    mended = named_as(fail_at(), noting(calls, double))
    found = farm.map(mended, range(20), folder=folder, chunk=5, workers=1, **HASTY)
    assert list(found.values()) == [2 * value for value in range(20)]
    assert calls_in(calls) == Counter({3: 1, 17: 1})


def test_what_a_run_is_for_is_noted_until_it_is_finished(farm: Farm, folder: Path) -> None:
    farm.prepare(double, range(20), folder=folder, chunk=7)
    (run,) = farm.runs()
    note = _run_notes.find(run.uuid)
    assert note is not None
    assert (note.items, note.chunk, note.num_tasks) == (20, 7, 3)
    assert (note.function, note.command, note.url) == (f"{__name__}.double", None, farm.url)
    assert (note.results, note.finished) == (str(folder), False)
    join(folder, farm=farm, workers=1, **HASTY)
    noted = _run_notes.find(run.uuid)
    assert noted is not None
    assert noted.finished


def test_a_run_gets_the_name_that_it_is_given_and_no_other_run_does(
    farm: Farm, folder: Path, tmp_path: Path
) -> None:
    run = farm.prepare(double, range(6), folder=folder, chunk=3, name="sweep")
    assert [note.run for note in _run_notes.named("sweep")] == [run.uuid]
    # Going on creates no run, so the name is not taken.
    farm.map(double, range(6), folder=folder, chunk=3, workers=1, name="sweep", **HASTY)
    with pytest.raises(ConfigurationError, match=f"'sweep' is that of run {run.uuid}"):
        farm.prepare(double, range(6), folder=tmp_path / "other", name="sweep")
    assert [other.uuid for other in farm.runs()] == [run.uuid]
    run.delete()
    second = farm.prepare(double, range(6), folder=tmp_path / "other", name="sweep")
    assert [note.run for note in _run_notes.named("sweep")] == [second.uuid]


def test_a_name_that_another_process_is_giving_is_refused_and_creates_nothing(
    farm: Farm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_name_claims, "WAIT_S", 0.0)
    with (
        _name_claims.claimed("sweep", farm.url),
        pytest.raises(ConfigurationError, match="creates a run with the name 'sweep'"),
    ):
        farm.prepare(double, range(6), folder=folder, name="sweep")
    assert farm.runs() == []
    run = farm.prepare(double, range(6), folder=folder, name="sweep")
    assert [note.run for note in _run_notes.named("sweep")] == [run.uuid]


def test_what_cannot_be_a_name_is_refused_before_a_folder_is_made(farm: Farm, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the name of a run"):
        farm.prepare(double, range(6), folder=folder, name="a b")
    assert not folder.exists()


def test_a_run_with_failed_items_is_not_noted_as_finished(farm: Farm, folder: Path) -> None:
    farm.map(fail_at(3), range(6), folder=folder, chunk=3, workers=1, check=False, **HASTY)
    (note,) = _run_notes.all_notes()
    assert not note.finished


def test_where_no_note_can_be_written_the_items_are_computed(
    farm: Farm, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    found = farm.map(double, range(6), folder=folder, chunk=3, workers=1, **HASTY)
    assert list(found.values()) == [0, 2, 4, 6, 8, 10]


def test_without_check_failed_items_are_left_to_the_results(farm: Farm, folder: Path) -> None:
    found = farm.map(fail_at(3), range(6), folder=folder, chunk=3, workers=1, check=False, **HASTY)
    assert list(found.failed) == [3]
    assert [result.value for result in found] == [0, 2, 4, None, 8, 10]
    with pytest.raises(ValueError, match="no 3"):
        list(found.values())


def test_an_item_that_ends_its_child_costs_only_itself(
    farm: Farm, folder: Path, calls: Path
) -> None:
    def compute(value: int) -> int:
        if value in {2, 3, 11}:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * value

    with pytest.raises(ItemsFailed) as raised:
        farm.map(noting(calls, compute), range(20), folder=folder, chunk=20, workers=1, **HASTY)
    assert raised.value.items == (2, 3, 11)
    assert "killed" in raised.value.failures[0].text
    # What was computed in the last tenth of a second before a kill may be computed again.
    repeated = {number for number, made in calls_in(calls).items() if made > 1}
    assert {2, 3, 11} <= repeated <= {0, 1, 2, 3, 11}


def test_a_chunk_of_nothing_but_failures_is_not_tried_to_its_end(
    farm: Farm, folder: Path, calls: Path
) -> None:
    with pytest.raises(ItemsFailed) as raised:
        farm.map(
            noting(calls, fail_at(*range(100))),
            range(100),
            folder=folder,
            chunk=100,
            workers=1,
            halt_after=4,
            max_attempts=2,
            **HASTY,
        )
    # The second attempt begins with items that were never tried.
    assert len(raised.value.items) == 8
    assert len(raised.value.missing) == 92


def test_too_many_chunks_of_nothing_but_failures_end_the_work(farm: Farm, folder: Path) -> None:
    with pytest.raises(TooManyFailures):
        farm.map(
            fail_at(*range(100)),
            range(100),
            folder=folder,
            chunk=2,
            workers=1,
            halt_after=3,
            **HASTY,
        )


def test_a_bad_item_in_each_chunk_does_not_end_the_work(farm: Farm, folder: Path) -> None:
    bad = range(0, 100, 5)
    found = farm.map(
        fail_at(*bad),
        range(100),
        folder=folder,
        chunk=5,
        workers=1,
        halt_after=3,
        check=False,
        **HASTY,
    )
    assert list(found.failed) == list(bad)
    assert list(found.missing) == []


def test_of_many_failing_items_each_is_tried_as_often_as_asked(
    farm: Farm, folder: Path, calls: Path
) -> None:
    # More than the failures that a farm keeps.
    many = range(MOST + 20)
    found = farm.map(
        noting(calls, fail_at(*many)),
        many,
        folder=folder,
        chunk=1,
        workers=2,
        halt_after=len(many) + 1,
        max_attempts=1,
        check=False,
        **HASTY,
    )
    assert list(found.failed) == list(many)
    assert set(calls_in(calls).values()) == {1}


def test_a_function_with_an_item_gets_its_number_and_a_seed_that_stays(
    farm: Farm, folder: Path, tmp_path: Path
) -> None:
    def draw(item: Item[str]) -> tuple[int, str, float]:
        return item.number, item.value, random.Random(item.seed).random()

    names = ["a", "b", "c"]
    first = list(
        farm.map(
            draw, names, folder=folder, chunk=2, pass_item=True, seed=7, workers=1, **HASTY
        ).values()
    )
    other = farm.map(
        draw, names, folder=tmp_path / "other", pass_item=True, seed=7, workers=1, **HASTY
    )
    assert list(other.values()) == first
    assert [(number, name) for number, name, _ in first] == [(0, "a"), (1, "b"), (2, "c")]
    assert len({drawn for _, _, drawn in first}) == 3


def test_a_seed_of_the_run_is_the_same_in_the_trial_and_in_the_run(
    farm: Farm, folder: Path
) -> None:
    found = farm.map(
        lambda item: item.seed, range(5), folder=folder, pass_item=True, workers=1, **HASTY
    )
    (run,) = farm.runs()
    assert list(found.values()) == [item_seed(run.uuid, number) for number in range(5)]


def test_a_grid_gives_its_columns_to_the_table(farm: Farm, folder: Path, tmp_path: Path) -> None:
    grid = Items.grid(a=[1, 2], b=["x", "y"])
    found = farm.map(lambda at: at["a"] * 10, grid, folder=folder, chunk=3, workers=1, **HASTY)
    found.to_csv(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines == ["a,b,value", "1,x,10", "1,y,10", "2,x,20", "2,y,20"]


def test_a_task_that_the_server_calls_done_is_computed_if_its_results_are_gone(
    farm: Farm, folder: Path
) -> None:
    farm.map(double, range(10), folder=folder, chunk=2, workers=1, **HASTY)
    for file in folder.glob("*.results1"):
        file.unlink()
    found = farm.map(double, range(10), folder=folder, chunk=2, workers=1, **HASTY)
    assert list(found.values()) == [2 * value for value in range(10)]


def test_a_full_disk_fails_with_its_folder_named_and_loses_nothing(
    farm: Farm, folder: Path
) -> None:
    def compute(value: int) -> int:
        if value == 10:
            # No file of this process may grow any more.
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
        return 2 * value

    with pytest.raises(ItemsFailed) as raised:
        farm.map(compute, range(20), folder=folder, chunk=5, workers=1, **HASTY)
    assert (raised.value.items, raised.value.missing) == ((), tuple(range(10, 20)))
    assert f"results cannot be written to '{folder}'" in str(raised.value)
    compute_freely = named_as(compute, double)
    found = farm.map(compute_freely, range(20), folder=folder, chunk=5, workers=1, **HASTY)
    assert list(found.values()) == [2 * value for value in range(20)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"chunk": 0}, "chunk"),
        ({"chunk": 10_000}, "9,999"),
        ({"chunk": "some"}, "auto"),
        ({"seed": 1.5}, "seed"),
        ({"workers": 0}, "workers"),
        ({"linger_s": -1}, "linger_s"),
        ({"halt_after": 0}, "halt_after"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_made(
    farm: Farm, folder: Path, wrong: dict[str, object], said: str
) -> None:
    before = farm.runs()
    with pytest.raises(ConfigurationError, match=said):
        farm.map(double, range(20_000), folder=folder, **wrong)  # type: ignore[arg-type]
    assert not folder.exists()
    assert farm.runs() == before


def test_an_async_function_is_refused_in_the_words_of_map(farm: Farm, folder: Path) -> None:
    async def compute(value: int) -> int:
        return value

    with pytest.raises(ConfigurationError, match=r"each item would count as done: give map\(\)"):
        farm.map(compute, range(5), folder=folder)
