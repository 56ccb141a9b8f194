"""The table, as lines, as JSON and as docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from benchmarks.rows import Result, Row

HEAD = """# Benchmarks

Written by `make bench`. The sides of each line took turns on one machine in one run, so ratios hold
and absolute figures drift: take the ratios. Figures are medians, with the least and the most of the
rounds in brackets. Rounds, samples and the machine are in build/bench/results.json too. Where the
time goes, and why a line was not reached: [explanation/speed.md](explanation/speed.md).

"""
MARKS = {True: "yes", False: "**no**", None: ""}


def line(row: Row) -> str:
    """Return a row as a line for people."""
    target = f" [{row.target}: {'yes' if row.reached else 'NO'}]" if row.target else ""
    against = f" / {row.against}" if row.against else ""
    note = f"\n    {row.note}" if row.note else ""
    return f"{row.what}{against}: {row.figure}{target}{note}"


def as_json(facts: Mapping[str, str], results: Sequence[Result]) -> str:
    """Return everything that was measured."""
    rows = [attrs.asdict(one) for one in results if isinstance(one, Row)]
    curves = [attrs.asdict(one) for one in results if not isinstance(one, Row)]
    return json.dumps({"machine": facts, "rows": rows, "curves": curves}, indent=1)


def as_markdown(
    facts: Mapping[str, str], results: Sequence[Result], pictures: Sequence[Path]
) -> str:
    """Return the page."""
    lines = [
        "| what | against | to reach | came out | reached |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in results:
        if isinstance(row, Row):
            figure = f"{row.figure}<br>{row.note}" if row.note else row.figure
            cells = (row.what, row.against, row.target, figure, MARKS[row.reached])
            lines.append(f"| {' | '.join(one.replace('|', '/') for one in cells)} |")
    machine = "".join(f"- {name}: {value}\n" for name, value in facts.items())
    plots = "".join(f"![{one.stem}](benchmarks/{one.name})\n\n" for one in pictures)
    table = "\n".join(lines)
    return f"{HEAD}{table}\n\n## Plots\n\n{plots}## The machine\n\n{machine}"
