"""Looks at which threads wait for a condition, in place of giving them time to get there."""

from __future__ import annotations

import threading

from tests.support.processes import wait_until


def count_waiting(condition: threading.Condition) -> int:
    """Return how many threads wait, those that were notified and go on soon left out."""
    return len(condition._waiters)  # type: ignore[attr-defined]


def wait_until_waiting(condition: threading.Condition, threads: int = 1) -> None:
    """Return as soon as so many threads have found that they must wait."""
    wait_until(lambda: count_waiting(condition) == threads)
