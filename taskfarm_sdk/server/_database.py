"""The database of a server: a SQLite file, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._secrets import masked
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden, Veil, half_made, shown_half_made
from taskfarm_sdk.server import _checked

_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")

# Connection options of psycopg, unless the URL sets them. A database machine that disappears
# silently is noticed after a minute instead of the system's two hours.
_CONNECTING: dict[str, str | int] = {
    "application_name": "taskfarm",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


@shown_half_made
@attrs.frozen
class Database:
    """A database for the server; create it with `sqlite` or `postgresql`.

    Attributes:
        path: the SQLite file, or None on PostgreSQL.
        url: the URL for SQLAlchemy, or None on SQLite; masked in the repr, because it may contain
            a password.

    Raises:
        ConfigurationError: the path or the URL is of another type.
    """

    path: Path | None = None
    url: str | None = attrs.field(default=None, repr=masked)

    def __attrs_post_init__(self) -> None:
        """Refuse what is of another type, for this is no way to create one."""
        if self.path is not None:
            _checked.kind("path", self.path, Path)
        if self.url is not None:
            _validation.require_text("database URL", Hidden(self.url))

    @classmethod
    def sqlite(cls, path: str | Path) -> Database:
        """Return the database in the SQLite file at `path`, which need not exist yet.

        Raises:
            ConfigurationError: `path` is none, or no file can have this name.
        """
        return cls(path=Path(_validation.file_name("the database's path", path)).absolute())

    @classmethod
    def postgresql(cls, url: str) -> Database:
        """Return the PostgreSQL database at a URL.

        Args:
            url: `postgresql://USER@HOST:PORT/NAME`, with or without `+psycopg` (psycopg 3 is used
                in any case). libpq takes missing parts from PGHOST and similar variables, and from
                `~/.pgpass`.

        Raises:
            ConfigurationError: the URL is invalid. The message never repeats a password.
        """
        whole = Hidden(url)
        del url
        _validation.require_text("database URL", whole)
        given = Hidden(whole.reveal().strip())
        parts = _split(given)
        if not parts.reveal().path.strip("/"):
            raise ConfigurationError(
                f"the URL {_shown(parts)} names no database: use postgresql://USER@HOST/NAME"
            )
        return cls(url=f"postgresql+psycopg://{given.reveal().split('://', 1)[1]}")

    @property
    def has_password(self) -> bool:
        """Whether the URL contains a password."""
        if self.url is None:
            return False
        parts = _split(Hidden(self.url))
        return parts.reveal().password is not None or "password=" in parts.reveal().query

    @property
    def connect_args(self) -> dict[str, str | int]:
        """Connection options for the driver that the URL does not set."""
        query = "" if self.url is None else _split(Hidden(self.url)).reveal().query
        said = set(parse_qs(query))
        del query  # it may contain a password
        return {name: value for name, value in _CONNECTING.items() if name not in said}

    @half_made
    def __str__(self) -> str:
        """Return a path, or a URL without password and options."""
        return str(self.path) if self.url is None else _shown(_split(Hidden(self.url)))


def _split(url: Hidden[str]) -> Hidden[SplitResult]:
    try:
        with Veil():
            parts = Hidden(urlsplit(url.reveal().strip()))
            _ = parts.reveal().port
    except ValueError:
        parts = None
    if parts is None:
        # Raised here: the error above quotes a part of the URL, maybe of its password.
        raise ConfigurationError(
            "invalid database URL: use postgresql://USER@HOST:PORT/NAME; in a password, write "
            "@ : / ? # as %40 %3A %2F %3F %23"
        )
    if parts.reveal().scheme == "sqlite":
        raise ConfigurationError(
            "a database URL must be one of PostgreSQL: omit it to use the server's SQLite file"
        )
    if parts.reveal().scheme not in _POSTGRESQL:
        raise ConfigurationError("not a PostgreSQL URL: use postgresql://USER@HOST/NAME")
    return parts


def _shown(parts: Hidden[SplitResult]) -> str:
    user = parts.reveal().username or ""
    secret = ":***" if parts.reveal().password is not None else ""
    at = "@" if user or secret else ""
    host = parts.reveal().netloc.rpartition("@")[2]
    return f"postgresql://{user}{secret}{at}{host}{parts.reveal().path}"
