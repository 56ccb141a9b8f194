"""Imports httpx, without its own command line.

With click and rich installed, as here, that would cost as much time as all the rest of httpx, at
each start of each command.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

__all__ = ["httpcore", "httpx"]

COMMAND_LINE = "httpx._main"


@contextmanager
def _without(name: str) -> Generator[None]:
    """Let a module be missing to those that try to import it and can do without."""
    # None is the import system's own way to say so; typeshed leaves it out.
    modules = cast("dict[str, object]", sys.modules)
    if name in modules:
        yield
        return
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


with _without(COMMAND_LINE):
    import httpcore
    import httpx
