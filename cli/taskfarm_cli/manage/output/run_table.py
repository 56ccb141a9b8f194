"""The table of `--list` on a terminal, as text: the runs of a server, the newest last.

On a wide terminal each run is one line. On another, a run that is shown with its progress has a
second line, because its UUID stays in one piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common import bars
from taskfarm_cli.common.text import counted, cut, printable, width
from taskfarm_cli.common.times import age

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunNote
    from taskfarm_sdk import Run, RunStatus

_GAP = "  "
_UUID = 32
_LEAST_NAME, _MOST_NAME = 8, 24
# What another client stored as the number of tasks can be any text.
_MOST_TASKS = 12
_LEAST_BAR, _MOST_BAR = 8, 40
_PERCENT = len(" 100.0 %")
_COUNTS = ("WAITING", "COMPUTING", "DONE", "FAILED")
_UNKNOWN = "unknown"

BOLD, DIM, GREEN, RED = "bold", "dim", "green", "bold red"
# A text with its style.
Part = tuple[str, str]
Line = tuple[Part, ...]


class Columns(NamedTuple):
    """The widths of a table's columns.

    Attributes:
        all: the width of a line at most.
        name: that of names; 0 where no run has one.
        age: that of ages; 0 where none is known.
        tasks: that of numbers of tasks; 0 where there is no room for them.
        counts: that of each count.
        bar: that of the bar and the percentage, in one line with the rest; 0 for a second line.
    """

    all: int
    name: int
    age: int
    tasks: int
    counts: tuple[int, ...]
    bar: int

    @property
    def has_one_line(self) -> bool:
        """Whether the progress of a run is in the line of the run."""
        return self.bar > 0

    @property
    def left(self) -> int:
        """The width of the columns that tell no progress."""
        others = (self.name, self.age, self.tasks)
        return _UUID + sum(len(_GAP) + width for width in others if width)

    def rows(self, lines: int) -> int:
        """Return how many runs with their progress so many lines hold, below the head."""
        return max(1, (lines - 1) // (1 if self.has_one_line else 2))


class Table:
    """A table of runs.

    Args:
        runs: the runs, the newest last.
        notes: what is noted about them, by their UUIDs.
        columns: the width of the terminal.
        now: the time, in seconds since 1970.
        glyphs: what bars consist of: `bars.ASCII` or `bars.LINES`.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        notes: Mapping[str, RunNote],
        columns: int,
        now: float,
        glyphs: str = bars.LINES,
    ) -> None:
        self._runs = runs
        self._notes = notes
        self._now = now
        self._glyphs = glyphs
        self._tasks = {run.uuid: cut(printable(run.num_tasks_text), _MOST_TASKS) for run in runs}
        self.columns = self._fitted(columns)

    def head(self) -> str:
        """Return the names of the columns."""
        columns = self.columns
        head = self._left("UUID", "NAME", "AGE", "TASKS")
        if not columns.has_one_line:
            return head
        counts = _in_columns(_COUNTS, columns.counts)
        return f"{head}{_GAP}{'PROGRESS':<{columns.bar}}{counts}"

    def older(self, number: int) -> Iterator[str]:
        """Yield the lines of so many runs, the oldest, whose progress is not shown."""
        for run in self._runs[:number]:
            yield self._line(run)

    def newest(self, number: int, statuses: Mapping[str, RunStatus | None]) -> Iterator[Line]:
        """Yield the lines of so many runs, the newest.

        Args:
            number: how many.
            statuses: their statuses; that of a run that was deleted meanwhile is missing, and None
                if it could not be read.
        """
        for run in self._runs[len(self._runs) - number :]:
            left = (self._line(run), "")
            status = statuses.get(run.uuid)
            if status is None:
                gone = run.uuid not in statuses
                told = "was deleted meanwhile" if gone else "its status could not be read"
                progress: Line = ((_GAP, ""), (told, DIM))
            elif self.columns.has_one_line:
                progress = (*self._progress(status, self.columns.bar), *self._counts(status))
            else:
                progress = self._second(status)
            if self.columns.has_one_line:
                # A run with more rows than tasks has counts that are wider than their columns.
                yield _cut((left, *progress), self.columns.all)
            else:
                yield (left,)
                yield progress

    def _fitted(self, columns: int) -> Columns:
        known = [note for run in self._runs if (note := self._notes.get(run.uuid)) is not None]
        name = max((len(note.name or "") for note in known), default=0)
        made = Columns(
            all=columns,
            name=min(_MOST_NAME, max(len("NAME"), name)) if name else 0,
            age=max((len(self._age(note)) for note in known), default=0),
            tasks=max(len("TASKS"), *map(len, self._tasks.values()), 0),
            counts=(),
            bar=0,
        )
        digits = made.tasks
        counts = tuple(max(len(title), digits) for title in _COUNTS)
        counts = (*counts[:-1], max(counts[-1], len(_UNKNOWN)))
        room = columns - made.left - len(_GAP) - sum(len(_GAP) + width for width in counts)
        if room >= _LEAST_BAR + _PERCENT:
            return made._replace(counts=counts, bar=min(_MOST_BAR + _PERCENT, room))
        if made.left > columns:
            # The second line tells how many tasks there are.
            made = made._replace(tasks=0)
        room = columns - made._replace(name=0).left - len(_GAP)
        return made._replace(name=min(made.name, max(_LEAST_NAME, room)))

    def _age(self, note: RunNote) -> str:
        return "" if note.created_s is None else age(self._now - note.created_s)

    def _line(self, run: Run) -> str:
        note = self._notes.get(run.uuid)
        name, old = ("", "") if note is None else (note.name or "", self._age(note))
        return self._left(run.uuid, name, old, self._tasks[run.uuid])

    def _left(self, uuid: str, name: str, old: str, tasks: str) -> str:
        columns = self.columns
        parts = [f"{uuid:<{_UUID}}"]
        if columns.name:
            parts.append(f"{cut(name, columns.name):<{columns.name}}")
        if columns.age:
            parts.append(f"{old:>{columns.age}}")
        if columns.tasks:
            parts.append(f"{tasks:>{columns.tasks}}")
        return cut(_GAP.join(parts), columns.all)

    def _second(self, status: RunStatus) -> Line:
        """Return the second line about a run: bar, percentage and counts, as far as they fit."""
        room = self.columns.all - len(_GAP)
        text, style = _told(status, room - _PERCENT - len(_GAP))
        left = room - len(text) - len(_GAP)
        if left < _PERCENT:
            return (_GAP, ""), (cut(text, room), style)
        return (
            *self._progress(status, min(_MOST_BAR + _PERCENT, left)),
            (f"{_GAP}{text}", style),
        )

    def _progress(self, status: RunStatus, width: int) -> Line:
        """Return a gap, the bar and the percentage: the bar only if there is room for one."""
        told = f"{bars.short_percent(status):>{_PERCENT}}"
        bar = width - _PERCENT
        if bar < _LEAST_BAR:
            return (_GAP, ""), (told, "")
        return (_GAP, ""), *bars.styled(bars.bar(status, bar, self._glyphs)), (told, "")

    def _counts(self, status: RunStatus) -> Line:
        widths = self.columns.counts
        numbers = (str(status.waiting), str(status.computing), str(status.done))
        failed = _UNKNOWN if status.failed is None else str(status.failed)
        style = RED if status.failed else DIM if status.failed is None else ""
        return (
            (_in_columns(numbers, widths[:-1]), ""),
            (_in_columns((failed,), widths[-1:]), style),
        )


def _cut(line: Line, columns: int) -> Line:
    fitting: list[Part] = []
    for text, style in line:
        fitting.append((cut(text, columns), style))
        columns = max(0, columns - width(text))
    return tuple(fitting)


def _in_columns(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{_GAP}{text:>{width}}" for text, width in zip(texts, widths, strict=True))


def _told(status: RunStatus, room: int) -> Part:
    """Return how a run is doing; with less room, without the number of its tasks."""
    total = counted(status.num_tasks, "task")
    if not status.finished:
        counts = f"{status.waiting} waiting{_GAP}{status.computing} computing{_GAP}{status.done}"
        whole = f"{counts} of {status.num_tasks} done"
        return whole if len(whole) <= room else f"{counts} done", ""
    if status.failed is None:
        return f"finished: how many of {total} failed is unknown", BOLD
    if status.failed:
        return f"finished: {status.failed} of {total} failed", RED
    return f"finished: {total} done", GREEN
