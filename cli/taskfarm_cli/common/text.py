"""Format counts, percentages, commands and lines for people."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence

# A command in backticks stays in one piece, so that it can be copied.
_PIECES = re.compile(r"`[^`]*`\S*|\S+")
INDENT = "  "
# A percentage that another client wrote can have 300 digits.
READABLE = 1e4


def counted(number: int | str, noun: str) -> str:
    """Return a number with its noun: `1 task`, `2 tasks`."""
    return f"{number} {noun}" if str(number) == "1" else f"{number} {noun}s"


def percentage(value: float) -> str:
    """Return a percentage with one decimal, or an empty text if it is not a finite number."""
    if not math.isfinite(value):
        return ""
    return f"{value:5.1f} %" if abs(value) < READABLE else f"{value:.1e} %"


def command(*words: str) -> str:
    """Return a command in backticks, quoted so that it works when it is pasted into a shell."""
    return f"`{shlex.join(words)}`"


def manage_command(baseurl: str | None, *words: str) -> str:
    """Return a command of manageTF in backticks.

    Args:
        baseurl: the URL given with -b, which the command needs too; None if none was given.
        words: its options and its UUID.
    """
    return command("manageTF", *(() if baseurl is None else ("-b", baseurl)), *words)


def wrapped(text: str, columns: int, command: str = "") -> str:
    """Break a line at blanks, so that it fits into a number of columns; indent what follows.

    A word or a command that is longer keeps a line of its own.

    Args:
        text: the line; commands in it are in backticks.
        columns: the width.
        command: a command to add at the end.
    """
    lines: list[str] = []
    line = ""
    for piece in [*_PIECES.findall(text), *([command] if command else [])]:
        longer = f"{line} {piece}" if line.strip() else f"{line}{piece}"
        if len(longer) <= columns or not line.strip():
            line = longer
        else:
            lines.append(line)
            line = f"{INDENT}{piece}"
    return "\n".join([*lines, line])


def fitting(pieces: Sequence[str], columns: int) -> str:
    """Join pieces of a line, leaving out the last ones that do not fit into the columns."""
    shown = list(pieces)
    while len(shown) > 1 and len("   ".join(shown)) > columns:
        shown.pop()
    return "   ".join(shown)[:columns]
