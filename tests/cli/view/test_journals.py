"""The journals that the page reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from taskfarm_cli.view import journals as module
from taskfarm_cli.view.facts import MOST_FAILURES, MOST_MESSAGE, Picture
from taskfarm_cli.view.journals import Journals, rates_of

RUN = "a" * 32


def line(task: object, outcome: object = "completed", second: int = 0, **more: object) -> bytes:
    facts = {
        "run": RUN,
        "task": task,
        "attempt": 1,
        "outcome": outcome,
        "message": None,
        "end": f"2026-01-31T12:00:{second:02}.5+00:00",
    }
    return json.dumps({**facts, **more}).encode() + b"\n"


def picture_of(folder: Path, num_tasks: int = 10) -> Picture:
    journals = Journals(folder)
    journals.look()
    found = journals.of(RUN)
    assert found is not None
    return found.picture(num_tasks)


def states(picture: Picture) -> dict[str, list[int]]:
    return {
        state: [cell.first for cell in picture.cells if getattr(cell, state)]
        for state in ("done", "failed", "waiting", "unknown")
    }


def test_each_task_has_the_state_of_its_latest_outcome_in_any_file(tmp_path: Path) -> None:
    (tmp_path / "b-1.jsonl").write_bytes(line(0) + line(1, "failed", 1) + line(2, "failed", 1))
    (tmp_path / "a-1.jsonl").write_bytes(
        line(1, "failed for good", 5) + line(2, second=3) + line(3, "failed", 2)
    )
    assert states(picture_of(tmp_path, 5)) == {
        "done": [0, 2],
        "failed": [1],
        "waiting": [3],
        "unknown": [4],
    }


def test_a_later_file_with_an_earlier_outcome_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(line(0, second=9))
    (tmp_path / "b-1.jsonl").write_bytes(line(0, "failed", 1, message="early"))
    picture = picture_of(tmp_path)
    assert states(picture)["done"] == [0]
    assert picture.failures == ()


def test_a_released_or_lost_attempt_tells_nothing_of_the_task(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(line(0, "released") + line(1, "taken over") + line(2))
    assert states(picture_of(tmp_path, 3)) == {
        "done": [2],
        "failed": [],
        "waiting": [],
        "unknown": [0, 1],
    }


def test_the_message_of_a_failed_task_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(
        line(7, "failed for good", message="a\nb\u202e", attempt=3)
    )
    (failure,) = picture_of(tmp_path).failures
    assert (failure.number, failure.attempts, failure.is_final) == (7, 3, True)
    assert failure.message == "a b\\u202e"


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(line(0, "failed", message="x" * 1_000_000))
    (failure,) = picture_of(tmp_path).failures
    assert failure.message == "x" * (MOST_MESSAGE - 1) + "…"


def test_of_many_failures_all_are_counted_and_the_first_are_kept(tmp_path: Path) -> None:
    count = 10 * MOST_FAILURES
    lines = (line(number, "failed for good", message=str(number)) for number in range(count))
    (tmp_path / "a-1.jsonl").write_bytes(b"".join(lines))
    picture = picture_of(tmp_path, count)
    assert picture.num_failed == count
    assert [failure.number for failure in picture.failures] == list(range(MOST_FAILURES))


@pytest.mark.parametrize(
    "bad",
    [
        *(b"not json\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b"\n", b"null\n"),
        *(line(-1), line(10**12), line("1"), line(True), line(None), line(1.5)),
        *(line(0, "odd"), line(0, run=5), line(0, ["completed"])),
    ],
)
def test_a_line_that_no_worker_writes_is_left_out(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(bad + line(4))
    assert states(picture_of(tmp_path))["done"] == [4]


def test_a_line_with_an_odd_time_counts_where_there_is_no_other(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(line(0, end="soon") + line(1, end=None))
    assert states(picture_of(tmp_path))["done"] == [0, 1]


def test_half_a_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a-1.jsonl"
    whole = line(0) + line(1)
    file.write_bytes(whole[:-9])
    journals = Journals(tmp_path)
    journals.look()
    found = journals.of(RUN)
    assert found is not None
    assert states(found.picture(2))["done"] == [0]
    with file.open("ab") as appended:
        appended.write(whole[-9:])
    journals.look()
    assert states(found.picture(2))["done"] == [0, 1]


def test_a_large_folder_is_read_in_parts_and_no_line_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    for name in "ab":
        (tmp_path / f"{name}-1.jsonl").write_bytes(b"".join(line(n) for n in range(50)))
    journals = Journals(tmp_path)
    looks = 0
    while not journals.is_complete:
        journals.look()
        looks += 1
    found = journals.of(RUN)
    assert found is not None
    assert looks > 5
    assert sum(found.completions.amounts(found.completions.begin_s, 2e9, 1e9)) == 100


def test_a_line_longer_than_a_part_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    (tmp_path / "a-1.jsonl").write_bytes(b"x" * 5000 + b"\n" + line(3))
    journals = Journals(tmp_path)
    for _ in range(10):
        journals.look()
    found = journals.of(RUN)
    assert found is not None
    assert states(found.picture(5))["done"] == [3]


def test_pipes_folders_and_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a-1.jsonl")
    (tmp_path / "b-1.jsonl").mkdir()
    (tmp_path / "c.txt").write_bytes(line(1))
    (tmp_path / "d-1.jsonl").symlink_to(tmp_path / "gone")
    (tmp_path / "e-1.jsonl").write_bytes(line(2))
    assert states(picture_of(tmp_path))["done"] == [2]


def test_a_folder_that_was_removed_is_no_error(tmp_path: Path) -> None:
    journals = Journals(tmp_path / "gone")
    journals.look()
    assert journals.of(RUN) is None


def test_another_run_has_no_journal_here(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(line(0))
    journals = Journals(tmp_path)
    journals.look()
    assert journals.of("b" * 32) is None


def test_rates_over_time_add_up_to_what_was_completed(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(b"".join(line(n, second=n) for n in range(40)))
    journals = Journals(tmp_path)
    journals.look()
    found = journals.of(RUN)
    assert found is not None
    points = list(rates_of(found.completions))
    width_s = points[1][0] - points[0][0]
    assert sum(rate * width_s for _, rate in points) == pytest.approx(40)


def test_a_line_that_is_nested_too_deeply_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(line(0) + b"[" * 200_000 + b"\n" + line(1))
    assert states(picture_of(tmp_path, 2))["done"] == [0, 1]


@pytest.mark.parametrize("run", ["", "x", "A" * 32, "a" * 33, None, ["a" * 32]])
def test_a_line_of_what_is_no_run_is_passed_over(tmp_path: Path, run: object) -> None:
    (tmp_path / "a-1.jsonl").write_bytes(line(0) + line(9_999_999, run=run))
    journals = Journals(tmp_path)
    journals.look()
    assert list(journals._runs) == [RUN]


def test_the_number_of_runs_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    lines = [line(0, run=f"{number:032x}") for number in range(4)]
    (tmp_path / "a-1.jsonl").write_bytes(b"".join([*lines, line(1, run=f"{1:032x}")]))
    journals = Journals(tmp_path)
    journals.look()
    assert list(journals._runs) == [f"{0:032x}", f"{1:032x}"]
    first, second = journals.of(f"{0:032x}"), journals.of(f"{1:032x}")
    assert first is not None
    assert second is not None
    assert states(second.picture(2))["done"] == [0, 1]
