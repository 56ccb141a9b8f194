"""Bars and grids as text: never full too early, never wider than asked, readable without colour."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from taskfarm_sdk.charts import Cell, cells, text_bar, text_grid
from taskfarm_sdk.charts._grid import State


def drawn(**more: Any) -> str:
    """Return a bar of 10 characters for a run of 10 tasks, all of them waiting but for `more`."""
    counts: dict[str, Any] = {"computing": 0, "done": 0, "failed": None, "percent": None, **more}
    counts.setdefault("waiting", 10 - counts["computing"] - counts["done"])
    return text_bar(width=10, **counts)


@pytest.mark.parametrize(
    ("more", "bar"),
    [
        pytest.param({}, "----------", id="nothing done"),
        pytest.param({"done": 4}, "####------", id="tasks done"),
        pytest.param({"done": 4, "percent": 55.0}, "#####-----", id="parts of tasks"),
        pytest.param({"done": 4, "percent": 20.0}, "####------", id="failed tasks count 0 %"),
        pytest.param({"done": 4, "percent": math.nan}, "####------", id="no number"),
        pytest.param({"done": 4, "percent": -5.0}, "####------", id="another client's number"),
        pytest.param({"done": 9, "percent": 900.0}, "#########-", id="not full too early"),
        pytest.param({"done": 10, "failed": 0}, "##########", id="finished"),
        pytest.param({"done": 10, "failed": 3}, "#######xxx", id="some failed"),
        pytest.param({"done": 10, "failed": 10}, "xxxxxxxxxx", id="all failed"),
        pytest.param({"waiting": 0, "done": 1000, "failed": 1}, "#########x", id="one of many"),
        pytest.param({"waiting": 0}, "----------", id="no tasks"),
    ],
)
def test_a_bar_shows_what_is_done_and_what_failed(more: dict[str, Any], bar: str) -> None:
    assert drawn(**more) == bar


def test_a_bar_has_the_characters_that_are_asked_for() -> None:
    assert drawn(done=5, glyphs="━x─") == "━━━━━─────"


@pytest.mark.parametrize("width", [0, 1, 3, 200])
def test_a_bar_is_as_wide_as_asked(width: int) -> None:
    bar = text_bar(waiting=1, computing=1, done=3, failed=1, percent=60.0, width=width)
    assert len(bar) == width


def states(*found: tuple[State, float]) -> list[Cell]:
    return cells(found, num_tasks=len(found))


def test_each_state_has_a_character_of_its_own() -> None:
    grid = text_grid(
        states(
            ("done", 100.0),
            ("failed", 0.0),
            ("computing", 0.0),
            ("computing", 37.5),
            ("computing", 100.0),
            ("waiting", 0.0),
            ("unknown", 0.0),
        )
    )
    assert grid.rows == ("0 #x039.?",)
    assert grid.legend == (
        ("x", "failed"),
        ("#", "done"),
        ("0-9", "computing, in tenths"),
        (".", "waiting"),
        ("?", "unknown"),
    )
    assert grid.note == "each cell: one task, in the order of their numbers"
    assert grid.sentence.startswith("Of 7 tasks: 1 failed, 1 done, 3 computing, 1 waiting, ")


def test_the_legend_names_only_what_is_there() -> None:
    assert text_grid(states(("done", 100.0))).legend == (("#", "done"),)


@pytest.mark.parametrize(
    ("cell", "glyph"),
    [
        pytest.param(Cell(first=0, done=999, failed=1), "x", id="one of a thousand failed"),
        pytest.param(Cell(first=0, done=999, waiting=1), "9", id="nearly all done"),
        pytest.param(Cell(first=0, done=1, waiting=999), "0", id="hardly any done"),
        pytest.param(Cell(first=0, done=4, unknown=6), "4", id="some known"),
        pytest.param(Cell(first=0, computing=2, percent=50.0), "5", id="parts of tasks"),
        pytest.param(Cell(first=0, waiting=4, unknown=6), ".", id="none begun that is known"),
    ],
)
def test_a_block_is_shown_by_what_matters_most(cell: Cell, glyph: str) -> None:
    assert text_grid([cell]).rows == (f"0 {glyph}",)


def a_million() -> Iterator[tuple[State, float]]:
    for number in range(1_000_000):
        if number == 333_333:
            yield "failed", 0.0
        elif number < 500_000:
            yield "done", 100.0
        else:
            yield "waiting", 0.0


@pytest.fixture(scope="module")
def large() -> list[Cell]:
    return cells(a_million(), num_tasks=1_000_000)


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_a_million_tasks_fit(large: list[Cell], columns: int) -> None:
    grid = text_grid(large, columns=columns, rows=15)
    assert len(grid.rows) <= 15
    assert max(map(len, grid.rows)) <= columns
    assert "".join(grid.rows).count("x") == 1
    assert sum(cell.num_tasks for cell in grid.cells) == 1_000_000


def test_a_row_begins_with_the_number_of_its_first_task(large: list[Cell]) -> None:
    rows = text_grid(large, columns=80, rows=15).rows
    numbers, drawn_cells = zip(*(row.split() for row in rows), strict=True)
    assert list(map(int, numbers)) == [place * 70_000 for place in range(15)]
    assert {len(one) for one in drawn_cells[:-1]} == {70}
    assert drawn_cells[4] == "#" * 53 + "x" + "#" * 16
    assert len({row.index(cells_of) for row, cells_of in zip(rows, drawn_cells, strict=True)}) == 1


def test_joined_cells_keep_their_mean_percentage() -> None:
    two = [Cell(first=0, computing=1, percent=20.0), Cell(first=1, computing=3, percent=60.0)]
    (joined,) = text_grid(two * 10, columns=20, rows=1).cells[:1]
    assert (joined.computing, joined.percent) == (4, 50.0)


def test_no_tasks_are_no_rows() -> None:
    grid = text_grid([])
    assert (grid.rows, grid.legend) == ((), ())
    assert grid.sentence == "There are no tasks."
