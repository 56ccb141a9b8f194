"""Charts of runs: pure functions from data to SVG and HTML, for pages, reports and notebooks.

```python
from taskfarm_sdk import charts

chart = charts.durations([0.8, 1.1, 0.9, 7.5])
page = f"<!doctype html><style>{charts.STYLE}</style>{chart.html}"
```

The shapes are SVG that stretches to the width of the page; labels are HTML, so that they keep their
size on a phone. Colours come from the style sheet `STYLE`, which follows the system's light or dark
scheme and prints light. Nothing contains a script, a `style` attribute or the address of another
file, so the strictest content security policy can stay. All texts are escaped. Each chart has a
sentence that says the same as the picture. For terminals and pipes, `text_bar` and `text_grid` draw
a bar and a grid as plain text.

Times are seconds since 1970 in UTC, as `time.time()` and `datetime.timestamp()` return them.
"""

from taskfarm_sdk.charts._axes import duration_text, rate_text, time_text
from taskfarm_sdk.charts._bar import bar
from taskfarm_sdk.charts._chart import Chart
from taskfarm_sdk.charts._durations import durations
from taskfarm_sdk.charts._grid import Cell, cells, grid
from taskfarm_sdk.charts._rates import rates
from taskfarm_sdk.charts._style import STYLE
from taskfarm_sdk.charts._text import TextGrid, text_bar, text_grid
from taskfarm_sdk.charts._throughput import throughput
from taskfarm_sdk.charts._timeline import Timeline
from taskfarm_sdk.charts._workers import Row, workers

__all__ = [
    "STYLE",
    "Cell",
    "Chart",
    "Row",
    "TextGrid",
    "Timeline",
    "bar",
    "cells",
    "duration_text",
    "durations",
    "grid",
    "rate_text",
    "rates",
    "text_bar",
    "text_grid",
    "throughput",
    "time_text",
    "workers",
]
