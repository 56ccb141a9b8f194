"""The table of runs on a terminal: what it tells, whatever its width and whatever is stored."""

from __future__ import annotations

import math
from typing import Any, cast

import attrs
import pytest

from taskfarm_cli.common.bars import ASCII
from taskfarm_cli.common.run_files import RunNote
from taskfarm_cli.manage.output.run_table import Table
from taskfarm_sdk import Run, RunStatus

NOW = 1769860800.0
UUIDS = [f"7ce1105e5f2b471a829dc9aef6bcfd{number:02x}" for number in range(9)]
WIDTHS = [60, 72, 80, 100, 120, 132, 200, 300]
in_each_width = pytest.mark.parametrize("columns", WIDTHS)


def a_run(number: int = 0, tasks: str = "200") -> Run:
    return Run(
        cast("Any", None), UUIDS[number], number, int(tasks) if tasks.isdecimal() else 0, tasks
    )


def a_note(number: int = 0, name: str | None = "sweep", age_s: float = 7200) -> RunNote:
    time = "2026-01-31T10:00:00+00:00" if age_s == 7200 else "2025-12-31T12:00:00+00:00"
    return RunNote(
        run=UUIDS[number], url="u", num_tasks=1, items=1, chunk=1, name=name, folder="", time=time
    )


def a_status(**changes: Any) -> RunStatus:
    usual = RunStatus(
        num_tasks=200, waiting=138, computing=4, done=58, failed=None, percent_done=29.75
    )
    return attrs.evolve(usual, **changes)


FINISHED = {"waiting": 0, "computing": 0, "done": 200}


def shown(
    status: RunStatus | None,
    columns: int,
    *,
    notes: tuple[RunNote, ...] = (a_note(),),
    run: Run | None = None,
    glyphs: str = ASCII,
) -> str:
    """Return what is shown of one run, whose status was read."""
    one = run or a_run()
    table = Table([one], {note.run: note for note in notes}, columns, NOW, glyphs=glyphs)
    lines = table.newest(1, {one.uuid: status})
    return "\n".join("".join(text for text, _ in line) for line in lines)


