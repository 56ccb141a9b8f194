"""The command line of serveTF. Nothing here imports the SDK, so --help is quick."""

from __future__ import annotations

import argparse

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

_EPILOG = """\
Without --database-url, the runs are stored in a SQLite file in the data folder and served by one
process with one thread, because more would hand out tasks twice. On PostgreSQL, use any number.

The data folder also contains the key that signs tokens and the password of each user that serveTF
created, all with mode 0600. serveTF saves the login, so that 'manageTF --list' works next.

Ctrl-C and SIGTERM stop the server after the requests in progress. SIGHUP replaces the processes one
by one on PostgreSQL, and is refused on SQLite; closing the terminal does not stop the server.

exit status:
  0  stopped by Ctrl-C or SIGTERM
  1  failed
  2  wrong usage
"""


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
    """

    host: str
    port: int
    data: str | None
    database_url: Hidden[str] | None
    processes: int
    threads: int
    user: str
    access_log: bool


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
        return build_parser().parse_args(words.reveal(), namespace=Arguments())


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of serveTF's command line."""
    parser = Parser(PROGRAM, usage=None, description=_DESCRIPTION, epilog=_EPILOG)
    _add_network(parser)
    _add_data(parser)
    options = parser.add_argument_group("options")
    options.add_argument(
        "--access-log",
        action="store_true",
        help="write a line for each request to stderr, without user and token",
    )
    add_version_and_help(options.add_argument)
    return parser


def _add_network(parser: argparse.ArgumentParser) -> None:
    network = parser.add_argument_group("network")
    network.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on: 127.0.0.1 (the default) for this machine only, 0.0.0.0 for "
        "all networks",
    )
    network.add_argument(
        "--port", type=_port, default=5000, help="the port (default: 5000); 0 chooses a free port"
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
        default=1,
        help="how many processes serve (default: 1)",
    )
    data.add_argument(
        "--threads",
        metavar="N",
        type=number,
        default=1,
        help="how many requests each process handles at once (default: 1)",
    )
    data.add_argument(
        "--user",
        metavar="NAME",
        default="taskfarm",
        help="the server's user, created if missing (default: taskfarm)",
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {value}")
    return value


# argparse names the type in its own complaint: "invalid port number value: 'x'".
_port.__name__ = "port number"
