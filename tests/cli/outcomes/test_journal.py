"""Reading journals: each attempt, nothing that damage left there, and on from where it ended."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from taskfarm_cli.outcomes import journal
from taskfarm_cli.outcomes.attempt import (
    MOST_HOST,
    MOST_ITEMS,
    MOST_MESSAGE,
    MOST_WORKER,
    Attempt,
)
from taskfarm_cli.outcomes.journal import JournalReader
from tests.support.journals import RUN, START_S, facts, failure, iso, write


def read(folder: Path, num_tasks: int = 10) -> tuple[list[Attempt], JournalReader]:
    reader = JournalReader(folder, RUN, num_tasks)
    return list(reader.attempts()), reader


def test_an_attempt_has_what_its_line_tells(tmp_path: Path) -> None:
    line = facts(
        3,
        outcome="failed for good",
        exit_status=7,
        message="no",
        slurm_job=12,
        slurm_array_job=10,
        slurm_array_task=2,
        failed_items=[30, 31],
    )
    ((found,), reader) = read(write(tmp_path / "j", line))
    assert found == Attempt(
        run=RUN,
        task=3,
        number=1,
        worker="a" * 32,
        host="node1",
        pid=100,
        slurm="10_2",
        begin_s=START_S,
        end_s=START_S + 1,
        outcome="failed for good",
        exit_status=7,
        message="no",
        failed_items=(30, 31),
        is_shifted=False,
    )
    assert (reader.read, reader.damaged, reader.of_other_runs) == (1, 0, 0)


def test_all_files_of_the_folder_are_read_and_no_others(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", facts(0))
    write(folder, facts(1), name="node2-7.jsonl")
    write(folder, facts(2), name="node2-7.jsonl.bak")
    (folder / "sub.jsonl").mkdir()
    found, _ = read(folder)
    assert [one.task for one in found] == [0, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
def test_a_pipe_with_a_journals_name_is_not_waited_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", facts(0))
    os.mkfifo(folder / "node3-1.jsonl")
    assert len(read(folder)[0]) == 1


def test_lines_of_other_runs_are_left_out_and_counted(tmp_path: Path) -> None:
    found, reader = read(write(tmp_path / "j", facts(0, run="b" * 32), facts(1)))
    assert [one.task for one in found] == [1]
    assert (reader.of_other_runs, reader.damaged) == (1, 0)


DAMAGED: dict[str, object] = {
    "task": -1,
    "attempt": "1",
    "pid": None,
    "worker": 7,
    "run": None,
    "host": [],
    "outcome": "exploded",
    "start": "yesterday",
    "end": "2026-01-31T12:00:00",
    "server_end": 5,
}
NO_COUNT = int("9" * 3000)


@pytest.mark.parametrize("name", ["task", "attempt", "pid"])
def test_a_number_of_thousands_of_digits_is_damaged(tmp_path: Path, name: str) -> None:
    assert read(write(tmp_path / "j", {**facts(0), name: NO_COUNT}))[1].damaged == 1


def test_a_line_that_is_full_of_text_makes_no_large_attempt(tmp_path: Path) -> None:
    long = "x" * 200_000
    line = failure(0, long, worker=long, host=long, failed_items=list(range(30_000)))
    numbers = {"exit_status": NO_COUNT, "slurm_job": NO_COUNT, "slurm_array_job": NO_COUNT}
    ((found,), _) = read(write(tmp_path / "j", {**line, **numbers}))
    assert (len(found.host), len(found.worker), len(found.message), len(found.failed_items)) == (
        MOST_HOST,
        MOST_WORKER,
        MOST_MESSAGE,
        MOST_ITEMS,
    )
    assert (found.exit_status, found.slurm) == (None, "")


@pytest.mark.parametrize("name", DAMAGED)
def test_a_line_with_an_impossible_value_is_damaged(tmp_path: Path, name: str) -> None:
    line: dict[str, Any] = {**facts(0), name: DAMAGED[name]}
    found, reader = read(write(tmp_path / "j", line, facts(1)))
    assert [one.task for one in found] == [1]
    assert (reader.read, reader.damaged) == (1, 1)


@pytest.mark.parametrize("name", [name for name in facts() if not name.startswith("slurm")])
def test_a_line_without_a_value_is_damaged(tmp_path: Path, name: str) -> None:
    line = facts(0)
    del line[name]
    assert read(write(tmp_path / "j", line))[1].damaged == 1


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(json.dumps(facts(0)).encode()[:80], id="torn at the end"),
        pytest.param(b"\xff\xfe{}\n", id="no UTF-8"),
        pytest.param(b"[1, 2]\n", id="no object"),
        pytest.param(b"[" * 100_000 + b"\n", id="nested without end"),
        pytest.param(json.dumps(facts(10)).encode() + b"\n", id="task beyond the run's"),
        pytest.param(json.dumps({**facts(), "task": True}).encode() + b"\n", id="true as number"),
        pytest.param(b"9" * 5_000 + b"\n", id="number of thousands of digits"),
    ],
)
def test_damaged_lines_are_passed_over_and_counted(tmp_path: Path, line: bytes) -> None:
    folder = write(tmp_path / "j", facts(1), line)
    write(folder, facts(2), name="z-1.jsonl")
    found, reader = read(folder)
    assert [one.task for one in found] == [1, 2]
    assert reader.damaged == 1


def test_a_line_without_end_is_no_more_kept_than_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LONGEST_BYTES", 1000)
    folder = write(tmp_path / "j", facts(0), b"x" * 10_500 + b"\n", facts(1))
    found, reader = read(folder)
    assert [one.task for one in found] == [0, 1]
    assert reader.damaged == 1


def test_a_last_line_whose_end_is_not_there_yet_counts_if_it_is_whole(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", json.dumps(facts(4)).encode())
    assert [one.task for one in read(folder)[0]] == [4]


def test_empty_lines_are_no_damage(tmp_path: Path) -> None:
    # A worker begins its next line with a line end, after a full disk took a part of one.
    assert read(write(tmp_path / "j", b"\n\n", facts(0), b"\n"))[1].damaged == 0


@pytest.mark.parametrize("off_s", [-3600.0, 7200.0])
def test_times_of_a_wrong_clock_are_moved_to_the_servers(tmp_path: Path, off_s: float) -> None:
    line = facts(0, begins_s=off_s, took_s=2.0, server_end=iso(START_S + 2))
    ((found,), _) = read(write(tmp_path / "j", line))
    assert (found.begin_s, found.end_s, found.is_shifted) == (START_S, START_S + 2, True)


def test_times_that_agree_with_the_servers_whole_seconds_stay(tmp_path: Path) -> None:
    line = facts(0, took_s=1.75, server_end=iso(START_S + 1))
    ((found,), _) = read(write(tmp_path / "j", line))
    assert (found.begin_s, found.end_s, found.is_shifted) == (START_S, START_S + 1.75, False)


@pytest.mark.parametrize("items", [None, 7, ["x", -1, True], "text"])
def test_items_that_are_none_are_left_out(tmp_path: Path, items: object) -> None:
    ((found,), reader) = read(write(tmp_path / "j", facts(0, failed_items=items)))
    assert (found.failed_items, reader.damaged) == ((), 0)


def test_a_file_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    folder = write(tmp_path / "j", facts(0))
    # A link that leads to itself: also root cannot read it.
    (folder / "b.jsonl").symlink_to("b.jsonl")
    found, reader = read(folder)
    assert (len(found), reader.unreadable_files) == (1, 1)


class TestFollowing:
    """Each reading goes on where the last one ended."""

    def read_on(self, reader: JournalReader, most_bytes: int = 1 << 20) -> list[int]:
        return [attempt.task for attempt in reader.read_on(most_bytes)]

    def test_half_a_line_is_read_when_it_is_whole_and_no_line_twice(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "j", facts(0), facts(1))
        (file,) = folder.iterdir()
        whole = file.read_bytes()
        file.write_bytes(whole[:-9])
        reader = JournalReader(folder)
        assert self.read_on(reader) == [0]
        with file.open("ab") as appended:
            appended.write(whole[-9:])
        write(folder, facts(2), name="node0-1.jsonl")
        assert self.read_on(reader) == [2, 1]
        assert self.read_on(reader) == []
        assert (reader.read, reader.damaged) == (3, 0)

    def test_a_large_folder_is_read_in_parts(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "j", *map(facts, range(50)))
        write(folder, *map(facts, range(50, 100)), name="node2-1.jsonl")
        reader, found, looks = JournalReader(folder), list[int](), 0
        while not reader.is_complete:
            found += self.read_on(reader, 2000)
            looks += 1
        assert found == list(range(100))
        assert looks > 5

    def test_a_line_longer_than_a_part_is_passed_over_and_counted_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "LONGEST_BYTES", 1000)
        folder = write(tmp_path / "j", b"x" * 5300 + b"\n", facts(3))
        reader, found = JournalReader(folder), list[int]()
        while not reader.is_complete:
            found += self.read_on(reader, 1000)
        assert (found, reader.damaged) == ([3], 1)

    def test_the_attempts_of_all_runs_are_told_apart(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "j", facts(0), facts(0, run="b" * 32))
        reader = JournalReader(folder)
        assert [attempt.run for attempt in reader.read_on(1 << 20)] == [RUN, "b" * 32]
        assert reader.of_other_runs == 0

    def test_a_file_that_could_not_be_read_is_read_later(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "j", facts(0))
        (folder / "b.jsonl").symlink_to("b.jsonl")
        reader = JournalReader(folder)
        assert self.read_on(reader) == [0]
        assert reader.unreadable_files == 1
        (folder / "b.jsonl").unlink()
        write(folder, facts(1), name="b.jsonl")
        assert self.read_on(reader) == [1]
        assert reader.unreadable_files == 0

    def test_a_folder_that_was_removed_has_nothing_new(self, tmp_path: Path) -> None:
        assert self.read_on(JournalReader(tmp_path / "gone")) == []
