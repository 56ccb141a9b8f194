"""Check that SQLite's WAL works in a folder."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from taskfarm_sdk._processes.mounts import is_network, type_here
from taskfarm_sdk.errors import ConfigurationError

_WAY_OUT = (
    "choose a folder on a local disk (--data DIR, such as below /var/tmp), or use PostgreSQL "
    "(--database-url URL)"
)


def check_wal(folder: Path) -> None:
    """Check that SQLite can use WAL mode in a folder.

    Raises:
        ConfigurationError: it cannot; the message says why and what to do instead.
    """
    kind = type_here(folder)
    # WAL needs shared memory and locks.
    if kind is not None and is_network(kind):
        raise ConfigurationError(
            f"'{folder}' is on a network file system ({kind}), where SQLite loses data: {_WAY_OUT}"
        )
    # Containers and unusual mounts hide the type, so test it as well.
    try:
        with tempfile.TemporaryDirectory(prefix=".wal-", dir=folder) as trial:
            mode = _try_wal(Path(trial) / "trial.db")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise ConfigurationError(
                f"no space is left in '{folder}': free some, or choose another folder (--data DIR)"
            ) from error
        raise ConfigurationError(
            f"SQLite cannot work in '{folder}' ({error}): {_WAY_OUT}"
        ) from error
    if mode != "wal":
        raise ConfigurationError(
            f"SQLite's WAL does not work in '{folder}' (the mode stays {mode!r}): {_WAY_OUT}"
        )


def _try_wal(path: Path) -> str:
    """Return the journal mode that a new database takes; two connections write to it in turn."""
    with closing(sqlite3.connect(path, timeout=5)) as first:
        mode = str(first.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        with first:
            first.execute("CREATE TABLE trial (number INTEGER)")
        with closing(sqlite3.connect(path, timeout=5)) as second, second:
            second.execute("INSERT INTO trial VALUES (1)")
        with first:
            first.execute("INSERT INTO trial SELECT number + 1 FROM trial")
    return mode
