"""Settings of a server."""

from __future__ import annotations

import sys

import attrs

from taskfarm_sdk._secrets import masked
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.server._database import Database

MAX_USER_LENGTH = 32  # the server's column
MAX_PROCESSES = 64
MAX_THREADS = 64


@attrs.frozen(kw_only=True)
class Secrets:
    """A server's secrets; masked in the repr.

    Attributes:
        key: signs the server's tokens. With it, anyone can act as any user.
        password: the password of the settings' user.
    """

    key: str = attrs.field(repr=masked)
    password: str = attrs.field(repr=masked)


@attrs.frozen(kw_only=True)
class ServerSettings:
    """What a server is started with; checked as it is made.

    Attributes:
        database: where it keeps its runs.
        user: the server's user, created in the database if missing. 1 to 32 characters.
        processes: how many processes serve, 1 to 64. Exactly 1 on SQLite.
        threads: how many requests each of them handles at once, 1 to 64. Exactly 1 on SQLite.
        access_log: write a line for each request to stderr. It does not contain the user, who may
            be a token.

    Raises:
        ConfigurationError: a setting is invalid.
    """

    database: Database
    user: str
    processes: int = 1
    threads: int = 1
    access_log: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse settings with which the server fails or hands out tasks twice."""
        if sys.platform == "win32":  # neither gunicorn nor process groups there
            raise ConfigurationError("the server needs Linux or macOS; the client runs anywhere")
        _check_user(self.user)
        _check_number("processes", self.processes, MAX_PROCESSES)
        _check_number("threads", self.threads, MAX_THREADS)
        if self.database.path is not None and (self.processes, self.threads) != (1, 1):
            # SQLite has no row locks: 4 threads gave duplicate hand-outs after 4 tasks.
            raise ConfigurationError(
                "on SQLite, a server with more than one process or thread hands out tasks twice "
                "and breaks runs: leave both at 1, or give the URL of a PostgreSQL database"
            )


def _check_user(user: str) -> None:
    if not 1 <= len(user) <= MAX_USER_LENGTH:
        raise ConfigurationError(
            f"a user's name has 1 to {MAX_USER_LENGTH} characters, not {len(user)}"
        )
    if ":" in user or not user.isprintable():
        raise ConfigurationError(
            f"HTTP Basic cannot transmit the user name {user!r}: choose one without ':' and "
            "control characters"
        )


def _check_number(name: str, value: int, most: int) -> None:
    if type(value) is not int or not 1 <= value <= most:
        raise ConfigurationError(f"{name} is a whole number from 1 to {most}, not {value!r}")
