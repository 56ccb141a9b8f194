"""The options for server, user and password, shared by all commands."""

from __future__ import annotations

import argparse
import re
from typing import Protocol

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_sdk.hidden import Hidden

# Short, because a person waits for the reply.
GIVE_UP_AFTER_S = 5.0
# Long enough for a restart of the server, so that a request for each of a million tasks continues.
GIVE_UP_IN_THE_MIDDLE_AFTER_S = 60.0


class ConnectionOptions(Protocol):
    """Which server to ask, as whom, and for how long: whatever holds what a command line said."""

    @property
    def baseurl(self) -> str | None:
        """The API's URL, or None for what the settings say."""
        ...

    @property
    def user(self) -> str | None:
        """The user, or None."""
        ...

    @property
    def password(self) -> Hidden[str] | None:
        """The password, "-" for the first line of stdin, or None."""
        ...

    @property
    def patience_s(self) -> float:
        """For how long a request is tried while the server is away."""
        ...


class Connection(argparse.Namespace):
    """The `ConnectionOptions` of manageTF's command line.

    Attributes:
        baseurl: the API's URL, or None for the settings' URL.
        user: the user, or None.
        password: the password, "-" for the first line of stdin, or None.
    """

    baseurl: str | None
    user: str | None
    password: Hidden[str] | None

    @property
    def patience_s(self) -> float:
        """How long a request is retried while the server is unreachable."""
        return GIVE_UP_AFTER_S


_NO_PORT = re.compile(r"\w+://[^/:@\[\]]*:(?!\d*(/|$))")


def _url(text: str) -> str:
    """Return a URL, which the SDK checks, if no password can be in it."""
    if "@" in text:
        raise UsageError(
            "the URL contains a user or password, which would appear in logs: remove them from "
            "the URL, and give user and password separately (-u, -p)"
        )
    if _NO_PORT.match(text):
        # It may be a password, in a URL whose '@' is missing.
        raise UsageError(
            "invalid URL: what follows the host and ':' is no port; give the API's URL, such as "
            "http://localhost:5000/api/"
        )
    return text


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add -b, -u and -p."""
    connection = parser.add_argument_group("connection")
    connection.add_argument("-b", "--baseurl", type=_url, help="the API's URL")
    connection.add_argument("-u", "--user", help="the taskfarm user")
    connection.add_argument(
        "-p",
        "--password",
        type=Hidden,
        help="the user's password; all users of this machine can see it on a command line, so use "
        "'-p -', which reads it from stdin, or --login once",
    )
