"""Cases that a test tries in one go, counted for the last lines of a run of the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

COUNTED = "counted"
"""The property of a test that tried many cases: their kind and their number."""


def summary(reports: Iterable[pytest.TestReport]) -> str:
    """Return the line that tells how many cases the tests tried, by kind; empty without any.

    Args:
        reports: of tests that have ended.
    """
    counts: Counter[str] = Counter()
    for report in reports:
        for name, value in report.user_properties:
            if name == COUNTED and isinstance(value, list | tuple):
                kind, number = value
                counts[str(kind)] += int(str(number))
    told = ", ".join(f"{number:,} {kind}" for kind, number in sorted(counts.items()))
    return f"tried: {told}" if told else ""
