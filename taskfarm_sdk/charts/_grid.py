"""The tasks of a run as a grid: a cell for each task, or for each block of tasks of a large run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Literal

import attrs

from taskfarm_sdk._text import shown
from taskfarm_sdk.charts import _checked
from taskfarm_sdk.charts._axes import short
from taskfarm_sdk.charts._chart import Chart, framed
from taskfarm_sdk.charts._markup import drawing, legend, path, rectangle
from taskfarm_sdk.hidden import shown_half_made

State = Literal["waiting", "computing", "done", "failed", "unknown"]
Tasks = Iterable[tuple[State, float]]
# In the order in which a cell is filled from its left.
_STATES: tuple[State, ...] = ("failed", "done", "computing", "waiting", "unknown")
_COLUMNS = 40
_GAP = 0.12
# The least part of a cell for failed tasks, so that a single one of thousands can be seen.
_LEAST_FAILED = 0.3


@shown_half_made
@attrs.frozen(kw_only=True)
class Cell:
    """A task, or consecutive tasks of one run, by state.

    Attributes:
        first: the number of the first task.
        waiting: how many of them wait.
        computing: how many are being computed.
        done: how many are done.
        failed: how many have failed for good.
        unknown: how many are in a state that is unknown.
        percent: the mean percentage of those that are being computed, 0 to 100.

    Raises:
        ValueError: a number is none, or out of range.
    """

    first: int
    waiting: int = 0
    computing: int = 0
    done: int = 0
    failed: int = 0
    unknown: int = 0
    percent: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        for name in ("first", "waiting", "computing", "done", "failed", "unknown"):
            _checked.count(name, getattr(self, name), least=0)
        if not 0 <= _checked.number("percent", self.percent) <= 100:
            raise ValueError(f"percent must be a number from 0 to 100, not {self.percent}")

    @property
    def num_tasks(self) -> int:
        """The number of tasks."""
        return self.waiting + self.computing + self.done + self.failed + self.unknown


def cells(tasks: Tasks, *, num_tasks: int, most: int = 1000) -> list[Cell]:
    """Return the cells of a run: one for each task, or for blocks of equally many tasks.

    Args:
        tasks: state and percentage of each task, from task 0. It may be an iterator, and is read
            once. If it ends early, the state of the others is unknown.
        num_tasks: the number of tasks.
        most: the highest number of cells.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    num_tasks = _checked.count("num_tasks", num_tasks, least=0)
    size = max(1, -(-num_tasks // _checked.count("most", most, least=1, most=_checked.MOST_CELLS)))
    with _checked.naming("tasks", "pairs of a state and a percentage"):
        source = iter(tasks)
    return [
        _cell(first, min(size, num_tasks - first), source) for first in range(0, num_tasks, size)
    ]


def grid(
    cells: Sequence[Cell],
    *,
    columns: int | None = None,
    noun: str = "task",
    unknown: str = "unknown",
    title: str = "Tasks",
) -> Chart:
    """Return a grid with a cell for each task or block of tasks, in the order of their numbers.

    Args:
        cells: the cells, from `cells()` or made otherwise.
        columns: the number of cells in a row; None to choose it by their number.
        noun: what they are, in the singular.
        unknown: what is known of those whose state is unknown.
        title: the chart's title.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    cells = _checked.all_of("cells", cells, Cell)
    if columns is not None:
        columns = _checked.count("columns", columns, least=1, most=_checked.MOST_WIDE)
    for name, text in (("noun", noun), ("unknown", unknown), ("title", title)):
        _checked.text(name, text)
    totals = _totals(cells)
    wide = columns if columns is not None else _usual_columns(len(cells))
    rows = max(1, math.ceil(len(cells) / wide))
    names = state_names(unknown)
    sentence = grid_sentence(cells, names, noun)
    shapes = "".join(path(_data(cells, state, wide), f"tf-fill-{state}") for state in _STATES)
    svg = drawing(
        wide - _GAP, rows - _GAP, shapes, sentence=sentence, kind="tf-grid", stretched=False
    )
    return framed(
        title=title,
        note=grid_note(cells, noun),
        sentence=sentence,
        svg=svg,
        body=svg,
        legend=legend((f"tf-fill-{state}", names[state]) for state in _STATES if totals[state]),
    )


def _usual_columns(count: int) -> int:
    # About twice as wide as high, and never a few huge cells.
    return max(_COLUMNS, math.ceil(math.sqrt(count * 2.5)))


def _cell(first: int, count: int, source: Iterator[tuple[State, float]]) -> Cell:
    """Return the cell of as many tasks, which are read from a source that may end before."""
    found = dict.fromkeys(_STATES, 0)
    percents: list[float] = []
    with _checked.naming("tasks", "pairs of a state and a percentage"):
        for state, percent in islice(source, count):
            if state not in found:
                raise ValueError(f"the states are {', '.join(_STATES)}, and not {shown(state)}")
            found[state] += 1
            if state == "computing" and math.isfinite(percent):
                percents.append(min(max(percent, 0.0), 100.0))
    found["unknown"] += count - sum(found.values())
    mean = sum(percents) / len(percents) if percents else 0.0
    return Cell(first=first, percent=mean, **found)


def _data(cells: Sequence[Cell], state: State, columns: int) -> str:
    return "".join(
        rectangle(index % columns + left, index // columns, width, 1 - _GAP)
        for index, cell in enumerate(cells)
        for left, width in _part(cell, state)
    )


def _part(cell: Cell, state: State) -> Iterable[tuple[float, float]]:
    """Yield the place of a state in its cell, from the left, if it has one."""
    left = 0.0
    for filled, share in _shares(cell).items():
        if filled == state and share > 0:
            yield left * (1 - _GAP), share * (1 - _GAP)
        left += share


def _shares(cell: Cell) -> dict[State, float]:
    """Return the part of a cell for each state; what is computed is filled by its percentage."""
    total = cell.num_tasks or 1
    shares: dict[State, float] = {state: getattr(cell, state) / total for state in _STATES}
    begun = shares["computing"] * min(max(cell.percent, 25.0), 100.0) / 100
    shares["waiting"] += shares["computing"] - begun
    shares["computing"] = begun
    if 0 < shares["failed"] < _LEAST_FAILED:
        rest = (1 - _LEAST_FAILED) / (1 - shares["failed"])
        shares = {state: share * rest for state, share in shares.items()}
        shares["failed"] = _LEAST_FAILED
    return shares


def _totals(cells: Sequence[Cell]) -> dict[State, int]:
    return {state: sum(getattr(cell, state) for cell in cells) for state in _STATES}


def state_names(unknown: str) -> dict[State, str]:
    """Return the name of each state; `unknown` says what is known of those that are unknown."""
    return {state: unknown if state == "unknown" else state for state in _STATES}


def grid_note(cells: Sequence[Cell], noun: str, *, enlarges: bool = True) -> str:
    """Return how many tasks a cell stands for, and whether failed ones are drawn larger."""
    size = max((cell.num_tasks for cell in cells), default=1)
    has_failed = enlarges and any(cell.failed for cell in cells)
    large = ", failed ones enlarged" if size > 1 and has_failed else ""
    held = f"one {noun}" if size == 1 else f"{size:,} {noun}s"
    return f"each cell: {held}, in the order of their numbers{large}"


def grid_sentence(cells: Sequence[Cell], names: Mapping[State, str], noun: str) -> str:
    """Return a sentence that says the same as a grid.

    Args:
        cells: the cells.
        names: the name of each state.
        noun: what the cells stand for, in the singular.
    """
    totals = _totals(cells)
    total = sum(totals.values())
    counts = ", ".join(f"{totals[state]:,} {names[state]}" for state in _STATES if totals[state])
    said = f"Of {_counted(total, noun)}: {counts}." if total else f"There are no {noun}s."
    places = [cell for cell in cells if cell.failed]
    if not places:
        return said
    shown = ", ".join(_name(cell) for cell in places[:10])
    more = f" and {short(len(places) - 10)} more cells" if len(places) > 10 else ""
    return f"{said} Failed ones are in: {shown}{more}."


def _name(cell: Cell) -> str:
    last = cell.first + cell.num_tasks - 1
    return str(cell.first) if last == cell.first else f"{cell.first}-{last}"


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
