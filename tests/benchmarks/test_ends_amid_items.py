"""What the benchmark of ends and kills calls computed twice, missing and doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measures.ends_amid_items import _Counts, _counts, _Kind, _row
from tests.support.results_folders import new_folder, write, write_failure

ITEMS = 10


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (log := tmp_path / "log").mkdir()
    return log


def test_items_in_the_logs_of_two_processes_were_computed_twice(tmp_path: Path, log: Path) -> None:
    (log / "1").write_text("0\n1\n2\n")
    (log / "2").write_text("2\n3\n")
    write(new_folder(tmp_path / "results", ITEMS), {item: item for item in range(ITEMS)})
    assert _counts(log, tmp_path / "results", ITEMS) == _Counts(twice=1, missing=0, doubled=0)


def test_items_with_no_value_or_a_wrong_one_are_missing(tmp_path: Path, log: Path) -> None:
    folder = new_folder(tmp_path / "results", ITEMS)
    write(folder, {item: item for item in range(2, ITEMS)} | {7: 8})
    write_failure(folder, 1, ValueError("bad"))
    assert _counts(log, tmp_path / "results", ITEMS).missing == 3


@pytest.mark.parametrize(
    ("counts", "reached"),
    [
        (_Counts(twice=0, missing=0, doubled=0), True),
        (_Counts(twice=6, missing=0, doubled=0), True),
        (_Counts(twice=7, missing=0, doubled=0), False),
        (_Counts(twice=0, missing=1, doubled=0), False),
        (_Counts(twice=0, missing=0, doubled=1), False),
    ],
)
def test_a_row_is_reached_if_no_more_was_lost_than_is_allowed(
    counts: _Counts, reached: bool
) -> None:
    kind = _Kind("kills", lambda *_: None, goes_on=True, most_twice=3)
    assert _row(kind, counts, ITEMS, 2).reached is reached
