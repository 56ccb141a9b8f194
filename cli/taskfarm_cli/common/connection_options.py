"""The options that say which server to ask and as whom, the same for every command."""

from __future__ import annotations

import argparse

# A person waits for the answer: a server that is down is told of soon.
GIVE_UP_AFTER_S = 5.0
# Who has waited for a million tasks would not begin anew because the server was restarted.
GIVE_UP_IN_THE_MIDDLE_AFTER_S = 60.0


class Connection(argparse.Namespace):
    """Which server to ask, and as whom.

    Attributes:
        baseurl: the API's URL, or None for what the settings say.
        user: the user, or None.
        password: the password, "-" for the first line of stdin, or None.
    """

    baseurl: str | None
    user: str | None
    password: str | None

    @property
    def patience_s(self) -> float:
        """For how long a request is tried while the server is away."""
        return GIVE_UP_AFTER_S


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add -b, -u and -p."""
    connection = parser.add_argument_group("connection")
    connection.add_argument("-b", "--baseurl", help="API url")
    connection.add_argument("-u", "--user", help="the taskfarm user")
    connection.add_argument(
        "-p",
        "--password",
        help="the password of the taskfarm user; on a command line all users of this machine can "
        "see it, so better: '-p -', which reads it from stdin, or --login once",
    )
