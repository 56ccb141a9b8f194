"""The tables of the server's database, seen from a process that has the server's packages.

`_bootstrap` and `_users_child` load this module by path, with an interpreter that may lack
taskfarm_sdk: it imports only the standard library, taskfarm and SQLAlchemy.

Beside the server's own tables there is one of the SDK's, `taskfarm_sdk`, which the server ignores.
It contains the fingerprint of the key that signs tokens, and the highest number that a removed user
had: a token contains only its user's number, so no other user may ever get that number.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import importlib
import os
import secrets
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

BUSY_TIMEOUT_S = 30.0
# SQLite empties its log into the database after 400 KiB. By default the log grows to 4 MiB, and
# on a full disk takes up what others free.
WAL_PAGES = 100
INDEXES = (("run_id", "task"), ("run_id", "status"))
SETUP_LOCK = 0x7461736B6661726D  # "taskfarm": any number that other programs will not use
OWN_TABLE = "taskfarm_sdk"
# Of the parent's configurations.
SECRETS = ("secret_key", "current_key", "new_key", "password", "database_url")
KEY_FACT = "key"
LAST_USER_FACT = "last-user-id"
# A key taken over from elsewhere may be short. Who reads the database must not find it faster than
# who has a token; this is what OWASP recommends for passwords.
FINGERPRINT_ROUNDS = 600_000


class Hidden:
    """A secret of a configuration, masked in its texts, as in tracebacks with locals."""

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        self._value = value

    def reveal(self) -> str | None:
        """Return the secret; None if there is none."""
        return self._value

    def __repr__(self) -> str:
        return "'***'"


def with_hidden_secrets(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with its secrets masked."""
    return {name: Hidden(config[name]) if name in SECRETS else config[name] for name in config}


class Failure(Exception):
    """A failure to report to the parent: its kind, and the details for the message."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


def module(name: str) -> Any:
    """Import a package of the server's environment.

    Raises:
        Failure: it is missing.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Failure("missing", str(error)) from error


def import_server(database_url: Hidden, key: Hidden) -> Any:
    """Import taskfarm with its settings, which it reads from the environment on import."""
    # Set here, they are in no initial environment.
    os.environ["SECRET_KEY"] = str(key.reveal())
    # A path may contain any character, a URL may not; so `creator` opens SQLite.
    os.environ["DATABASE_URL"] = database_url.reveal() or "sqlite:////taskfarm.db"
    try:
        return module("taskfarm")
    finally:
        del os.environ["SECRET_KEY"], os.environ["DATABASE_URL"]


# --- connections and transactions -------------------------------------------------------------


def open_sqlite(path: str) -> sqlite3.Connection:
    """Open a SQLite file for a server, and set it to WAL mode."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    return connection


@contextlib.contextmanager
def transaction(config: dict[str, Any]) -> Generator[Any]:
    """Yield a connection in a transaction that keeps other servers and commands waiting.

    The end of the block commits it, and an exception rolls back everything: tables and indexes too,
    and a SQLite file that did not exist.

    Args:
        config: with `sqlite_path`, `database_url` and `connect_args`.

    Raises:
        Failure: the database failed; its kind is guessed from the message.
    """
    sqlite_path: str | None = config["sqlite_path"]
    new_file = None if sqlite_path is None or os.path.lexists(sqlite_path) else Path(sqlite_path)
    try:
        with _connected(config) as connection:
            yield connection
            connection.commit()
    except BaseException as error:
        if new_file is not None:
            _remove_sqlite(new_file)
        if isinstance(error, Failure) or not isinstance(error, Exception):
            raise
        failure = database_failure(error)
    else:
        return
    # Without the cause: frames of the driver hold the database's password.
    raise failure


@contextlib.contextmanager
def _connected(config: dict[str, Any]) -> Generator[Any]:
    sqlalchemy = module("sqlalchemy")
    path = config["sqlite_path"]
    options: dict[str, Any] = {
        "hide_parameters": True,
        "poolclass": module("sqlalchemy.pool").NullPool,
    }
    if path is None:
        engine = sqlalchemy.create_engine(
            config["database_url"].reveal(), connect_args=config["connect_args"], **options
        )
        begin = f"SELECT pg_advisory_xact_lock({SETUP_LOCK})"
    else:
        # Not in WAL mode: a start that is refused must not change the file.
        engine = sqlalchemy.create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(path, timeout=BUSY_TIMEOUT_S), **options
        )
        begin = "BEGIN IMMEDIATE"
    with engine.connect() as connection:
        connection.exec_driver_sql(begin)
        yield connection


def _remove_sqlite(path: Path) -> None:
    for name in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + name).unlink()


def database_failure(error: Exception) -> Failure:
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


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or the name of its class."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


# --- the server's tables ------------------------------------------------------------------------


def prepare(server: Any, connection: Any, config: dict[str, Any]) -> list[int | None] | None:
    """Create missing tables, indexes and user; return the result of the capacity query.

    Raises:
        Failure: the database has another key, or its user another password.
    """
    found = _capacity(connection, config["capacity_query"])
    server.models.User.metadata.create_all(connection)
    _add_indexes(connection)
    if config["one_key"]:
        _check_key(connection, config["secret_key"])
    _ensure_user(server, connection, config["user"], config["password"])
    return found


def _add_indexes(connection: Any) -> None:
    """Create two indexes that the server lacks: without them each run slows down all others."""
    sqlalchemy = module("sqlalchemy")
    there = {tuple(i["column_names"]) for i in sqlalchemy.inspect(connection).get_indexes("tasks")}
    for columns in INDEXES:
        if columns not in there:
            name = "ix_tasks_" + "_".join(columns)
            statement = f"CREATE INDEX IF NOT EXISTS {name} ON tasks ({', '.join(columns)})"
            connection.execute(sqlalchemy.text(statement))


def _capacity(connection: Any, query: str | None) -> list[int | None] | None:
    """Query the limits of connections; the server also starts if the query fails."""
    with contextlib.suppress(Exception):
        if query is not None:
            with connection.begin_nested():
                return list(connection.execute(module("sqlalchemy").text(query)).one())
    return None


def has_users(connection: Any) -> bool:
    """Return whether the server's tables exist."""
    return bool(module("sqlalchemy").inspect(connection).has_table("users"))


