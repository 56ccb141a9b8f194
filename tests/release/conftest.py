"""Left out where griffe is not installed: the tests of what it finds, which `make check` brings."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("griffe") else ["test_breaks.py"]
