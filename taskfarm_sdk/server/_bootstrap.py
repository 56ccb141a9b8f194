"""The server's own process: run by path, with any interpreter that has the extra's packages.

`LocalServer(python=…)` runs it without taskfarm_sdk, so it imports only the standard library and
the modules of the folder `_serving`, which import the packages of the extra `server`. It uses two
pipes to its parent:

- stdin carries one line of JSON, the configuration, and later one byte: the prepared server may
  listen. So no secret is on the command line or in the initial environment. The pipe stays open;
  its end means that the parent has ended.
- stdout carries lines of JSON: `{"event": "prepared", …}` when the database is ready, then
  `{"event": "ready"}`; or `{"event": "failed", "kind": …, …}`. Every process of the server keeps it
  open, so its end means that all of them have ended.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    import types

    folder = types.ModuleType("taskfarm_server")
    # A script's own folder comes first in sys.path, and its files would be imported as modules.
    folder.__path__ = [sys.path.pop(0)]
    sys.modules[folder.__name__] = folder
    __package__ = folder.__name__  # so that the relative imports below need no taskfarm_sdk

import contextlib
import errno
import importlib
import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ._serving.environment import clean_environment, raise_file_limit
from ._serving.supervisor import keep_one_serving

if TYPE_CHECKING:
    from collections.abc import Generator

BUSY_TIMEOUT_S = 30.0
# SQLite empties its log into the database after 400 KiB. By default the log grows to 4 MiB, and
# on a full disk takes up what others free.
WAL_PAGES = 100
INDEXES = (("run_id", "task"), ("run_id", "status"))
SETUP_LOCK = 0x7461736B6661726D  # "taskfarm": any number that other programs will not use


class Failure(Exception):
    """A failure to report to the parent: its kind, and the details for the message."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class Report:
    """The pipe to the parent."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, event: str, **facts: object) -> None:
        line = json.dumps({"event": event, **facts}) + "\n"
        with contextlib.suppress(OSError):  # the parent has ended; the other pipe ends this process
            os.write(self._descriptor, line.encode())


def main() -> None:
    """Read the configuration, report the start or its failure, and serve until told to end."""
    if os.getpgrp() != os.getpid():
        os.setsid()
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # a caller's thread may have blocked some
    os.umask(0o077)
    parent, report = _take_pipes()
    try:
        config = _read_config(parent)
        clean_environment()
        raise_file_limit()
        _serve(config, parent, report)
    except Failure as failure:
        report.send("failed", kind=failure.kind, detail=failure.detail)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - every failure is reported to the parent
        traceback.print_exc()
        report.send("failed", kind="internal", detail=_first_line(error))
        sys.exit(1)


def _take_pipes() -> tuple[int, Report]:
    """Move both pipes off stdin and stdout, which libraries may read or write."""
    parent, report = os.dup(0), os.dup(1)  # dup'ed descriptors are not inheritable
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return parent, Report(report)


def _read_config(descriptor: int) -> dict[str, Any]:
    received = b""
    while not received.endswith(b"\n"):
        chunk = os.read(descriptor, 65536)
        if not chunk:
            sys.exit(1)
        received += chunk
    return cast("dict[str, Any]", json.loads(received))


def _end_with_parent(descriptor: int, folder: str | None) -> threading.Event:
    """End the process group when the parent has ended; return an event that its byte sets."""
    told = threading.Event()

    def watch() -> None:
        while os.read(descriptor, 4096):
            told.set()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        # Not SIGTERM: without a parent, nothing would kill a server that does not end.
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()
    return told


# --- the application ------------------------------------------------------------------------


def _load_app(config: dict[str, Any], report: Report) -> object:
    """Import the server with its settings, prepare its database, and return the WSGI app."""
    error_log = _own_module("_error_log")
    error_log.quiet(debug=config["debug"])
    flask = _module("flask")
    # flask_sqlalchemy reads these on import and ignores later changes.
    defaults = {**flask.Flask.default_config, "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(config)}
    flask.Flask.default_config = defaults
    # The server reads both on import. Set here, they are in no initial environment.
    os.environ["SECRET_KEY"] = config["secret_key"]
    # A path may contain any character, a URL may not; so `creator` opens SQLite.
    os.environ["DATABASE_URL"] = config["database_url"] or "sqlite:////taskfarm.db"
    try:
        server = _module("taskfarm")
    finally:
        del os.environ["SECRET_KEY"], os.environ["DATABASE_URL"]
    with server.app.app_context():
        try:
            report.send("prepared", capacity=_prepare(server, config))
        except Failure:
            raise
        except Exception as error:
            raise _database_failure(error) from error
        finally:
            # Workers are forked from here, and no connection may be shared across a fork.
            server.db.session.remove()
            server.db.engine.dispose()
    return error_log.watch(server.app, debug=config["debug"])


def _own_module(name: str) -> Any:
    """Import a file beside this one, also where taskfarm_sdk cannot be imported."""
    spec: Any = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Failure("missing", str(error)) from error


def _engine_options(config: dict[str, Any]) -> dict[str, object]:
    # A statement's parameters may contain a token or a user's name: keep them out of the log.
    options: dict[str, object] = {"hide_parameters": True}
    path = config["sqlite_path"]
    if path is not None:
        return {**options, "creator": lambda: _open_sqlite(path)}
    return {
        **options,
        # Each thread handles one request with one connection; only the setup uses more.
        "pool_size": config["threads"],
        "max_overflow": 2,
        # Replaces a connection that the database dropped, for example at its restart.
        "pool_pre_ping": True,
        "connect_args": config["connect_args"],
    }


def _open_sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    return connection


# --- the database ---------------------------------------------------------------------------


def _prepare(server: Any, config: dict[str, Any]) -> list[int | None] | None:
    """Create missing tables, indexes and user; return the result of the capacity query."""
    with _one_at_a_time(server.db.engine) as connection:
        found = _capacity(connection, config["capacity_query"])
        server.db.create_all()
        _add_indexes(server.db.engine)
        _ensure_user(server, config["user"], config["password"])
    return found


@contextlib.contextmanager
def _one_at_a_time(engine: Any) -> Generator[Any]:
    """Keep other servers on the same PostgreSQL from creating the same tables or users."""
    if engine.dialect.name != "postgresql":
        yield None
        return
    text = _module("sqlalchemy").text
    with engine.connect() as connection:
        # The session holds the lock, so it ends with the connection in any case.
        connection.execute(text(f"SELECT pg_advisory_lock({SETUP_LOCK})"))
        try:
            yield connection
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({SETUP_LOCK})"))


def _add_indexes(engine: Any) -> None:
    """Create two indexes that the server lacks: without them each run slows down all others."""
    sqlalchemy = _module("sqlalchemy")
    there = {tuple(i["column_names"]) for i in sqlalchemy.inspect(engine).get_indexes("tasks")}
    with engine.begin() as connection:
        for columns in INDEXES:
            if columns not in there:
                name = "ix_tasks_" + "_".join(columns)
                connection.execute(
                    sqlalchemy.text(
                        f"CREATE INDEX IF NOT EXISTS {name} ON tasks ({', '.join(columns)})"
                    )
                )


def _ensure_user(server: Any, name: str, password: str) -> None:
    users = server.models.User
    user = users.query.filter_by(username=name).first()
    if user is None:
        user = users(username=name)
        user.hash_password(password)
        server.db.session.add(user)
        server.db.session.commit()
    elif not user.verify_password(password):
        raise Failure("user", name)


def _capacity(connection: Any, query: str | None) -> list[int | None] | None:
    """Query the limits of connections; the server also starts if the query fails."""
    with contextlib.suppress(Exception):
        if query is not None:
            with connection.begin_nested():
                return list(connection.execute(_module("sqlalchemy").text(query)).one())
    return None


def _database_failure(error: Exception) -> Failure:
    """Return the failure of the database, its kind guessed from the message."""
    if type(error).__module__.split(".")[0] not in ("sqlalchemy", "psycopg", "sqlite3"):
        raise error
    text = _first_line(getattr(error, "orig", None) or error)
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    lower = text.lower()
    marks = {
        "database-missing": ("does not exist",),
        "database-unauthorised": ("authentication failed", "no password", "pg_hba.conf"),
        "database-forbidden": ("permission denied", "must be owner", "readonly", "read-only"),
        "database-full": ("is full", "no space left", "disk i/o"),
        "database-damaged": ("not a database", "malformed"),
        "database-locked": ("is locked",),
    }
    for kind, words in marks.items():
        if any(word in lower for word in words):
            return Failure(kind, text)
    if state == "42501":
        return Failure("database-forbidden", text)
    return Failure("database-unreachable", text)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


# --- serving --------------------------------------------------------------------------------


def _serve(config: dict[str, Any], parent: int, report: Report) -> NoReturn:
    """Serve until told to end, with the kind of server that fits the database."""
    remove = config["remove"]
    if config["sqlite_path"] is not None:
        parent, replaces = keep_one_serving(parent, config["listeners"], remove)
        kind, remove = "with_waitress", None
        if replaces:
            report = Report(os.open(os.devnull, os.O_WRONLY))  # the parent knows all already
    else:
        kind = "with_gunicorn"
    may_listen = _end_with_parent(parent, remove)
    try:
        _module(f"{__package__}._serving.{kind}").serve(
            config, lambda: _load_app(config, report), may_listen, lambda: report.send("ready")
        )
    except ImportError as error:
        raise Failure("missing", str(error)) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Failure("port", str(error)) from error
    sys.exit(0)


if __name__ == "__main__":
    main()
