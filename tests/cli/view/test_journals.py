"""The journals that the page follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.view import journals as module
from taskfarm_cli.view.facts import MOST_FAILURES, MOST_MESSAGE, Picture
from taskfarm_cli.view.journals import Journals
from tests.support.journals import RUN, facts, failure, write


def picture_of(folder: Path, num_tasks: int = 10) -> Picture:
    journals = Journals(folder)
    journals.look()
    found = journals.of(RUN)
    assert found is not None
    return found.picture(num_tasks)


def states(picture: Picture) -> dict[str, list[int]]:
    return {
        state: [cell.first for cell in picture.cells if getattr(cell, state)]
        for state in ("done", "failed", "unknown")
    }


def test_each_task_has_the_state_of_its_latest_outcome_in_any_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", facts(0), failure(1, "no"), failure(2, "no"), name="b-1.jsonl")
    later = (failure(1, "no", begins_s=60, final=True), facts(2, begins_s=60), failure(3, "no"))
    write(folder, *later, name="a-1.jsonl")
    # Task 3 is tried again: it may wait or be computed.
    assert states(picture_of(folder, 5)) == {"done": [0, 2], "failed": [1], "unknown": [3, 4]}


def test_a_later_file_with_an_earlier_outcome_changes_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", facts(0, begins_s=60), name="a-1.jsonl")
    write(folder, failure(0, "early"), name="b-1.jsonl")
    picture = picture_of(folder)
    assert states(picture)["done"] == [0]
    assert picture.failures == ()


def test_a_lost_attempt_tells_nothing_and_a_released_one_that_the_task_is_open(
    tmp_path: Path,
) -> None:
    lines = (facts(0), facts(0, begins_s=60, outcome="taken over"))
    reset = (facts(1), facts(1, begins_s=60, outcome="released"))
    assert states(picture_of(write(tmp_path / "j", *lines, *reset), 2)) == {
        "done": [0],
        "failed": [],
        "unknown": [1],
    }


def test_the_message_of_a_failed_task_is_kept_as_one_line(tmp_path: Path) -> None:
    line = failure(7, "a\nb\u202e" + "x" * 1000, final=True, attempt=3)
    (found,) = picture_of(write(tmp_path / "j", line)).failures
    assert (found.number, found.attempts, found.is_final) == (7, 3, True)
    assert found.message is not None
    assert found.message.startswith("a b\\u202exxx")
    assert len(found.message) == MOST_MESSAGE


def test_a_failed_task_that_was_released_since_is_tried_again(tmp_path: Path) -> None:
    lines = (failure(0, "no", final=True), facts(0, begins_s=60, outcome="released"))
    picture = picture_of(write(tmp_path / "j", *lines))
    assert [(one.message, one.is_final) for one in picture.failures] == [("no", False)]
    assert picture.num_failed == 0


def test_of_many_failures_all_are_counted_and_the_first_are_kept(tmp_path: Path) -> None:
    count = 10 * MOST_FAILURES
    lines = (failure(number, str(number), final=True) for number in range(count))
    picture = picture_of(write(tmp_path / "j", *lines), count)
    assert picture.num_failed == count
    assert [one.number for one in picture.failures] == list(range(MOST_FAILURES))


def test_each_look_reads_a_part_of_a_large_folder_and_no_line_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2000)
    folder = write(tmp_path / "j", *(facts(n, begins_s=n) for n in range(50)))
    journals, looks = Journals(folder), 0
    while not journals.is_complete:
        journals.look()
        looks += 1
    journals.look()
    found = journals.of(RUN)
    assert found is not None
    assert looks > 5
    points = found.throughput()
    width_s = points[1][0] - points[0][0]
    assert sum(rate * width_s for _, rate in points) == pytest.approx(50)


def test_a_folder_that_was_removed_is_no_error(tmp_path: Path) -> None:
    journals = Journals(tmp_path / "gone")
    journals.look()
    assert journals.of(RUN) is None


def test_runs_are_told_apart(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", facts(0), facts(1, run="b" * 32))
    journals = Journals(folder)
    journals.look()
    other = journals.of("b" * 32)
    assert other is not None
    assert states(other.picture(2)) == {"done": [1], "failed": [], "unknown": [0]}
    assert journals.of("c" * 32) is None


@pytest.mark.parametrize("run", ["", "x", "A" * 32, "a" * 33])
def test_a_line_of_what_is_no_run_is_passed_over(tmp_path: Path, run: str) -> None:
    journals = Journals(write(tmp_path / "j", facts(0), facts(9_999_999, run=run)))
    journals.look()
    assert list(journals._runs) == [RUN]


def test_the_number_of_runs_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    lines = [facts(0, run=f"{number:032x}") for number in range(4)]
    journals = Journals(write(tmp_path / "j", *lines, facts(1, run=f"{1:032x}")))
    journals.look()
    assert list(journals._runs) == [f"{0:032x}", f"{1:032x}"]
    second = journals.of(f"{1:032x}")
    assert second is not None
    assert states(second.picture(2))["done"] == [0, 1]


def test_the_number_of_all_tasks_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TASKS_TOGETHER", 100)
    other = "b" * 32
    lines = [facts(59), facts(60, run=other), facts(39, run=other), facts(60), facts(3)]
    journals = Journals(write(tmp_path / "j", *lines))
    journals.look()
    found = {run: journals.of(run) for run in (RUN, other)}
    kept = {run: one and one.num_tasks for run, one in found.items()}
    assert kept == {RUN: 60, other: 40}
    assert states(picture_of(tmp_path / "j", 60))["done"] == [3, 59]


def test_a_hundred_thousand_tasks_make_a_picture_of_a_thousand_cells(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", failure(0, "no", final=True), facts(99_999))
    picture = picture_of(folder, 100_000)
    assert len(picture.cells) == 1000
    assert sum(cell.num_tasks for cell in picture.cells) == 100_000
    assert "outcomes of 2 of 100000 tasks" in picture.remark
