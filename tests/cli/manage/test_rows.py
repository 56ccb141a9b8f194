"""The rows of several runs: what fits into 60, 80 and 200 columns, and what is left out first."""

from __future__ import annotations

import attrs
import pytest

from taskfarm_cli.common.forecast import Estimate, Range
from taskfarm_cli.common.run_files import RunItems
from taskfarm_cli.manage.rows import chosen, table
from taskfarm_cli.manage.standing import Row, Standing
from taskfarm_sdk._items.chunks import Chunks
from tests.support.watched import a_run, counts

NOW = 100.0
ESTIMATE = Estimate(Range(1.9, 2.6), Range(40, 65), "task", NOW)
COMPUTING = Row(a_run(1), counts(4), None, Standing.COMPUTING, ESTIMATE)
ROWS = (
    COMPUTING,
    Row(a_run(2), counts(0, 0), None, Standing.WAITING, is_idle=True),
    Row(a_run(3), counts(4), None, Standing.STALE, stale_s=190.0),
    Row(a_run(4), counts(10), None, Standing.FINISHED),
    Row(a_run(5), counts(10, failed=2), None, Standing.FAILED),
    Row(a_run(6), counts(4), None, Standing.DELETED),
    Row(a_run(7), counts(4), None, Standing.UNREADABLE),
)


def lines(*rows: Row, columns: int = 80, height: int = 24) -> list[str]:
    """Return the lines of runs."""
    return [str(line) for line in table(rows, columns=columns, lines=height, now=NOW)]


def test_80_columns() -> None:
    assert lines(*ROWS) == [
        "00000001 [####-------]  40.0 %   4 of 10  2 computing, 40 to 65 s left",
        "00000002 [-----------]   0.0 %   0 of 10  10 waiting, nobody computes",
        "00000003 [####-------]  40.0 %   4 of 10  2 computing, no sign of life for 3:10",
        "00000004 [###########] 100.0 %  10 of 10  finished",
        "00000005 [#########xx] 100.0 %  10 of 10  finished, 2 tasks failed",
        "00000006 [####-------]  40.0 %   4 of 10  deleted",
        "00000007 [####-------]  40.0 %   4 of 10  cannot be read",
    ]


def test_60_columns() -> None:
    assert lines(*ROWS, columns=60) == [
        "00000001 [#####--------]  40.0 %   4 of 10  40 to 65 s left",
        "00000002 [-------------]   0.0 %   0 of 10  waiting",
        "00000003 [#####--------]  40.0 %   4 of 10  stale for 3:10",
        "00000004 [#############] 100.0 %  10 of 10  finished",
        "00000005 [##########xxx] 100.0 %  10 of 10  2 failed",
        "00000006 [#####--------]  40.0 %   4 of 10  deleted",
        "00000007 [#####--------]  40.0 %   4 of 10  cannot be read",
    ]


def test_200_columns_have_whole_uuids_and_the_rate() -> None:
    (line,) = lines(COMPUTING, columns=200)
    assert line.startswith(f"{a_run(1).uuid} [")
    assert line.endswith("2 computing, 4 waiting, 1.9 to 2.6 tasks/s, 40 to 65 s left")


@pytest.mark.parametrize("columns", [60, 61, 72, 80, 119, 120, 132, 200, 500])
def test_no_line_is_as_wide_as_the_terminal(columns: int) -> None:
    name = "x" * 64
    rows = [row._replace(name=name) for row in ROWS]
    items = RunItems(Chunks(123_456_789, 13_000), None)
    status = counts(4_000, num_tasks=13_000)
    rows.append(Row(a_run(8), status, items, Standing.COMPUTING, ESTIMATE))
    assert max(map(len, lines(*rows, columns=columns))) < columns


def test_items_are_counted_where_tasks_are_chunks_of_them() -> None:
    items = RunItems(Chunks(1000, 10), None)
    row = COMPUTING._replace(items=items)
    assert "  about 400 of 1,000 items  " in lines(row)[0]
    assert "  ~400 of 1000  " in lines(row, columns=60)[0]


def test_a_run_is_called_by_its_name() -> None:
    assert lines(COMPUTING._replace(name="sweep"))[0].startswith("sweep [")


def test_uuids_that_begin_alike_are_shown_as_far_as_they_differ() -> None:
    other = attrs.evolve(a_run(1), uuid="00000001" + "0" * 4 + "f" * 20)
    shown = lines(COMPUTING, COMPUTING._replace(run=other))
    assert [line.split()[0] for line in shown] == ["0000000100000", "000000010000f"]


def test_names_that_are_cut_end_so_and_where_they_would_be_equal_uuids_stand() -> None:
    rows = [
        COMPUTING._replace(run=a_run(number), name=name)
        for number, name in enumerate(("long-" * 5 + "a", "other-" * 5, "long-" * 5 + "b"), 1)
    ]
    begins = [line.split()[0] for line in lines(*rows)]
    assert begins == ["00000001", "other-other-other-o…", "00000003"]


def test_no_estimate_is_cut() -> None:
    items = RunItems(Chunks(123_456_789, 13_000), None)
    status = counts(4_000, num_tasks=13_000)
    row = Row(a_run(8), status, items, Standing.COMPUTING, ESTIMATE, name="x" * 64)
    (line,) = lines(row, columns=60)
    assert line.startswith("xxxxxxx… ")
    assert line.endswith(" 40 to 65 s left")
    long = Estimate(Range(1.9, 2.6), Range(400_000, 6_500_000), "task", NOW)
    (line,) = lines(row._replace(estimate=long), columns=60)
    assert line.endswith(" computing")


def many(standing: Standing, count: int, first: int) -> list[Row]:
    return [
        COMPUTING._replace(run=a_run(n), standing=standing) for n in range(first, first + count)
    ]


def test_where_there_are_more_runs_than_lines_the_last_line_tells_of_the_others() -> None:
    rows = [
        *many(Standing.FINISHED, 30, 1),
        *many(Standing.WAITING, 5, 31),
        *many(Standing.COMPUTING, 3, 36),
        *many(Standing.FAILED, 1, 39),
    ]
    shown = lines(*rows, height=8)
    assert len(shown) == 8
    assert [line.split()[0] for line in shown[:-1]] == [
        f"{number:08x}" for number in (31, 32, 33, 36, 37, 38, 39)
    ]
    assert shown[-1] == "and 32 runs more: 2 waiting, 30 finished"


@pytest.mark.parametrize("standing", list(Standing))
def test_who_needs_attention_is_shown_before_all_others(standing: Standing) -> None:
    rows = [*many(Standing.COMPUTING, 9, 1), *many(standing, 1, 10)]
    is_shown = a_run(10) in [row.run for row in chosen(rows, 4)]
    assert is_shown == standing.needs_attention


def test_all_runs_have_a_line_where_there_is_room() -> None:
    assert len(lines(*ROWS, height=7)) == 7
    assert not any("more" in line for line in lines(*ROWS, height=7))
