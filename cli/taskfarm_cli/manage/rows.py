"""The rows of several runs, one line each: what fits into a terminal, without escape sequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_cli.common import bars
from taskfarm_cli.common.text import counted, cut
from taskfarm_cli.common.times import duration
from taskfarm_cli.manage.standing import Row, Standing
from taskfarm_sdk._items.counts import items_done

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus

# So many characters of a UUID are enough for all modes that read; more where runs share them.
_LEAST_PREFIX, _UUID_LENGTH = 8, 32
_LONGEST_NAME = 20
# From this width on, UUIDs are whole.
_WIDE = 120
_LEAST_BAR = 6
_PERCENT = len("100.0 %")
_RANKS = {Standing.COMPUTING: 1, Standing.WAITING: 2, Standing.FINISHED: 3}


class Line(NamedTuple):
    """A line of the table.

    Attributes:
        begin: the run's name.
        bar: the bar, or an empty text.
        middle: percentage and number of what is done.
        end: how the run stands.
        standing: the same, for colours; None for the last line, which tells of other runs.
    """

    begin: str
    bar: str = ""
    middle: str = ""
    end: str = ""
    standing: Standing | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.begin, self.bar, self.middle, self.end) if part)


def table(
    rows: Sequence[Row], *, columns: int, lines: int, now: float, glyphs: str = bars.ASCII
) -> list[Line]:
    """Return the lines that show runs.

    Where there are more runs than lines, those that failed or need attention are shown first, then
    those that are computed, that wait, and that are finished; the last line tells of the others.

    Args:
        rows: the runs, in their order.
        columns: how many columns a line has; the last one stays empty.
        lines: how many lines there are.
        now: seconds of the clock of the rows' estimates.
        glyphs: what bars consist of.
    """
    shown = chosen(rows, lines)
    drawn = _drawn(shown, columns - 1, now, glyphs)
    kept = {row.run.uuid for row in shown}
    others = [row for row in rows if row.run.uuid not in kept]
    return [*drawn, Line(cut(_others(others), columns - 1))] if others else drawn


def chosen(rows: Sequence[Row], lines: int) -> list[Row]:
    """Return the runs that get a line of their own, in their order."""
    if len(rows) <= lines:
        return list(rows)
    ranked = sorted(range(len(rows)), key=lambda place: _rank(rows[place].standing))
    return [rows[place] for place in sorted(ranked[: max(0, lines - 1)])]


def _rank(standing: Standing) -> int:
    return 0 if standing.needs_attention else _RANKS[standing]


def _others(rows: Sequence[Row]) -> str:
    counts = Counter(row.standing for row in rows)
    told = ", ".join(f"{counts[one]} {one.value}" for one in Standing if counts[one])
    return f"and {counted(len(rows), 'run')} more: {told}"


def _drawn(rows: Sequence[Row], columns: int, now: float, glyphs: str) -> list[Line]:
    counts = [_count(row, is_short=False) for row in rows]
    if columns < _WIDE and max(map(len, counts), default=0) > columns // 3:
        counts = [_count(row, is_short=True) for row in rows]
    count = max(map(len, counts), default=0)
    is_wide = columns >= _WIDE
    names: list[str] = []
    level: Level = _bare
    widest = room = bar = 0
    for longest in (_UUID_LENGTH if is_wide else _LONGEST_NAME, _LEAST_PREFIX):
        names = _names(rows, longest, is_wide=is_wide)
        widest = max(map(len, names), default=0)
        room = columns - widest - _PERCENT - count - 5
        level, bar = _level(rows, room, now)
        if level is not _bare:
            break
    return [
        Line(
            f"{name:<{widest}}",
            bars.bar(row.status, bar, glyphs) if bar else "",
            f"{bars.short_percent(row.status):>{_PERCENT}}  {done:>{count}} ",
            cut(level(row, now), room - bar - bool(bar)),
            row.standing,
        )
        for name, row, done in zip(names, rows, counts, strict=True)
    ]


def _names(rows: Sequence[Row], longest: int, *, is_wide: bool) -> list[str]:
    """Return the runs' names, cut, or where these are equal the beginnings of their UUIDs."""
    length = _UUID_LENGTH if is_wide else _told_apart([row.run.uuid for row in rows])
    names = [cut(row.name or "", longest) for row in rows]
    alike = Counter(names)
    return [
        name if name and alike[name] == 1 else row.run.uuid[:length]
        for name, row in zip(names, rows, strict=True)
    ]


def _told_apart(uuids: Sequence[str]) -> int:
    """Return how many characters of UUIDs tell them apart."""
    for length in range(_LEAST_PREFIX, _LONGEST_NAME):
        if len({uuid[:length] for uuid in uuids}) == len(uuids):
            return length
    return _LONGEST_NAME


def _count(row: Row, *, is_short: bool) -> str:
    count = None if row.items is None else items_done(row.items.chunks, row.status)
    if count is None:
        return f"{row.status.done} of {row.status.num_tasks}"
    if is_short:
        return f"{'' if count.is_exact else '~'}{count.done} of {count.total}"
    return str(count).removesuffix(" done")


Level = Callable[[Row, float], str]


def _level(rows: Sequence[Row], room: int, now: float) -> tuple[Level, int]:
    """Return how much is told of each run, and how wide the bars are; `_bare` if little fits."""
    for level in (_in_full, _in_short, _in_a_word):
        width = max((len(level(row, now)) for row in rows), default=0)
        if room - width - 1 >= _LEAST_BAR:
            return level, min(bars.MOST_WIDTH, room - width - 1)
    fits = all(len(_in_a_word(row, now)) <= room for row in rows)
    return (_in_a_word if fits else _bare), 0


def _in_full(row: Row, now: float) -> str:
    status, left = row.status, _time_left(row, now)
    if row.standing is not Standing.COMPUTING:
        return _in_short(row, now)
    words = [f"{status.computing} computing, {status.waiting} waiting"]
    if row.estimate is not None and left:
        words += [row.estimate.rate_text(), left]
    return ", ".join(words)


def _in_short(row: Row, now: float) -> str:
    status = row.status
    computing = f"{status.computing} computing"
    match row.standing:
        case Standing.COMPUTING:
            left = _time_left(row, now)
            return f"{computing}, {left}" if left else computing
        case Standing.STALE:
            return f"{computing}, no sign of life for {duration(row.stale_s or 0)}"
        case Standing.WAITING:
            return f"{status.waiting} waiting{', nobody computes' if row.is_idle else ''}"
        case Standing.FAILED:
            return f"finished, {counted(status.failed or 0, 'task')} failed"
        case Standing.FINISHED:
            return f"finished{_doubt(status)}"
        case Standing.DELETED | Standing.UNREADABLE:
            return _in_a_word(row, now)


def _in_a_word(row: Row, now: float) -> str:
    match row.standing:
        case Standing.COMPUTING if left := _time_left(row, now):
            return left
        case Standing.STALE:
            return f"stale for {duration(row.stale_s or 0)}"
        case Standing.FAILED:
            return f"{row.status.failed} failed"
        case Standing.FINISHED if row.status.failed is None:
            return "finished, failed?"
        case Standing.UNREADABLE:
            return "cannot be read"
        case standing:
            return str(standing.value)


def _bare(row: Row, now: float) -> str:  # noqa: ARG001 - as Level has it
    return str(row.standing.value)


def _time_left(row: Row, now: float) -> str:
    return "" if row.estimate is None else row.estimate.left_text(now)


def _doubt(status: RunStatus) -> str:
    return "" if status.failed is not None else ", unknown whether tasks failed"
