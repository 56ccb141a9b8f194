"""Settings of a server."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._secrets import masked
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden, shown_half_made
from taskfarm_sdk.server import _checked
from taskfarm_sdk.server._database import Database

MAX_USER_LENGTH = 32  # the server's column
# The server's hash takes 4096 characters, but a proxy's limit for a header, such as nginx's 8 KiB,
# includes the user's name and grows both by a third.
MAX_PASSWORD_BYTES = 1024
MAX_PROCESSES = 64
MAX_THREADS = 64


@shown_half_made
@attrs.frozen(kw_only=True)
class Secrets:
    """A server's secrets; masked in the repr.

    Attributes:
        key: signs the server's tokens. With it, anyone can act as any user.
        password: the password of the settings' user.
        key_file: the file that contains the key, for messages; None if there is none.
        password_file: the file that contains the password, likewise.

    Raises:
        ConfigurationError: the key or the password is no text, or a file no `Path`.
    """

    key: str = attrs.field(repr=masked)
    password: str = attrs.field(repr=masked)
    key_file: Path | None = None
    password_file: Path | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what the server's process cannot be told."""
        _validation.require_text("key", Hidden(self.key))
        _validation.require_text("password", Hidden(self.password))
        for name in ("key_file", "password_file"):
            if (path := getattr(self, name)) is not None:
                _checked.kind(name, path, Path)


@shown_half_made
@attrs.frozen(kw_only=True)
class ServerSettings:
    """Settings of a server, checked on creation.

    Attributes:
        database: the database of its runs.
        user: the server's user, created in the database if missing. 1 to 32 characters.
        processes: the number of processes that serve, 1 to 64. Exactly 1 on SQLite.
        threads: the number of requests that each of them handles at once, 1 to 64. Exactly 1 on
            SQLite.
        access_log: whether to write a line for each request to stderr, without the user, which
            may be a token.
        one_key: whether to refuse a database that was served with another key, and to record the
            key in a new one. Tokens of one server are invalid at another that has another key.

    Raises:
        ConfigurationError: a setting is invalid.
    """

    database: Database
    user: str
    processes: int = 1
    threads: int = 1
    access_log: bool = False
    one_key: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse settings with which the server would fail or hand out tasks twice."""
        if sys.platform == "win32":  # it has neither gunicorn nor process groups
            raise ConfigurationError("the server needs Linux or macOS; the client runs anywhere")
        _checked.kind("database", self.database, Database)
        check_user(self.user)
        _validation.flag("access_log", self.access_log)
        _validation.flag("one_key", self.one_key)
        _check_number("processes", self.processes, MAX_PROCESSES)
        _check_number("threads", self.threads, MAX_THREADS)
        if self.database.path is not None and (self.processes, self.threads) != (1, 1):
            # SQLite has no row locks: 4 threads gave duplicate hand-outs after 4 tasks.
            raise ConfigurationError(
                "on SQLite, a server with more than one process or thread hands out tasks twice "
                "and breaks runs: use 1 of each, or give the URL of a PostgreSQL database"
            )


def check_user(user: str) -> None:
    """Check a user's name.

    Args:
        user: the name.

    Raises:
        ConfigurationError: the server cannot store it, or HTTP Basic cannot transmit it.
    """
    _validation.require_text("user", user)
    if not 1 <= len(user) <= MAX_USER_LENGTH:
        raise ConfigurationError(
            f"a user's name must have 1 to {MAX_USER_LENGTH} characters, not {len(user)}"
        )
    if ":" in user or not user.isprintable():
        raise ConfigurationError(
            f"HTTP Basic cannot transmit the user name {user!r}: choose one without ':' and "
            "control characters"
        )


def check_password(password: Hidden[str]) -> None:
    """Check a new password.

    Args:
        password: the password, hidden.

    Raises:
        ConfigurationError: HTTP Basic or the server does not accept it; the message does not
            contain it.
    """
    if not isinstance(password, Hidden):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError("the password must be hidden: give Hidden(password)")
    _validation.require_text("password", password)
    if not password.reveal():
        raise ConfigurationError("the password is empty")
    # Cs: what Python decodes from bytes that are not UTF-8.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in password.reveal()):
        raise ConfigurationError(
            "HTTP Basic cannot transmit the password: choose one of UTF-8 text without control "
            "characters"
        )
    if len(password.reveal().encode()) > MAX_PASSWORD_BYTES:
        raise ConfigurationError(f"the password is longer than {MAX_PASSWORD_BYTES} bytes")


def _check_number(name: str, value: int, most: int) -> None:
    if type(value) is not int or not 1 <= value <= most:
        raise ConfigurationError(f"{name} must be an integer from 1 to {most}, not {shown(value)}")
