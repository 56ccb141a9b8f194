"""What an engine's tests do where the engine is missing."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def are_required() -> bool:
    """Whether engines must be there, as in CI."""
    return os.environ.get("TASKFARM_REQUIRE_ENGINES") == "1"


def only_where_required(engine: str) -> None:
    """Skip the tests of an engine that take long, unless they must run."""
    if not are_required():
        pytest.skip(f"{engine}'s tests take their time: TASKFARM_REQUIRE_ENGINES=1 make test")


def without(reason: str) -> NoReturn:
    """Skip a test for the want of an engine, or fail it where engines must be there."""
    if are_required():
        pytest.fail(f"TASKFARM_REQUIRE_ENGINES=1, but {reason}")
    pytest.skip(reason)
