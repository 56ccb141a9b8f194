"""Modules that run at once where they could wait for their first use: see `quick_start`."""

from __future__ import annotations

from importlib.metadata import version

from packaging.version import Version

# Annotations of httpcore ask for anyio when they are read, which 1.0.7 leaves to type checkers.
ASKED_AT_ONCE = {"anyio"} if Version(version("httpcore")) < Version("1.0.7") else set()
