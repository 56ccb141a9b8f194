"""The table, as lines, as JSON and as docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from benchmarks.rows import Curve, Result, Row

HEAD = """# Benchmarks

Written by `make bench`. The sides of each line took turns on one machine in one run, so ratios hold
and absolute figures drift: take the ratios. Figures are medians, with the least and the most of the
rounds in brackets. Rounds, samples and the machine are in build/bench/results.json too. Where the
time goes, and why a line was not reached: [explanation/speed.md](explanation/speed.md).

"""
AGAIN = "These were measured again after the whole run, on the same machine (`--again`): "
MARKS = {True: "yes", False: "**no**", None: ""}


def line(row: Row) -> str:
    """Return a row as a line for people."""
    target = f" [{row.target}: {'yes' if row.reached else 'NO'}]" if row.target else ""
    against = f" / {row.against}" if row.against else ""
    note = f"\n    {row.note}" if row.note else ""
    return f"{row.what}{against}: {row.figure}{target}{note}"


def as_json(facts: Mapping[str, str], results: Sequence[Result], again: Sequence[str] = ()) -> str:
    """Return everything that was measured, and which measures were taken again later."""
    rows = [attrs.asdict(one) for one in results if isinstance(one, Row)]
    curves = [attrs.asdict(one) for one in results if not isinstance(one, Row)]
    told = {"machine": facts, "again": list(again), "rows": rows, "curves": curves}
    return json.dumps(told, indent=1)


@attrs.frozen
class Earlier:
    """What an earlier program measured.

    Attributes:
        results: the rows, then the curves.
        again: which measures were taken again after the others.
    """

    results: list[Result]
    again: list[str]


def from_json(text: str) -> Earlier:
    """Return what `as_json` wrote."""
    told = json.loads(text)
    rows = [Row(**row) for row in told["rows"]]
    curves = [Curve(**curve) for curve in told["curves"]]
    return Earlier([*rows, *curves], told["again"])


def replaced(
    earlier: Sequence[Result], newer: Sequence[Result], measures: Sequence[str]
) -> list[Result]:
    """Return all results, in the order of the measures, where a newer one replaces an earlier."""
    fresh = {one.measure for one in newer}
    kept = [one for one in earlier if one.measure not in fresh]
    return sorted([*kept, *newer], key=lambda one: measures.index(one.measure))


def as_markdown(
    facts: Mapping[str, str],
    results: Sequence[Result],
    pictures: Mapping[str, Path],
    again: Sequence[str] = (),
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
    plots = "".join(f"![{name}](benchmarks/{file.name})\n\n" for name, file in pictures.items())
    table = "\n".join(lines)
    later = f"{AGAIN}{', '.join(again)}.\n\n" if again else ""
    return f"{HEAD}{later}{table}\n\n## Plots\n\n{plots}## The machine\n\n{machine}"
