"""What a measurement gives: rows of the table and curves of the plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from benchmarks.rounds import Spread

Point = tuple[float, float]


@attrs.frozen(kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        against: what it is compared with.
        target: what is to be reached; empty where the figure is only reported.
        figure: what came out, with its spread.
        reached: whether it reaches the target; None where there is none, or nothing was measured.
        note: what else there is to know, such as what is missing here and how to get it.
        samples: what each side gave in each round.
        measure: the module that measured it, which the program fills in.
    """

    what: str
    against: str
    figure: str
    target: str = ""
    reached: bool | None = None
    note: str = ""
    samples: Mapping[str, Sequence[float]] = attrs.field(factory=dict)
    measure: str = ""


@attrs.frozen(kw_only=True)
class Curve:
    """One line of a plot.

    Attributes:
        plot: which one.
        side: what the line is of.
        points: x and y.
        measure: the module that measured it, which the program fills in.
    """

    plot: str
    side: str
    points: Sequence[Point]
    measure: str = ""


Result = Row | Curve


def at_least(figure: Spread, least: float) -> tuple[str, bool]:
    """Return how a target is written, and whether the figure's median reaches it."""
    return f">= {least:g}", figure.median >= least


def at_most(figure: Spread, most: float) -> tuple[str, bool]:
    """Return how a target is written, and whether the figure's median keeps it."""
    return f"<= {most:g}", figure.median <= most


def missing(what: str, against: str, reason: str) -> Row:
    """Return the row of what cannot be measured here."""
    return Row(what=what, against=against, figure="not measured", note=f"missing: {reason}")
