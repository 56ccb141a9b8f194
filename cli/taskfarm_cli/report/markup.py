"""Parts of a page: escaped texts, tables and sections."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from taskfarm_cli.common.text import printable

# A text that is longer is broken into lines, which a host's name or a time is not.
_LONG = 40
# No cell of a table is larger, whatever its text contains, so that no journal makes a large page.
MOST_CELL_BYTES = 750
# The name of a machine, or an item.
MOST_NAME_BYTES = 200
_MOST_DETAILS_BYTES = 4000
_CUT = "…"
_CODE = re.compile("`([^`]+)`")


def escaped(text: str) -> str:
    """Return a text as HTML, with what is not printable as escapes."""
    return html.escape(printable(text))


def clipped(text: str, most_bytes: int) -> str:
    """Return the part of a text whose HTML fits into a number of bytes, printable.

    Args:
        text: the text; what is cut off is replaced by an ellipsis.
        most_bytes: the number.
    """
    shown = printable(text[:most_bytes])
    if len(text) <= most_bytes and len(html.escape(shown).encode()) <= most_bytes:
        return shown
    left = most_bytes - len(_CUT.encode())
    for place, character in enumerate(shown):
        left -= len(html.escape(character).encode())
        if left < 0:
            return f"{shown[:place]}{_CUT}"
    return f"{shown}{_CUT}"


def paragraph(text: str) -> str:
    """Return a paragraph of plain text, in which commands are in backticks."""
    return f"<p>{_CODE.sub(_as_code, escaped(text))}</p>"


def details(summary: str, text: str) -> str:
    """Return a text of several lines that is shown when it is asked for."""
    heading = escaped(clipped(summary, MOST_CELL_BYTES))
    lines = "\n".join(map(escaped, _first_lines(text)))
    return f'<details><summary>{heading}</summary><pre tabindex="0">{lines}</pre></details>'


def _first_lines(text: str) -> Iterator[str]:
    left = _MOST_DETAILS_BYTES
    for line in text.splitlines():
        shown = clipped(line, left)
        yield shown
        left -= len(html.escape(shown).encode()) + 1
        if left <= len(_CUT.encode()):
            yield _CUT
            return


def _as_code(found: re.Match[str]) -> str:
    return f"<code>{found[1]}</code>"


def section(title: str, *parts: str) -> str:
    """Return a section with a heading; nothing if all its parts are empty."""
    content = "".join(parts)
    return f"<section><h2>{escaped(title)}</h2>{content}</section>" if content else ""


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str | int]], empty: str = ""
) -> str:
    """Return a table; numbers are set to the right.

    Args:
        caption: what it shows.
        heads: the heads of the columns.
        rows: the cells of each row, texts or numbers.
        empty: what to say in its place if there are no rows.
    """
    cells = [list(row) for row in rows]
    if not cells:
        return paragraph(empty) if empty else ""
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in cells)
    head = "".join(map(_head, heads, cells[0]))
    # A wide table scrolls by itself, also by the keyboard, so that the page does not.
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _head(text: str, below: str | int) -> str:
    kind = ' class="n"' if isinstance(below, int) else ""
    return f'<th scope="col"{kind}>{escaped(text)}</th>'


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    kind = ' class="long"' if len(value) > _LONG else ""
    return f"<td{kind}>{escaped(clipped(value, MOST_CELL_BYTES))}</td>"
