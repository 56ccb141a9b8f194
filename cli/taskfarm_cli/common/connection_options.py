"""The options for server, user and password, shared by all commands."""

from __future__ import annotations

import argparse

# Short, because a person waits for the reply.
GIVE_UP_AFTER_S = 5.0
# Long enough for a restart of the server, so that a request for each of a million tasks continues.
GIVE_UP_IN_THE_MIDDLE_AFTER_S = 60.0


class Connection(argparse.Namespace):
    """The server to use, and the user.

    Attributes:
        baseurl: the API's URL, or None for the settings' URL.
        user: the user, or None.
        password: the password, "-" for the first line of stdin, or None.
    """

    baseurl: str | None
    user: str | None
    password: str | None

    @property
    def patience_s(self) -> float:
        """How long a request is retried while the server is unreachable."""
        return GIVE_UP_AFTER_S


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add -b, -u and -p."""
    connection = parser.add_argument_group("connection")
    connection.add_argument("-b", "--baseurl", help="the API's URL")
    connection.add_argument("-u", "--user", help="the taskfarm user")
    connection.add_argument(
        "-p",
        "--password",
        help="the user's password; all users of this machine can see it on a command line, so use "
        "'-p -', which reads it from stdin, or --login once",
    )
