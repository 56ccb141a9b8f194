"""What is open: the items that no attempt in the folder ended with exit status 0."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from taskfarm_cli.work.commands import kept_items
from taskfarm_cli.work.commands.kept_items import index_line
from taskfarm_cli.work.commands.open_items import OpenItems, OpenOfLogs, OpenOfResults


def keep(folder: Path, name: str, *statuses: tuple[int, int]) -> None:
    """Have a workTF keep attempts: items and their exit status."""
    (folder / f"{name}.log").touch()
    with (folder / f"{name}.index").open("ab") as index:
        for item, status in statuses:
            index.write(index_line(0, item, 1, status, ((0, 0), (0, 0)), ended_at=1e9))


def keep_result(folder: Path, item: int, status: str) -> None:
    own = folder / str(item)
    own.mkdir(exist_ok=True)
    (own / "exit").write_text(status)


def read(known: OpenItems, items: range = range(6)) -> tuple[list[int], set[int]]:
    """Read on, and return the open items, and those of them that failed."""
    known.read_on()
    found = known.among(items)
    return found, known.failed(found)


def test_the_logs_of_all_workers_count(tmp_path: Path) -> None:
    known = OpenOfLogs(tmp_path, 6)
    assert read(known) == ([0, 1, 2, 3, 4, 5], set())
    keep(tmp_path, "a-1-x", (0, 0), (1, 3))
    keep(tmp_path, "b-2-y", (4, 0), (5, -9))
    assert read(known) == ([1, 2, 3, 5], {1, 5})


def test_a_success_stays_one_whatever_comes_after_it(tmp_path: Path) -> None:
    known = OpenOfLogs(tmp_path, 6)
    keep(tmp_path, "a-1-x", (1, 3), (1, 0))
    keep(tmp_path, "b-2-y", (1, 4))
    assert read(known, range(1, 2)) == ([], set())


def test_each_line_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    parse = kept_items.record_of

    def noting(line: bytes, log: str) -> kept_items.Record | None:
        parsed.append(line)
        return parse(line, log)

    monkeypatch.setattr(kept_items, "record_of", noting)
    known = OpenOfLogs(tmp_path, 6)
    for item in range(4):
        keep(tmp_path, "a-1-x", (item, 0))
        known.read_on()
    assert len(parsed) == 4
    assert known.among(range(6)) == [4, 5]


def test_what_a_worker_cuts_off_its_index_counts_no_more(tmp_path: Path) -> None:
    known = OpenOfLogs(tmp_path, 6)
    keep(tmp_path, "a-1-x", (0, 0))
    whole = (tmp_path / "a-1-x.index").stat().st_size
    keep(tmp_path, "a-1-x", (1, 0))
    keep(tmp_path, "b-2-y", (4, 0))
    assert read(known) == ([2, 3, 5], set())
    # Its disk may have lost the last line.
    os.truncate(tmp_path / "a-1-x.index", whole)
    assert read(known) == ([1, 2, 3, 5], set())


def test_an_index_that_is_gone_leaves_its_items_open(tmp_path: Path) -> None:
    known = OpenOfLogs(tmp_path, 6)
    keep(tmp_path, "a-1-x", (0, 0))
    keep(tmp_path, "b-2-y", (4, 0))
    known.read_on()
    (tmp_path / "a-1-x.index").unlink()
    assert read(known) == ([0, 1, 2, 3, 5], set())


def test_a_folder_that_cannot_be_read_anew_is_read_anew_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = OpenOfLogs(tmp_path, 6)
    keep(tmp_path, "a-1-x", (0, 0))
    keep(tmp_path, "b-2-y", (4, 0))
    known.read_on()
    (tmp_path / "a-1-x.index").write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(kept_items.IndexFile, "records", refuse)
        with pytest.raises(OSError, match="Stale"):
            known.read_on()
    assert read(known) == ([0, 1, 2, 3, 5], set())


def refuse(_: kept_items.IndexFile) -> None:
    raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))


def test_items_of_no_run_like_this_are_passed_over(tmp_path: Path) -> None:
    known = OpenOfLogs(tmp_path, 6)
    keep(tmp_path, "a-1-x", (6, 0), (5, 0))
    assert read(known) == ([0, 1, 2, 3, 4], set())


def test_of_results_what_ended_with_0_is_done(tmp_path: Path) -> None:
    known = OpenOfResults(tmp_path)
    assert read(known) == ([0, 1, 2, 3, 4, 5], set())
    keep_result(tmp_path, 0, "0\n")
    keep_result(tmp_path, 1, "137\n")
    keep_result(tmp_path, 2, "")  # a crash cut it
    (tmp_path / "3").mkdir()  # it runs
    assert read(known) == ([1, 2, 3, 4, 5], {1})
    keep_result(tmp_path, 1, "0\n")
    assert read(known, range(2)) == ([], set())
