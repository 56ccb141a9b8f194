"""The chart of workers: a row for each worker or host, as high as it computed much."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

from taskfarm_sdk.charts import _checked
from taskfarm_sdk.charts._axes import dates_note, short, time_labels, time_text
from taskfarm_sdk.charts._chart import Chart, framed
from taskfarm_sdk.charts._markup import drawing, escaped, labels, path, rectangle, tag
from taskfarm_sdk.hidden import shown_half_made

_HEIGHT = 10.0
Amounts = Sequence[float]


def _amounts(busy: Amounts) -> Amounts:
    """Return the amounts of a row as floats."""
    with _checked.naming("busy", "numbers in a sequence"):
        _checked.count("its length", len(busy), least=0, most=_checked.MOST_CELLS)
        return tuple(_checked.number("each", amount) for amount in busy)


@shown_half_made
@attrs.frozen(kw_only=True)
class Row:
    """A worker, or all workers of a host.

    Attributes:
        name: what its label says.
        busy: how many tasks it computed at once, on average, in each of the chart's equal parts of
            time. All rows have equally many.

    Raises:
        ValueError: the name is no text, or what is in `busy` no number.
    """

    name: str
    busy: Amounts = attrs.field(converter=_amounts)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        _checked.text("name", self.name)


def workers(
    rows: Sequence[Row],
    *,
    begin_s: float,
    end_s: float,
    others: int = 0,
    title: str = "Who worked when",
) -> Chart:
    """Return a chart with a row for each worker, over time.

    Args:
        rows: the workers, from `Timeline.amounts` divided by the width of a part of time.
        begin_s: the time at the left.
        end_s: the time at the right.
        others: how many workers have no row of their own, for the sentence.
        title: the chart's title.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    rows = _checked.all_of("rows", rows, Row)
    begin_s, end_s = _checked.number("begin_s", begin_s), _checked.number("end_s", end_s)
    others = _checked.count("others", others, least=0)
    _checked.text("title", title)
    parts = len(rows[0].busy) if rows else 0
    if any(len(row.busy) != parts for row in rows):
        raise ValueError("all rows need equally many parts of time")
    top = max((amount for row in rows for amount in row.busy if math.isfinite(amount)), default=0.0)
    sentence = _sentence(rows, begin_s, end_s, others, top)
    if not parts or not top > 0:
        return framed(title=title, note="", sentence=sentence, svg="", body="")
    shapes = [_shape(row, top) for row in rows]
    lines = "".join(
        tag("span", escaped(row.name), kind="tf-name") + drawing(parts, _HEIGHT, shape, sentence="")
        for row, shape in zip(rows, shapes, strict=True)
    )
    x = labels(time_labels(begin_s, end_s), "tf-x")
    stacked = "".join(
        f'<g transform="translate(0 {(_HEIGHT + 1) * index:g})">{shape}</g>'
        for index, shape in enumerate(shapes)
    )
    return framed(
        title=title,
        note=f"full height: {short(top)} at once; {dates_note(begin_s, end_s)}",
        sentence=sentence,
        svg=drawing(parts, (_HEIGHT + 1) * len(rows), stacked, sentence=sentence),
        body=tag("div", f"{lines}{x}", kind="tf-rows"),
    )


def _shape(row: Row, top: float) -> str:
    bars = (
        rectangle(index, _HEIGHT - high, 1, high)
        for index, amount in enumerate(row.busy)
        # Work that took a small part of the time is visible too.
        if amount > 0 and (high := max(1.0, _HEIGHT * min(amount / top, 1.0)))
    )
    ground = path(f"M0 {_HEIGHT:g}h{len(row.busy)}", "tf-rule")
    return ground + path("".join(bars), "tf-fill-computing")


def _sentence(rows: Sequence[Row], begin_s: float, end_s: float, others: int, top: float) -> str:
    if not rows or not top > 0:
        return "No work was recorded yet."
    parts = len(rows[0].busy)
    together = [sum(row.busy[part] for row in rows) for part in range(parts)]
    names = "1 row shows" if len(rows) == 1 else f"{len(rows)} rows show"
    said = (
        f"{names} who computed tasks from {time_text(begin_s)} to {time_text(end_s)} UTC; together "
        f"they computed {short(sum(together) / parts)} tasks at once on average, and "
        f"{short(max(together))} at most."
    )
    return f"{said} {others} more have no row of their own." if others else said
