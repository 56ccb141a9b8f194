"""Why a server did not start, for the person who can mend it."""

from __future__ import annotations

import os
import sys

from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.server._database import Database

_INSTALL = "pip install 'taskfarm-sdk[server]'"
_INSTALL_ELSEWHERE = (
    "-m pip install 'taskfarm==0.4.0' 'authlib<2' 'gunicorn>=27,<28' 'psycopg[binary]'"
)
_DATABASE = {
    "database-missing": "cannot use the database {database}: {detail}; make what is missing "
    "(createdb, createuser), or correct the URL",
    "database-unauthorised": "the database {database} does not let us in: {detail}; put the "
    "password into ~/.pgpass (mode 0600), or correct the user in the URL",
    "database-forbidden": "we may not write to the database {database}: {detail}; let the "
    "database's owner grant it (ALTER DATABASE … OWNER TO …), or mend the file's modes",
    "database-full": "no space is left for the database {database}: {detail}; make some, or take "
    "another folder",
    "database-damaged": "the database {database} is damaged: {detail}; move the file away to start "
    "afresh, or put a copy of it back",
    "database-locked": "another program holds the database {database}: {detail}; end it first",
    "database-unreachable": "cannot reach the database {database}: {detail}; is it running, and is "
    "its URL right?",
}


def explain(
    kind: str, detail: str, *, database: Database, python: str | os.PathLike[str] | None
) -> ConfigurationError:
    """Return the error for a failure that the server's process reported.

    Args:
        kind: what it calls it.
        detail: what it, or a library under it, said.
        database: where it was to keep its runs.
        python: the interpreter it was run with, or None for our own.
    """
    if kind == "missing":
        way_out = _INSTALL if python is None else f"{os.fspath(python)} {_INSTALL_ELSEWHERE}"
        where = sys.executable if python is None else os.fspath(python)
        return ConfigurationError(
            f"the taskfarm server is not installed for {where} ({detail}): {way_out}",
            detail=detail,
        )
    if kind == "port":
        return ConfigurationError(
            f"another program listens on the port since a moment ago ({detail}): take another one "
            "(--port N)",
            detail=detail,
        )
    if kind == "user":
        return ConfigurationError(
            f"the database {database} has a user {detail!r} with another password already: take "
            "another one (--user NAME), or put that user's password into the file that keeps it",
            detail=detail,
        )
    text = _DATABASE.get(kind, "the server did not start: {detail}")
    return ConfigurationError(text.format(database=database, detail=detail), detail=detail)
