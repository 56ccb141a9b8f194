"""Error messages for a server that did not start: the cause, and what to do."""

from __future__ import annotations

import os
import sys

from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.server._database import Database

_INSTALL = "run pip install '.[server]' for it, in the folder of taskfarm-sdk's source"
_INSTALL_ELSEWHERE = (
    "-m pip install 'taskfarm==0.4.0' 'authlib<2' 'gunicorn>=27,<28' 'psycopg[binary]' "
    "'waitress==3.0.2'"
)
_DATABASE = {
    "database-missing": "cannot use the database {database}: {detail}; create what is missing "
    "(createdb, createuser), or correct the URL",
    "database-unauthorised": "the database {database} refused the login: {detail}; write the "
    "password to ~/.pgpass (mode 0600), or correct the user in the URL",
    "database-forbidden": "no permission to write to the database {database}: {detail}; let the "
    "database's owner grant it (ALTER DATABASE … OWNER TO …), or correct the file's mode",
    "database-full": "no space is left for the database {database}: {detail}; free some space, or "
    "choose another folder",
    "database-damaged": "the database {database} is damaged: {detail}; restore the file from a "
    "backup, or move it away to start with an empty one",
    "database-locked": "another program locked the database {database}: {detail}; stop it first",
    "database-unreachable": "cannot reach the database {database}: {detail}; check that it is "
    "running and that its URL is correct",
}


def explain(
    kind: str, detail: str, *, database: Database, python: str | os.PathLike[str] | None
) -> ConfigurationError:
    """Return the error for a failure that the server process reported.

    Args:
        kind: the kind of failure, as the process names it.
        detail: the text of the error.
        database: the server's database.
        python: the interpreter that ran the server, or None for this process's own.
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
            f"another program has started to listen on the port ({detail}): choose another port "
            "(--port N)",
            detail=detail,
        )
    if kind == "user":
        return ConfigurationError(
            f"the database {database} already has a user {detail!r} with another password: choose "
            "another name (--user NAME), or write that user's password to its password file",
            detail=detail,
        )
    text = _DATABASE.get(kind, "the server did not start: {detail}")
    return ConfigurationError(text.format(database=database, detail=detail), detail=detail)
