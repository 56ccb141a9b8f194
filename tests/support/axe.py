"""axe-core, which finds what makes a page hard to perceive or to use; `make axe` brings it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.support import engines

_FOLDER = Path(__file__).parents[2] / "build" / "axe"


@cache
def source() -> str:
    """Return its code, for a browser; leave the test out where it is missing."""
    found = next(_FOLDER.rglob("axe.min.js"), None)
    if found is None:
        engines.is_missing("axe-core", "make axe")
    return found.read_text(encoding="utf-8")
