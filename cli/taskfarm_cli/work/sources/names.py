"""Inputs of `--glob`: the names of the files that match patterns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from glob import escape

from taskfarm_cli.work.sources import limits
from taskfarm_cli.work.sources.inputs import Texts
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.sources import Given


def load(patterns: Sequence[str], folder: str = "") -> Texts:
    """Return the names of the files that match patterns now.

    Those of each pattern are sorted, and a file that matches several counts for the first.

    Args:
        patterns: as the shell's, and `**` for folders at any depth.
        folder: what they are relative to; the current folder without one.

    Raises:
        UsageError: a command cannot be given one of the names.
        ConfigurationError: no file matches a pattern.
    """
    found = tuple(dict.fromkeys(matching(patterns, folder)))
    for number, name in enumerate(found):
        limits.check(number, name)
    return Texts(Given(found))


def matching(patterns: Sequence[str], folder: str = "") -> Iterator[str]:
    """Yield the names of the files that match patterns now, also twice.

    Args:
        patterns: see `load`.
        folder: see `load`.
    """
    before = os.path.join(folder, "")  # noqa: PTH118 - a name stays as it was written
    for pattern in patterns:
        is_relative = not pattern.startswith("/")
        whole = escape(before) + pattern if is_relative else pattern
        yield from (name.removeprefix(before if is_relative else "") for name in Items.glob(whole))
