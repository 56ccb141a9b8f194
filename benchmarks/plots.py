"""The curves, drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.rows import Curve

# What stands on the axes of the plots whose name begins so, and whether the upward one is a log.
AXES = {
    "tasks/s over clients": ("clients", "tasks/s", False),
    "efficiency": ("task length in s", "% of the time in the task's own code", False),
    "memory": ("part of the work done", "MiB", False),
    "": ("tasks in the run", "seconds", True),
}


def draw(curves: Sequence[Curve], folder: Path) -> dict[str, Path]:
    """Write a picture of each plot, and return the files by what they show."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(curve.plot for curve in curves))
    return {
        name: _draw(name, [one for one in curves if one.plot == name], folder) for name in names
    }


def _draw(name: str, curves: Sequence[Curve], folder: Path) -> Path:
    import matplotlib as mpl

    mpl.use("svg")
    # The same file for the same figures.
    mpl.rcParams["svg.hashsalt"] = name
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    for curve in curves:
        x, y = zip(*curve.points, strict=True)
        axes.plot(x, y, marker="o", markersize=3, label=curve.side)
    across, up, is_log = next(axis for start, axis in AXES.items() if name.startswith(start))
    if not name.startswith("memory"):
        axes.set_xscale("log", base=2 if across == "clients" else 10)
    if is_log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set(title=name, xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    file = folder / (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + ".svg")
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
    return file
