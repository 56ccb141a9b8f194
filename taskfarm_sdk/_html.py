"""HTML that notebooks show of values: self-contained, escaped, in the colours of the page.

Text and lines have the colour of the text around them, and bars have colours that stand out on
light and dark pages. There are no scripts, no links and no style sheets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

DONE, FAILED, COMPUTING = "#2b8a3e", "#c92a2a", "#1c7ed6"
# Of a long list, a page shows so many.
MOST_ROWS = 100
_BAR = "display:flex;max-width:30em;height:.7em;border:1px solid;border-radius:.2em;overflow:hidden"
_CELL = "text-align:left;padding:.1em .8em .1em 0"


def escaped(text: object) -> str:
    """Return a text for a page: characters of HTML are escaped, and controls are replaced."""
    from html import escape

    # A half of a character cannot be sent to a page either.
    return escape(
        "".join(c if c.isprintable() else " " if c in "\n\t" else "\ufffd" for c in str(text))
    )


def table(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """Return a table; without a head, the first cell of each row is the row's head.

    Args:
        rows: the cells' texts, which are escaped.
        head: the columns' names.
    """
    named = "".join(f'<th scope="col" style="{_CELL}">{escaped(name)}</th>' for name in head)
    top = f"<thead><tr>{named}</tr></thead>" if head else ""
    body = "".join(f"<tr>{_cells(row, has_head=not head)}</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"


def bar(parts: Sequence[tuple[int, str]], whole: int, label: str) -> str:
    """Return a bar whose parts are shares of a whole.

    Args:
        parts: number and colour of each; what is left of the whole stays empty.
        whole: the number that fills the bar.
        label: says the same in words, for those who do not see it.
    """
    drawn = "".join(
        f'<div style="width:{_percent(number, whole):.2f}%;background:{colour}"></div>'
        for number, colour in parts
        if number > 0
    )
    return f'<div role="img" aria-label="{escaped(label)}" style="{_BAR}">{drawn}</div>'


def block(*parts: str) -> str:
    """Return parts of HTML, one below the other."""
    return f"<div>{''.join(parts)}</div>"


def line(text: str) -> str:
    """Return a text, escaped, as a line of its own."""
    return f"<div>{escaped(text)}</div>"


def of_run(uuid: str, number: int, num_tasks: str, url: str) -> str:
    """Return what is known of a run without a request."""
    return table([("run", uuid), ("id", number), ("tasks", num_tasks), ("server", url)])


def of_runs(how_many: int, newest: Sequence[Sequence[object]]) -> str:
    """Return a table of runs.

    Args:
        how_many: how many there are.
        newest: id, UUID and number of tasks of those that are shown.
    """
    left = how_many - len(newest)
    said = f"{how_many:,} runs" + (f"; the {left:,} oldest are not shown" if left else "")
    return block(line(said), table(newest, head=("id", "run", "tasks")))


def _cells(row: Sequence[object], *, has_head: bool) -> str:
    first = f'<th scope="row" style="{_CELL}">{escaped(row[0])}</th>' if has_head else ""
    others = row[1:] if has_head else row
    return first + "".join(f'<td style="{_CELL}">{escaped(cell)}</td>' for cell in others)


def _percent(number: int, whole: int) -> float:
    share = 100 * number / whole if whole > 0 else 0.0
    return min(100.0, share) if math.isfinite(share) else 0.0
