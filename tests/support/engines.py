"""Engines that some tests need: PostgreSQL, Slurm, nginx, hosts of their own, systemd, Chromium.

They are started where `TASKFARM_REQUIRE_ENGINES` is 1, as in CI, and a missing one fails its tests
there. Elsewhere their tests are left out, and one line at the end of the run names them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

import pytest

VARIABLE = "TASKFARM_REQUIRE_ENGINES"
_LEFT_OUT = "engine left out: "


def are_required() -> bool:
    """Return whether engines must be there, as in CI."""
    return os.environ.get(VARIABLE) == "1"


def leave_out_unless_required(engine: str) -> None:
    """Skip the tests of an engine that takes long to start, unless they must run."""
    if not are_required():
        pytest.skip(f"{_LEFT_OUT}{engine}")


def is_missing(engine: str, why: str) -> NoReturn:
    """Skip a test for the want of an engine, or fail it where engines must be there."""
    if are_required():
        pytest.fail(f"{VARIABLE}=1, but {engine} is missing: {why}")
    pytest.skip(f"{_LEFT_OUT}{engine}")


def engine_of(reason: str) -> str | None:
    """Return the engine that a test was skipped for, or None where it was for something else."""
    _, found, engine = reason.partition(_LEFT_OUT)
    return engine if found else None


def summary(engines: Iterable[str]) -> str:
    """Return the line that names the engines whose tests were left out, one name a test."""
    counted = ", ".join(f"{engine} ({count})" for engine, count in Counter(engines).most_common())
    return f"tests left out, by engine: {counted}; all of them: {VARIABLE}=1 make test-all"
