"""Parts of a page: escaped texts, tables and sections."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from taskfarm_cli.common.text import printable


def escaped(text: str) -> str:
    """Return a text as HTML, with what is not printable as escapes."""
    return html.escape(printable(text))


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of plain text."""
    return f'<p class="{kind}">{escaped(text)}</p>' if kind else f"<p>{escaped(text)}</p>"


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
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    if not lines:
        return paragraph(empty) if empty else ""
    head = "".join(f'<th scope="col">{escaped(text)}</th>' for text in heads)
    # A wide table scrolls by itself, also by the keyboard, so that the page does not.
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{escaped(value)}</td>"
