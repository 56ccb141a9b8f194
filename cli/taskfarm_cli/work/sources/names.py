"""Inputs of `--glob`: the names of the files that match patterns."""

from __future__ import annotations

from collections.abc import Sequence

from taskfarm_cli.work.sources import limits
from taskfarm_cli.work.sources.inputs import Texts
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.sources import Given


def load(patterns: Sequence[str]) -> Texts:
    """Return the names of the files that match patterns now.

    Those of each pattern are sorted, and a file that matches several counts for the first.

    Args:
        patterns: as the shell's, and `**` for folders at any depth.

    Raises:
        UsageError: a command cannot be given one of the names.
        ConfigurationError: no file matches a pattern.
    """
    found = tuple(dict.fromkeys(name for pattern in patterns for name in Items.glob(pattern)))
    for number, name in enumerate(found):
        limits.check(number, name)
    return Texts(Given(found))
