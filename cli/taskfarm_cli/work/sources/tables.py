"""Inputs of `--csv`: the rows of a file, by the names in its first row."""

from __future__ import annotations

import sys

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.sources import limits
from taskfarm_cli.work.sources.contents import read, shown
from taskfarm_cli.work.sources.rows import Rows
from taskfarm_sdk._items.tables import Table

# JSON writes a byte of a row as up to 6, and adds the names of the columns.
_MOST_BYTES_SAFELY = limits.LONGEST // 16


def load(source: str) -> Rows:
    """Return the rows of a CSV file.

    Its columns are separated by commas; by semicolons or tabs if its first line has no comma.

    Args:
        source: the file's name, or "-" for standard input.

    Raises:
        UsageError: it cannot be read, or a command cannot be given one of its rows.
        ConfigurationError: it is not CSV, or a column has no proper name.
    """
    content = read(source)
    named = shown(source)
    table = Table(content, named, delimiter=_delimiter(content))
    if not len(table):
        raise UsageError(f"{named} has no rows below its header: a run has at least 1 task")
    rows = Rows(table, named)
    # Looking at each of a million rows would take seconds.
    names = "".join(table.columns).encode()
    is_short = table.longest + len(names) <= _MOST_BYTES_SAFELY
    if not is_short or b"\0" in content or sys.getfilesystemencoding() != "utf-8":
        rows.check_each()
    return rows


def _delimiter(content: bytes) -> str:
    header = content.partition(b"\n")[0]
    if b"," in header:
        return ","
    # No name of a column contains one of them.
    return next((other for other in (";", "\t") if other.encode() in header), ",")
