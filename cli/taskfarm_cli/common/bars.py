"""The bar of a run's progress in a line of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import fitting, percentage

if TYPE_CHECKING:
    from taskfarm_sdk import RunStatus

# For what is done, what failed, and the rest.
ASCII, LINES = "#x-", "━x─"
LEAST_WIDTH, MOST_WIDTH = 10, 30
# Of bars and pictures; digits are tenths of what is computed.
_STYLES = {"━": "green", "#": "green", "x": "bold red", "─": "dim", "-": "dim", ".": "dim"}
_DIGIT_STYLE = "cyan"
_FRAME = 2
_GAP = 1
_LESS_THAN_ALL = 99.9


def bar(status: RunStatus, width: int, glyphs: str = ASCII) -> str:
    """Return the bar of a run, in a frame where it is in ASCII.

    Args:
        status: the run's status.
        width: how many columns it has, with its frame.
        glyphs: what it consists of: `ASCII` or `LINES`.
    """
    from taskfarm_sdk.charts import text_bar

    is_framed = glyphs == ASCII
    drawn = text_bar(
        waiting=status.waiting,
        computing=status.computing,
        done=status.done,
        failed=status.failed,
        percent=status.percent_done,
        width=max(0, width - _FRAME * is_framed),
        glyphs=glyphs,
    )
    return f"[{drawn}]" if is_framed else drawn


def styled(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a bar or of a row of a picture, each with its style on a terminal."""
    for glyph, same in groupby(text):
        style = _DIGIT_STYLE if glyph.isdigit() else _STYLES.get(glyph, "")
        yield "".join(same), style


def percent(status: RunStatus) -> str:
    """Return the percentage of a run with one decimal; 100 % only where it is reached.

    It never is while a task waits or is computed, whatever the mean is rounded to.
    """
    found = status.percent_done
    is_less = found < 100 or (found == 100 and not status.finished)
    shown = min(found, _LESS_THAN_ALL) if is_less else found
    return percentage(shown).strip() or "percentage unknown"


def short_percent(status: RunStatus) -> str:
    """Return the same in seven columns at most: `? %` where it is unknown or another client's."""
    shown = percent(status)
    return shown if len(shown) <= len("100.0 %") else "? %"


def barred(status: RunStatus, pieces: Sequence[str], columns: int) -> str:
    """Return a line of a bar and as many of the pieces as fit behind it.

    Where not even the first one does, there is no bar.

    Args:
        status: the run's status.
        pieces: parts of the line, the most important one first.
        columns: the width.
    """
    room = columns - LEAST_WIDTH - _GAP
    if room < len(pieces[0]):
        return fitting(pieces, columns)
    words = fitting(pieces, room)
    return f"{bar(status, min(MOST_WIDTH, columns - len(words) - _GAP))} {words}"
