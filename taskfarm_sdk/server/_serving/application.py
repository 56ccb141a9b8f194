"""The server's WSGI application and its database, prepared before the server listens."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import warnings
from typing import TYPE_CHECKING, Any

from .reports import Failure, Report, first_line, import_extra

if TYPE_CHECKING:
    from collections.abc import Generator

BUSY_TIMEOUT_S = 30.0
# SQLite empties its log into the database after 400 KiB. By default the log grows to 4 MiB, and
# on a full disk takes up what others free.
WAL_PAGES = 100
INDEXES = (("run_id", "task"), ("run_id", "status"))
SETUP_LOCK = 0x7461736B6661726D  # "taskfarm": any number that other programs will not use


def load_app(config: dict[str, Any], report: Report) -> object:
    """Import the server with its settings, prepare its database, and return the WSGI app."""
    _quiet_logs()
    flask = import_extra("flask")
    # flask_sqlalchemy reads these on import and ignores later changes.
    defaults = {**flask.Flask.default_config, "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(config)}
    flask.Flask.default_config = defaults
    # The server reads both on import. Set here, they are in no initial environment.
    os.environ["SECRET_KEY"] = config["secret_key"]
    # A path may contain any character, a URL may not; so `creator` opens SQLite.
    os.environ["DATABASE_URL"] = config["database_url"] or "sqlite:////taskfarm.db"
    try:
        server = import_extra("taskfarm")
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
    return server.app


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


def _quiet_logs() -> None:
    """Log only errors to stderr."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    handler.addFilter(lambda record: record.name != "root")  # the server logs each 404 there
    logging.getLogger().addHandler(handler)

    def no_warning(*_: object, **__: object) -> None:
        """Ignore deprecations in the server's code, which cannot be changed here."""

    warnings.showwarning = no_warning  # not a filter, because authlib adds its own in front


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
    text = import_extra("sqlalchemy").text
    with engine.connect() as connection:
        # The session holds the lock, so it ends with the connection in any case.
        connection.execute(text(f"SELECT pg_advisory_lock({SETUP_LOCK})"))
        try:
            yield connection
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({SETUP_LOCK})"))


def _add_indexes(engine: Any) -> None:
    """Create two indexes that the server lacks: without them each run slows down all others."""
    sqlalchemy = import_extra("sqlalchemy")
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
                return list(connection.execute(import_extra("sqlalchemy").text(query)).one())
    return None


def _database_failure(error: Exception) -> Failure:
    """Return the failure of the database, its kind guessed from the message."""
    if type(error).__module__.split(".")[0] not in ("sqlalchemy", "psycopg", "sqlite3"):
        raise error
    text = first_line(getattr(error, "orig", None) or error)
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
