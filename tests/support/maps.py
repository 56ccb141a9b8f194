"""Functions for `Farm.map` that note which items they are called with."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict


class Hasty(TypedDict):
    """Times that make a test of a mapping short."""

    retry_delay_s: float
    first_beat_s: float
    stale_after_s: float
    heartbeat_s: float


HASTY = Hasty(retry_delay_s=0.05, first_beat_s=0.2, heartbeat_s=0.5, stale_after_s=3.0)


def noting(calls: Path, function: Callable[[int], int]) -> Callable[[int], int]:
    """Return a function that notes each call in a folder, before it is made."""

    def compute(value: int) -> int:
        # A file for each process: one write at its end is never torn.
        with (calls / str(os.getpid())).open("a") as file:
            file.write(f"{value}\n")
        return function(value)

    return named_as(function, compute)


def named_as(function: Callable[[int], int], other: Callable[[int], int]) -> Callable[[int], int]:
    """Return another function under the name of a function, as its next version has it."""

    def compute(value: int) -> int:
        return other(value)

    compute.__module__, compute.__qualname__ = function.__module__, function.__qualname__
    return compute


def calls_in(calls: Path) -> Counter[int]:
    """Return how often functions were called with each item."""
    return Counter(int(line) for file in calls.iterdir() for line in file.read_text().split())
