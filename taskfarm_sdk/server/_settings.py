"""The settings that a server is started with."""

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
    """What a server keeps from others; masked in the repr.

    Attributes:
        key: what it signs its tokens with. Whoever knows it can be any user.
        password: the password of the settings' user.
    """

    key: str = attrs.field(repr=masked)
    password: str = attrs.field(repr=masked)


@attrs.frozen(kw_only=True)
class ServerSettings:
    """What a server is started with; checked as it is made.

    Attributes:
        database: where it keeps its runs.
        user: whom it lets in; made in the database when missing. 1 to 32 characters.
        processes: how many serve, 1 to 64. Exactly 1 on SQLite.
        threads: how many requests each of them handles at once, 1 to 64. Exactly 1 on SQLite.
        access_log: write a line for each request to stderr. It names no user, for that may be a
            token.

    Raises:
        ConfigurationError: one of them will not do.
    """

    database: Database
    user: str
    processes: int = 1
    threads: int = 1
    access_log: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse what the server cannot do, or would do wrong."""
        if sys.platform == "win32":  # neither gunicorn nor process groups there
            raise ConfigurationError("the server needs Linux or macOS; the client runs anywhere")
        _check_user(self.user)
        _check_number("processes", self.processes, MAX_PROCESSES)
        _check_number("threads", self.threads, MAX_THREADS)
        if self.database.path is not None and (self.processes, self.threads) != (1, 1):
            # SQLite has no row locks: 4 threads gave duplicate hand-outs after 4 tasks.
            raise ConfigurationError(
                "on SQLite the server hands tasks out twice and breaks runs with more than one "
                "process and one thread: leave both at 1, or give it a PostgreSQL's database URL"
            )


def _check_user(user: str) -> None:
    if not 1 <= len(user) <= MAX_USER_LENGTH:
        raise ConfigurationError(
            f"a user's name has 1 to {MAX_USER_LENGTH} characters, not {len(user)}"
        )
    if ":" in user or not user.isprintable():
        raise ConfigurationError(
            f"HTTP Basic cannot carry the user's name {user!r}: take one without ':' and control "
            "characters"
        )


def _check_number(name: str, value: int, most: int) -> None:
    if type(value) is not int or not 1 <= value <= most:
        raise ConfigurationError(f"{name} is a whole number from 1 to {most}, not {value!r}")
