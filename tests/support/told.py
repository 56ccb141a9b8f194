"""Read what a program was told by the test that started it: one JSON document in TOLD."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TypeVar

VARIABLE = "TOLD"

T = TypeVar("T")


def told(kind: Callable[..., T]) -> T:
    """Return what this program was told.

    Args:
        kind: an attrs class or a `TypedDict` with the document's keys, or `dict`.
    """
    return kind(**json.loads(os.environ[VARIABLE]))