def user_names(server: Any, connection: Any) -> list[str]:
    """Return the users' names, sorted."""
    names = connection.execute(server.models.User.__table__.select()).mappings().all()
    # adminTF may have made a name twice.
    return sorted({row["username"] for row in names if row["username"] is not None})


def user_ids(server: Any, connection: Any, name: str) -> list[int]:
    """Return the numbers of all users of a name: the server does not keep them from being many."""
    return [row["id"] for row in _rows(server, connection, name)]


def add_user(server: Any, connection: Any, name: str, password: Hidden) -> None:
    """Add a user, whose number nobody had before."""
    users = server.models.User.__table__
    row: dict[str, object] = {"username": name, "password_hash": _hash(server, password)}
    if connection.dialect.name == "sqlite":
        # SQLite gives the number of the last user again once that is removed. PostgreSQL does not.
        row["id"] = _highest(server, connection) + 1
    connection.execute(users.insert().values(**row))


def change_password(server: Any, connection: Any, name: str, password: Hidden) -> None:
    """Change the password of each user of a name."""
    users = server.models.User.__table__
    changed = users.update().where(users.c.username == name)
    connection.execute(changed.values(password_hash=_hash(server, password)))


def remove_user(server: Any, connection: Any, name: str) -> list[int]:
    """Remove each user of a name, and return their numbers."""
    users = server.models.User.__table__
    ids = user_ids(server, connection, name)
    _put_fact(connection, LAST_USER_FACT, str(_highest(server, connection)))
    connection.execute(users.delete().where(users.c.username == name))
    return ids


def _ensure_user(server: Any, connection: Any, name: str, password: Hidden) -> None:
    rows = _rows(server, connection, name)
    if not rows:
        add_user(server, connection, name, password)
        return
    user = server.models.User(password_hash=rows[0]["password_hash"])
    try:
        verified = user.verify_password(password.reveal())
    except (TypeError, ValueError):  # no hash, or one that the server does not know
        verified = False
    if not verified:
        raise Failure("user", name)


def _rows(server: Any, connection: Any, name: str) -> list[Any]:
    users = server.models.User.__table__
    found = users.select().where(users.c.username == name).order_by(users.c.id)
    return list(connection.execute(found).mappings())


def _highest(server: Any, connection: Any) -> int:
    users = server.models.User.__table__
    function = module("sqlalchemy").func.max(users.c.id)
    there = connection.execute(module("sqlalchemy").select(function)).scalar() or 0
    return max(there, int(_fact(connection, LAST_USER_FACT) or 0))


def _hash(server: Any, password: Hidden) -> str:
    user = server.models.User()
    user.hash_password(password.reveal())
    return str(user.password_hash)


# --- the key --------------------------------------------------------------------------------------


def _check_key(connection: Any, key: Hidden) -> None:
    if _fact(connection, KEY_FACT) is None:
        record_key(connection, key)
    elif not has_key(connection, key):
        raise Failure("key", "")


def has_key(connection: Any, key: Hidden) -> bool:
    """Return whether this is the key that the database was served with, or the first one."""
    recorded = _fact(connection, KEY_FACT)
    if recorded is None:
        return True
    rounds, salt, _ = recorded.split(":")
    return hmac.compare_digest(recorded, _fingerprint(key, int(rounds), salt))


def record_key(connection: Any, key: Hidden) -> None:
    """Make a key the one that all servers of the database must have."""
    _put_fact(connection, KEY_FACT, _fingerprint(key, FINGERPRINT_ROUNDS, secrets.token_hex(16)))


def _fingerprint(key: Hidden, rounds: int, salt: str) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", str(key.reveal()).encode(), bytes.fromhex(salt), rounds)
    return f"{rounds}:{salt}:{digest.hex()}"


# --- the SDK's own table --------------------------------------------------------------------------


def _own_table() -> Any:
    sqlalchemy = module("sqlalchemy")
    return sqlalchemy.Table(
        OWN_TABLE,
        sqlalchemy.MetaData(),
        sqlalchemy.Column("name", sqlalchemy.String(64), primary_key=True),
        sqlalchemy.Column("value", sqlalchemy.String(255), nullable=False),
    )


def _fact(connection: Any, name: str) -> str | None:
    if not module("sqlalchemy").inspect(connection).has_table(OWN_TABLE):
        return None
    table = _own_table()
    found = connection.execute(table.select().where(table.c.name == name)).mappings().first()
    return None if found is None else str(found["value"])


def _put_fact(connection: Any, name: str, value: str) -> None:
    table = _own_table()
    table.create(connection, checkfirst=True)
    connection.execute(table.delete().where(table.c.name == name))
    connection.execute(table.insert().values(name=name, value=value))
