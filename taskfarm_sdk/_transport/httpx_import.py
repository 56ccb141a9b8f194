"""Import httpx without its command line.

With click and rich installed, the command line takes as long to import as the rest of httpx, at
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
    """Hide a module from code that imports it only if it exists."""
    # None marks a module as missing for the import system; typeshed does not know this.
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
