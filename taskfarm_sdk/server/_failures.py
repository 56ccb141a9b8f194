"""Error messages for a server that did not start: the cause, and what to do."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

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
    kind: str,
    detail: str,
    *,
    database: Database,
    python: str | os.PathLike[str] | None = None,
    files: tuple[Path | None, Path | None] = (None, None),
) -> ConfigurationError:
    """Return the error for a failure that the server process reported.

    Args:
        kind: the kind of failure, as the process names it.
        detail: the text of the error.
        database: the server's database.
        python: the interpreter that ran the server, or None for this process's own.
        files: the files with the key and with the user's password, if there are any.
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
        return ConfigurationError(_other_password(detail, database, files[1]), detail=detail)
    if kind == "key":
        return ConfigurationError(_other_key(database, files[0]))
    text = _DATABASE.get(kind, "the server did not start: {detail}")
    return ConfigurationError(text.format(database=database, detail=detail), detail=detail)


def serve_command(action: str, folder: Path, database: Database) -> str:
    """Return the serveTF command that does something with a folder and its database."""
    # The URL itself may contain a password.
    where = "" if database.url is None else " --database-url URL"
    return f"serveTF {action} --data {shlex.quote(str(folder))}{where}"


def _other_password(user: str, database: Database, file: Path | None) -> str:
    fault = f"the database {database} already has a user {user!r} with another password"
    if file is None:
        return f"{fault}: choose another name"
    action = f"--set-password {shlex.quote(user)} --generate-password"
    return (
        f"{fault} than '{file}': write that user's password to this file (chmod 600), or set a new "
        f"one with `{serve_command(action, file.parent, database)}`, or choose another name "
        "(--user NAME)"
    )


def _other_key(database: Database, file: Path | None) -> str:
    fault = f"the tokens of the database {database} are signed with another key than this server's"
    if file is None:
        return f"{fault}: use the same key"
    return (
        f"{fault}: copy 'secret-key' from the data folder of the server that uses the database (or "
        f"from a backup) to '{file}', or make all its tokens invalid with "
        f"`{serve_command('--rotate-key', file.parent, database)}`"
    )