@in_each_width
@pytest.mark.parametrize(
    "status",
    [
        a_status(),
        a_status(**FINISHED, failed=0, percent_done=100.0),
        a_status(**FINISHED, failed=3, percent_done=98.5),
        a_status(**FINISHED),
        a_status(percent_done=math.nan),
        a_status(percent_done=1e300),
        a_status(percent_done=-7.0),
        a_status(num_tasks=2**31 - 1, waiting=2**31 - 9, computing=123456, done=2**31 - 1),
        None,
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "name", ["x", "sweep", "a-name-that-is-as-long-as-a-name-may-be-" * 2, None]
)
def test_no_line_is_longer_than_the_terminal_is_wide(
    columns: int, status: RunStatus | None, name: str | None
) -> None:
    name = None if name is None else name[:64]
    for tasks in ("200", str(2**31 - 1), "x" * 300):
        text = shown(status, columns, notes=(a_note(name=name),), run=a_run(tasks=tasks))
        assert max(map(len, text.splitlines())) <= columns
        assert UUIDS[0] in text


@in_each_width
def test_all_that_is_known_of_a_run_is_told(columns: int) -> None:
    text = shown(a_status(), columns)
    for told in (UUIDS[0], " sweep ", " 2 h ", "138", " 4 ", "58", "29.8 %", "#"):
        assert told in text


@in_each_width
@pytest.mark.parametrize("failed", [None, 0, 3])
def test_how_many_failed_is_unknown_until_it_is_known(columns: int, failed: int | None) -> None:
    under_way = shown(a_status(), columns)
    assert "0 failed" not in under_way
    assert under_way.split()[-1] in ("unknown", "done")
    finished = shown(a_status(**FINISHED, failed=failed), columns)
    if failed is None:
        assert "unknown" in finished
    elif columns >= 120:
        assert finished.split()[-1] == str(failed)
    else:
        assert ("3 of 200 tasks failed" in finished) is (failed == 3)


@pytest.mark.parametrize(("columns", "lines"), [(60, 2), (80, 2), (132, 1), (200, 1)])
def test_a_wide_terminal_needs_one_line_for_a_run(columns: int, lines: int) -> None:
    table = Table([a_run()], {}, columns, NOW)
    assert len(list(table.newest(1, {UUIDS[0]: a_status()}))) == lines
    assert table.columns.rows(21) == 20 // lines
    assert ("WAITING  COMPUTING" in table.head()) is (lines == 1)


def test_the_columns_of_the_head_stand_above_their_values() -> None:
    table = Table([a_run()], {UUIDS[0]: a_note()}, 200, NOW, glyphs=ASCII)
    (line,) = table.newest(1, {UUIDS[0]: a_status()})
    head, text = table.head(), "".join(part for part, _ in line)
    assert len(head) == len(text)
    for title, value in (("UUID", UUIDS[0]), ("NAME", "sweep"), ("PROGRESS", "[")):
        assert head.index(title) == text.index(value)
    for title, value in (("AGE", "2 h"), ("TASKS", "200"), ("WAITING", "138"), ("DONE", "58")):
        assert head.index(title) + len(title) == text.index(value) + len(value)


def test_without_notes_there_are_no_columns_for_what_they_tell() -> None:
    table = Table([a_run()], {}, 80, NOW)
    assert table.head().split() == ["UUID", "TASKS"]


def test_a_run_of_others_has_no_name_and_no_age() -> None:
    table = Table([a_run(0), a_run(1)], {UUIDS[1]: a_note(1)}, 80, NOW)
    first, second = table.older(2)
    assert first.split() == [UUIDS[0], "200"]
    assert second.split() == [UUIDS[1], "sweep", "2", "h", "200"]


def test_the_newest_come_last_and_only_they_show_progress() -> None:
    table = Table([a_run(0), a_run(1), a_run(2)], {}, 132, NOW, glyphs=ASCII)
    assert [line.split()[0] for line in table.older(1)] == [UUIDS[0]]
    newest = list(table.newest(2, {UUIDS[1]: a_status(), UUIDS[2]: a_status()}))
    assert [line[0][0].split()[0] for line in newest] == UUIDS[1:3]


@in_each_width
def test_a_run_that_was_deleted_meanwhile_is_said_to_be(columns: int) -> None:
    table = Table([a_run()], {}, columns, NOW)
    text = "".join(part for line in table.newest(1, {}) for part, _ in line)
    assert text.endswith("was deleted meanwhile")
    assert shown(None, columns).endswith("its status could not be read")


def test_less_than_all_is_not_shown_as_all() -> None:
    assert " 99.9 %" in shown(a_status(percent_done=99.96), 80)
    assert "100.0 %" in shown(a_status(**FINISHED, failed=0, percent_done=100.0), 80)


def test_a_bar_is_as_long_as_the_work_that_is_done() -> None:
    half = shown(a_status(percent_done=50.0), 80)
    assert abs(half.count("#") - half.count("-")) <= 1
    by_tasks = shown(a_status(percent_done=math.nan), 80)
    assert by_tasks.count("#") == shown(a_status(percent_done=29.0), 80).count("#")
    assert "? %" in shown(a_status(percent_done=math.nan), 80)


@pytest.mark.parametrize("text", ["\x1b[2J", "5\n6", "\u202e9", "-3", "None"])
def test_what_another_client_stored_is_shown_printable(text: str) -> None:
    (line,) = Table([a_run(tasks=text)], {}, 80, NOW).older(1)
    assert line.isprintable()


def test_a_time_that_is_none_is_no_age() -> None:
    note = attrs.evolve(a_note(), time="long ago")
    assert shown(a_status(), 80, notes=(note,)).split()[:3] == [UUIDS[0], "sweep", "200"]
