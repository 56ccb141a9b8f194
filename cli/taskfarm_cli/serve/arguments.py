"""The command line of serveTF. Nothing here imports the SDK, so --help is quick."""

from __future__ import annotations

import argparse

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.parser import (
    Parser,
    Words,
    add_version_and_help,
    command_line,
    number,
)
from taskfarm_sdk.hidden import Hidden, Veil

PROGRAM = "serveTF"

_DESCRIPTION = """\
Run a taskfarm server. It stores its runs, users and the key of their tokens, and continues with
them when it is started again."""

_USAGE = f"""\
{PROGRAM} [--host HOST] [--port PORT] [--data DIR] [--database-url URL] [--processes N] \
[--threads N] [--user NAME] [--access-log] [--version] [-h]
{PROGRAM} --list-users | --add-user NAME | --set-password NAME | --remove-user NAME | \
--rotate-key [--generate-password] [--data DIR] [--database-url URL]"""

_EPILOG = """\
Without --database-url, the runs are stored in a SQLite file in the data folder and served by one
process with one thread, because more would hand out tasks twice. On PostgreSQL, use any number.

The data folder also contains the key that signs tokens and the password of each user that serveTF
created, all with mode 0600. serveTF saves the login, so that 'manageTF --list' works next.

The options of users and the key change the server's database and end; servers may use it meanwhile,
except for --rotate-key. A password is asked for on a terminal, or is the first line of stdin.

Ctrl-C and SIGTERM stop the server after the requests in progress. SIGHUP replaces the processes one
by one on PostgreSQL, and is refused on SQLite; closing the terminal does not stop the server.

exit status:
  0  stopped by Ctrl-C or SIGTERM, or users or key changed
  1  failed
  2  wrong usage
"""


START = {
    "host": "127.0.0.1",
    "port": 5000,
    "processes": 1,
    "threads": 1,
    "user": "taskfarm",
    "access_log": False,
}
"""The options that start a server, and their values if they are not given."""


class Arguments(argparse.Namespace):
    """A valid command line, as `parse` returns it.

    Attributes:
        host: the host name or address to listen on.
        port: the port, 0 for a free one.
        data: the data folder, or None for the user's data folder.
        database_url: a PostgreSQL's URL, or None for SQLite in the data folder.
        processes: how many processes serve.
        threads: how many requests each of them handles at once.
        user: the server's user.
        access_log: whether to write a line for each request.
        add_user: the user to add, or None.
        set_password: the user whose password to change, or None.
        remove_user: the user to remove, or None.
        list_users: whether to list the users.
        rotate_key: whether to make all tokens invalid.
        generate_password: whether to create the password at random.
    """

    host: str
    port: int
    data: str | None
    database_url: Hidden[str] | None
    processes: int
    threads: int
    user: str
    access_log: bool
    add_user: str | None
    set_password: str | None
    remove_user: str | None
    list_users: bool
    rotate_key: bool
    generate_password: bool

    @property
    def administers(self) -> str | None:
        """The option that changes users or the key and starts no server, or None."""
        chosen = {
            "--add-user": self.add_user is not None,
            "--set-password": self.set_password is not None,
            "--remove-user": self.remove_user is not None,
            "--list-users": self.list_users,
            "--rotate-key": self.rotate_key,
        }
        return next((option for option, given in chosen.items() if given), None)


def parse(argv: Words = None) -> Arguments:
    """Parse a command line.

    Args:
        argv: the words after the program's name; None for those of this process.

    Raises:
        UsageError: it is invalid.
        SystemExit: it asked for the help or the version, which was printed.
    """
    words = command_line(argv)
    del argv
    with Veil():
        arguments = build_parser().parse_all(words.reveal(), Arguments())
    _check_together(arguments)
    for name, value in START.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    return arguments


def _check_together(arguments: Arguments) -> None:
    """Refuse options that have no meaning together.

    Raises:
        UsageError: some have none.
    """
    action = arguments.administers
    given = [name for name in START if getattr(arguments, name) is not None]
    if action is not None and given:
        option = "--" + given[0].replace("_", "-")
        raise UsageError(f"{action} starts no server: omit {option}")
    if arguments.generate_password and action not in ("--add-user", "--set-password"):
        raise UsageError("--generate-password is for --add-user and --set-password")


def build_parser() -> Parser:
    """Return the parser of serveTF's command line."""
    parser = Parser(PROGRAM, usage=_USAGE, description=_DESCRIPTION, epilog=_EPILOG)
    _add_network(parser)
    _add_data(parser)
    _add_users(parser)
    options = parser.add_argument_group("options")
    options.add_argument(
        "--access-log",
        action="store_true",
        default=None,
        help="write a line for each request to stderr, without user and token",
    )
    add_version_and_help(options.add_argument)
    return parser


def _add_network(parser: argparse.ArgumentParser) -> None:
    network = parser.add_argument_group("network")
    network.add_argument(
        "--host",
        help="the address to listen on: 127.0.0.1 (the default) for this machine only, 0.0.0.0 for "
        "all networks",
    )
    network.add_argument(
        "--port", type=_port, help="the port (default: 5000); 0 chooses a free port"
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    data = parser.add_argument_group("data")
    data.add_argument("--data", metavar="DIR", help="the data folder (default: the user's)")
    data.add_argument(
        "--database-url",
        type=Hidden,
        metavar="URL",
        help="store the runs in PostgreSQL, postgresql://USER@HOST/NAME; write its password to "
        "~/.pgpass, because all users of this machine can see a command line",
    )
    data.add_argument(
        "--processes",
        metavar="N",
        type=number,
        help="how many processes serve (default: 1)",
    )
    data.add_argument(
        "--threads",
        metavar="N",
        type=number,
        help="how many requests each process handles at once (default: 1)",
    )
    data.add_argument(
        "--user",
        metavar="NAME",
        help="the server's user, created if missing (default: taskfarm)",
    )


def _add_users(parser: argparse.ArgumentParser) -> None:
    users = parser.add_argument_group("users and key, without starting a server")
    one = users.add_mutually_exclusive_group()
    one.add_argument("--list-users", action="store_true", help="print the names of all users")
    one.add_argument("--add-user", metavar="NAME", help="add a user")
    one.add_argument(
        "--set-password", metavar="NAME", help="change a user's password; its tokens stay valid"
    )
    one.add_argument(
        "--remove-user",
        metavar="NAME",
        help="remove a user, whose tokens and workers are refused from then on",
    )
    one.add_argument(
        "--rotate-key",
        action="store_true",
        help="make all tokens invalid by a new key, while no server runs",
    )
    users.add_argument(
        "--generate-password",
        action="store_true",
        help="with --add-user or --set-password: create the password at random, and keep it in the "
        "data folder",
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {value}")
    return value


# argparse names the type in its own complaint: "invalid port number value: 'x'".
_port.__name__ = "port number"
