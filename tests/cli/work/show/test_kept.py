"""Which record of an item counts, in folders of `--results` and `--log`."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskfarm_cli.work.commands.identity import IDENTITY, Identity
from taskfarm_cli.work.commands.kept_items import Output, Record, index_line
from taskfarm_cli.work.show.kept import Kept


def logged(item: int, attempt: int, status: int, log: str = "a.log", at: int = 0) -> Record:
    """Return the record of an attempt in a log."""
    return Record(item, attempt, status, Output(log, at, 10), Output(log, at + 10, 20))


def in_folder(item: int, status: int) -> Record:
    """Return the record of an item with a folder of its own."""
    out, err = Output(f"dir/{item}/stdout"), Output(f"dir/{item}/stderr")
    return Record(item, None, status, out, err)


BETTER = logged(1, 2, 0, "b.log", 700)


@pytest.mark.parametrize("items", [3, None], ids=["known number", "unknown number"])
@pytest.mark.parametrize(
    "worse",
    [logged(1, 1, 0), logged(1, 3, 1), logged(1, 9, 137)],
    ids=["earlier success", "later failure", "much later failure"],
)
def test_the_success_with_the_highest_attempt_counts_in_whatever_order(
    worse: Record, items: int | None
) -> None:
    for found in ([BETTER, worse], [worse, BETTER]):
        assert Kept("dir", found, items).record(1) == BETTER


@pytest.mark.parametrize("items", [3, None])
def test_of_failures_the_last_attempt_counts(items: int | None) -> None:
    kept = Kept("dir", [logged(0, 2, 5), logged(0, 1, 4)], items)
    assert kept.record(0) == logged(0, 2, 5)
    assert kept.counts() == (0, 1)


def test_without_the_number_of_items_those_with_a_record_are_all() -> None:
    kept = Kept("dir", [logged(700_000, 1, 0), logged(3, 1, 1), in_folder(5, 0)], None)
    assert list(kept.numbers()) == [3, 5, 700_000]
    assert kept.record(4) is None
    assert kept.num_items is None
    assert kept.counts() == (2, 1)


def test_with_the_number_of_items_what_is_missing_shows() -> None:
    kept = Kept("dir", [in_folder(1, 3), logged(9, 1, 0)], 4)
    assert list(kept.numbers()) == [0, 1, 2, 3]
    assert [kept.record(item) for item in range(10)] == [
        *(None, in_folder(1, 3)),
        *(None for _ in range(8)),
    ]
    assert kept.counts() == (0, 1)


def test_what_no_work_tf_can_have_written_is_passed_over() -> None:
    odd = [logged(0, 10**20, 0), logged(0, 1, 10**20), in_folder(0, -(10**20))]
    assert Kept("dir", odd, 1).record(0) is None


def test_a_folder_is_read_with_its_number_of_items(tmp_path: Path) -> None:
    (tmp_path / IDENTITY).write_text(Identity("http://x.invalid/", "0" * 32, 3, 2).to_json())
    (tmp_path / "h-1-a.log").write_bytes(b"outerr")
    line = index_line(1, 2, 1, -9, ((0, 3), (3, 3)), ended_at=1e9)
    (tmp_path / "h-1-a.index").write_bytes(line + b'{"torn')
    kept = Kept.of(tmp_path)
    log = str(tmp_path / "h-1-a.log")
    assert kept.num_items == 3
    assert kept.record(2) == Record(2, 1, 137, Output(log, 0, 3), Output(log, 3, 3), 1e9)
