"""The progress of a run as one bar."""

from __future__ import annotations

import math

from taskfarm_sdk.charts import _checked
from taskfarm_sdk.charts._chart import Chart, framed
from taskfarm_sdk.charts._markup import drawing, legend, path, rectangle

_WIDTH = 1000.0
_LESS_THAN_ALL = 99.9
# Of a larger percentage, which another client has written, the order of magnitude is enough.
_READABLE = 1e4


def bar(
    *,
    waiting: int,
    computing: int,
    done: int,
    failed: int | None,
    percent: float | None = None,
    title: str = "Progress",
) -> Chart:
    """Return a bar with the counts of a run.

    Args:
        waiting: how many tasks wait.
        computing: how many are being computed.
        done: how many are done, those that failed among them, as in `RunStatus.done`.
        failed: how many of `done` have failed for good; None if that is unknown.
        percent: the percentage of the whole run, with parts of tasks; None to leave it out.
        title: the chart's title.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    waiting = _checked.any_count("waiting", waiting)
    computing = _checked.any_count("computing", computing)
    done = _checked.any_count("done", done)
    failed = None if failed is None else _checked.any_count("failed", failed)
    percent = None if percent is None else _checked.number("percent", percent)
    _checked.text("title", title)
    total = waiting + computing + done
    parts = (
        ("failed", failed or 0),
        ("done", done - (failed or 0)),
        ("computing", computing),
        ("waiting", waiting),
    )
    sentence = _sentence(total, waiting, computing, done, failed)
    shapes, left = "", 0.0
    for name, count in parts:
        width = _WIDTH * max(0, count) / total if total else 0.0
        shapes += path(rectangle(left, 0, width, 1) if width else "", f"tf-fill-{name}")
        left += width
    svg = drawing(_WIDTH, 1, shapes, sentence=sentence, kind="tf-bar")
    return framed(
        title=title,
        note=_note(percent, is_open=waiting > 0 or computing > 0),
        sentence=sentence,
        svg=svg,
        body=svg,
        legend=legend((f"tf-fill-{name}", name) for name, count in parts if count > 0),
    )


def _note(percent: float | None, *, is_open: bool) -> str:
    if percent is None or not math.isfinite(percent):
        return ""
    # 100 % says that all is done.
    is_less = percent < 100 or (percent == 100 and is_open)
    shown = min(percent, _LESS_THAN_ALL) if is_less else percent
    return f"{shown:.1f} %" if abs(shown) < _READABLE else f"{shown:.1e} %"


def _sentence(total: int, waiting: int, computing: int, done: int, failed: int | None) -> str:
    if not total:
        return "The run has no tasks."
    fallen = "an unknown number of them failed" if failed is None else f"{failed:,} of them failed"
    tasks = "1 task" if total == 1 else f"{total:,} tasks"
    others = f"{computing:,} computing and {waiting:,} waiting"
    return f"Of {tasks}, {done:,} are done ({fallen}), {others}."
