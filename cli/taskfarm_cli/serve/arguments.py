"""The command line of serveTF. Nothing here imports the SDK, so --help is quick."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from taskfarm_cli.common.parser import Parser, add_version_and_help, number

PROGRAM = "serveTF"

_DESCRIPTION = """\
Run a taskfarm server that lasts: its runs, its users and their tokens are there again when it is
started the next time."""

_EPILOG = """\
Without --database-url the runs are in a SQLite file in the data folder, and one process with one
thread serves them: more would hand tasks out twice. On PostgreSQL any number may serve.

The data folder also keeps the key that tokens are signed with and the password of each user that
serveTF made, all with mode 0600. The login is saved, so that 'manageTF --list' works next.

Ctrl-C and SIGTERM end it; what is being answered is answered first. SIGHUP replaces the processes
one by one on PostgreSQL and is refused on SQLite; a closed terminal does not end it either.

exit status:
  0 ended as asked (Ctrl-C, SIGTERM)      1 failed      2 wrong usage
"""


class Arguments(argparse.Namespace):
    """A command line that makes sense, as `parse` returns it.

    Attributes:
        host: the name or address to listen on.
        port: the port, 0 for a free one.
        data: the data folder, or None for the user's own.
        database_url: a PostgreSQL's URL, or None for SQLite in the data folder.
        processes: how many processes serve.
        threads: how many requests each of them handles at once.
        user: whom the server lets in.
        access_log: whether to write a line for each request.
    """

    host: str
    port: int
    data: str | None
    database_url: str | None
    processes: int
    threads: int
    user: str
    access_log: bool


def parse(argv: Sequence[str] | None = None) -> Arguments:
    """Return what a command line says.

    Args:
        argv: the words after the program's name; None for those of this process.

    Raises:
        UsageError: it makes no sense.
        SystemExit: it asked for the help or the version, which was printed.
    """
    return build_parser().parse_args(argv, namespace=Arguments())


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of serveTF's command line."""
    parser = Parser(PROGRAM, usage=None, description=_DESCRIPTION, epilog=_EPILOG)
    _add_network(parser)
    _add_data(parser)
    options = parser.add_argument_group("options")
    options.add_argument(
        "--access-log",
        action="store_true",
        help="write a line for each request to stderr; it names no user and no token",
    )
    add_version_and_help(options.add_argument)
    return parser


def _add_network(parser: argparse.ArgumentParser) -> None:
    network = parser.add_argument_group("network")
    network.add_argument(
        "--host",
        default="127.0.0.1",
        help="what to listen on: 127.0.0.1 (the default) for this machine alone, 0.0.0.0 for all "
        "its networks",
    )
    network.add_argument(
        "--port", type=_port, default=5000, help="the port; default 5000, 0 is a free one"
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    data = parser.add_argument_group("data")
    data.add_argument("--data", metavar="DIR", help="the data folder; default: the user's own")
    data.add_argument(
        "--database-url",
        metavar="URL",
        help="keep the runs in a PostgreSQL, postgresql://USER@HOST/NAME; its password is best "
        "kept in ~/.pgpass, for all users of this machine see a command line",
    )
    data.add_argument(
        "--processes", metavar="N", type=number, default=1, help="how many serve; default 1"
    )
    data.add_argument(
        "--threads",
        metavar="N",
        type=number,
        default=1,
        help="how many requests each handles at once; default 1",
    )
    data.add_argument(
        "--user",
        metavar="NAME",
        default="taskfarm",
        help="whom the server lets in, made where missing; default taskfarm",
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {value}")
    return value


# argparse names the type in its own complaint: "invalid port number value: 'x'".
_port.__name__ = "port number"
