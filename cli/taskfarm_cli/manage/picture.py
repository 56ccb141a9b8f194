"""The tasks or items of a run as a picture of characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common.text import printable

if TYPE_CHECKING:
    from taskfarm_sdk import Run
    from taskfarm_sdk.charts import Cell, TextGrid

# With the lines above and below it, and the next prompt, it fits into 24 lines.
MOST_ROWS = 15
_MOST_SENTENCE_LINES = 3


class Picture(NamedTuple):
    """The states of the tasks or items of a run, from one source.

    Attributes:
        source: the source: "server", "journal" or "results".
        folder: the folder that was read; None for the server.
        noun: "task" or "item".
        unknown: what is known of those whose state is unknown.
        cells: their states, in blocks.
        remark: a sentence about what is shown, or an empty text.
    """

    source: str
    folder: str | None
    noun: str
    unknown: str
    cells: Sequence[Cell]
    remark: str = ""


def grid_of(picture: Picture, columns: int) -> TextGrid:
    """Return the grid of a picture that fits into a width."""
    from taskfarm_sdk.charts import text_grid

    return text_grid(
        picture.cells,
        columns=columns,
        rows=MOST_ROWS,
        noun=picture.noun,
        unknown=picture.unknown,
    )


def lines_of(run: Run, picture: Picture, columns: int) -> Iterator[str]:
    """Yield the lines of a picture: what it is of, the grid, and what its characters mean."""
    grid = grid_of(picture, columns)
    yield from head_of(run, picture, grid, columns)
    yield from grid.rows
    yield from legend_of(grid, columns)


def head_of(run: Run, picture: Picture, grid: TextGrid, columns: int) -> Iterator[str]:
    """Yield the lines above a grid: whose it is, where it is from, and the same in words."""
    yield f"run {run.id}  {run.uuid}"
    source = f"By the {_SOURCES[picture.source]}"
    where = source if picture.folder is None else f"{source} {printable(picture.folder)}"
    said = f"{where}. {grid.sentence} {grid.note[0].upper()}{grid.note[1:]}."
    for sentences, most in ((said, _MOST_SENTENCE_LINES + 1), (picture.remark, None)):
        yield from textwrap.wrap(sentences, columns, max_lines=most, break_on_hyphens=False)


def legend_of(grid: TextGrid, columns: int) -> Iterator[str]:
    """Yield the lines below a grid: what its characters mean."""
    # A character and its name stay together.
    entries = [f"{glyph} {name}".replace(" ", "\xa0") for glyph, name in grid.legend]
    for line in textwrap.wrap("   ".join(entries), columns, break_on_hyphens=False):
        yield line.replace("\xa0", " ")


_SOURCES = {"server": "server", "journal": "journal in", "results": "results in"}
