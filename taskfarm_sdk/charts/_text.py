"""Bars and grids as text, for terminals, logs and pipes: ASCII, and readable without colours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

from taskfarm_sdk._text import shown
from taskfarm_sdk.charts import _checked
from taskfarm_sdk.charts._grid import Cell, grid_note, grid_sentence, state_names
from taskfarm_sdk.hidden import shown_half_made

# Shares of a run that is not finished end below 1, so that its bar is never full.
_MOST_UNFINISHED = 0.999
_TENS = 10
_LEAST_COLUMNS = 10
_NUM_GLYPHS = 3
_FAILED, _DONE, _TENTHS, _WAITING, _UNKNOWN = "x", "#", "0-9", ".", "?"


def text_bar(
    *,
    waiting: int,
    computing: int,
    done: int,
    failed: int | None,
    percent: float | None = None,
    width: int = 30,
    glyphs: str = "#x-",
) -> str:
    """Return a bar with the progress of a run, in one line of text.

    It is filled as far as the percentage or the done tasks say, whichever is more, and full only
    if the run is finished. Failed tasks end the filled part, with one character at least.

    Args:
        waiting: how many tasks wait.
        computing: how many are being computed.
        done: how many are done, those that failed among them, as in `RunStatus.done`.
        failed: how many of `done` have failed for good; None if that is unknown.
        percent: the percentage of the whole run, with parts of tasks; None if that is unknown.
        width: how many characters it has.
        glyphs: three characters: for what is done, what failed, and the rest.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    waiting = _checked.any_count("waiting", waiting)
    computing = _checked.any_count("computing", computing)
    done = _checked.any_count("done", done)
    failed = 0 if failed is None else _checked.any_count("failed", failed)
    percent = math.nan if percent is None else _checked.number("percent", percent)
    width = _checked.count("width", width, least=0, most=_checked.MOST_WIDE)
    if len(_checked.text("glyphs", glyphs)) != _NUM_GLYPHS:
        raise ValueError(f"glyphs must be {_NUM_GLYPHS} characters, not {shown(glyphs)}")
    total = waiting + computing + done
    share = done / total if total else 0.0
    if math.isfinite(percent):
        share = max(share, min(1.0, max(0.0, percent / 100)))
    is_finished = not (waiting or computing)
    share = max(0.0, min(share, 1.0 if is_finished else _MOST_UNFINISHED))
    filled = math.floor(share * width)
    fallen = min(filled, max(1, round(failed / total * width))) if failed and total else 0
    return glyphs[0] * (filled - fallen) + glyphs[1] * fallen + glyphs[2] * (width - filled)


@shown_half_made
@attrs.frozen(kw_only=True)
class TextGrid:
    """A grid of cells as text.

    Attributes:
        rows: the lines of the grid. Each begins with the number of its first task.
        cells: the cells that are drawn, one for each character behind the numbers.
        legend: what each character stands for that occurs, in the order of their meaning.
        note: how many tasks a cell stands for.
        sentence: says the same as the picture.
    """

    rows: tuple[str, ...]
    cells: tuple[Cell, ...]
    legend: tuple[tuple[str, str], ...]
    note: str
    sentence: str


def text_grid(
    cells: Sequence[Cell],
    *,
    columns: int = 80,
    rows: int = 16,
    noun: str = "task",
    unknown: str = "unknown",
) -> TextGrid:
    """Return a grid as text, with a character for each cell, in the order of their numbers.

    `#` stands for a cell whose tasks are all done, `x` for one with failed tasks, a digit for the
    tenths that are done of one that is computed or done in part, `.` for one that waits, and `?`
    for one of which nothing is known.

    Args:
        cells: the cells, from `cells()` or made otherwise.
        columns: how many columns a line has at most, the number at its beginning among them.
        rows: how many lines there are at most: neighbouring cells become one where there are more.
        noun: what they are, in the singular.
        unknown: what is known of those whose state is unknown.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    cells = _checked.all_of("cells", cells, Cell)
    columns = _checked.count("columns", columns, least=0, most=_checked.MOST_WIDE)
    rows = _checked.count("rows", rows, least=0, most=_checked.MOST_WIDE)
    for name, text in (("noun", noun), ("unknown", unknown)):
        _checked.text(name, text)
    margin = len(str(cells[-1].first)) + 1 if cells else 0
    wide = max(_LEAST_COLUMNS, (columns - margin) // _LEAST_COLUMNS * _LEAST_COLUMNS)
    drawn = _joined(cells, max(1, math.ceil(len(cells) / (wide * max(1, rows)))))
    glyphs = [glyph_of(cell) for cell in drawn]
    lines = tuple(
        f"{drawn[first].first:>{margin - 1}} {''.join(glyphs[first : first + wide])}"
        for first in range(0, len(drawn), wide)
    )
    names = state_names(unknown)
    return TextGrid(
        rows=lines,
        cells=tuple(drawn),
        legend=tuple(_legend(set(glyphs), names["unknown"], many=_size(drawn) > 1)),
        note=grid_note(drawn, noun, enlarges=False),
        sentence=grid_sentence(drawn, names, noun),
    )


def glyph_of(cell: Cell) -> str:
    """Return the character that stands for a cell."""
    total = cell.num_tasks
    if cell.failed:
        return _FAILED
    if total and cell.done == total:
        return _DONE
    if total and cell.unknown == total:
        return _UNKNOWN
    if not (cell.done or cell.computing):
        return _WAITING
    share = (cell.done + cell.computing * cell.percent / 100) / total
    return str(min(_TENS - 1, math.floor(share * _TENS)))


def _legend(glyphs: set[str], unknown: str, *, many: bool) -> list[tuple[str, str]]:
    begun = "computing or done in part, in tenths" if many else "computing, in tenths"
    present = glyphs | {_TENTHS for glyph in glyphs if glyph.isdigit()}
    known = (
        (_FAILED, "failed, one at least" if many else "failed"),
        (_DONE, "done"),
        (_TENTHS, begun),
        (_WAITING, "waiting"),
        (_UNKNOWN, unknown),
    )
    return [(glyph, name) for glyph, name in known if glyph in present]


def _size(cells: Sequence[Cell]) -> int:
    return max((cell.num_tasks for cell in cells), default=1)


def _joined(cells: Sequence[Cell], count: int) -> list[Cell]:
    """Return cells of which each stands for so many neighbouring ones."""
    if count == 1:
        return list(cells)
    return [_sum(cells[first : first + count]) for first in range(0, len(cells), count)]


def _sum(cells: Sequence[Cell]) -> Cell:
    computing = sum(cell.computing for cell in cells)
    percents = sum(cell.computing * cell.percent for cell in cells)
    return Cell(
        first=cells[0].first,
        waiting=sum(cell.waiting for cell in cells),
        computing=computing,
        done=sum(cell.done for cell in cells),
        failed=sum(cell.failed for cell in cells),
        unknown=sum(cell.unknown for cell in cells),
        percent=min(100.0, percents / computing) if computing else 0.0,
    )
