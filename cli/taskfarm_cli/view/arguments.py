"""The command line of viewTF. Nothing here imports the SDK, so --help is quick."""

from __future__ import annotations

import argparse
import re

from taskfarm_cli.common.connection_options import Connection, add_connection
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.parser import Parser, Words, add_version_and_help, command_line
from taskfarm_sdk.hidden import Veil

PROGRAM = "viewTF"

_DESCRIPTION = """\
Serve a page that shows the runs of a taskfarm server while they are worked on, for a browser on
this machine."""

_USAGE = f"""\
{PROGRAM} [-b URL] [-u USER] [-p PASSWORD] [--host HOST] [--port PORT] [--allow-host NAME] \
[--open] [--journal DIR] [--results DIR] [--allow-actions] [--version] [-h] [UUID]"""

_EPILOG = f"""\
{PROGRAM} prints an address that lets one browser in, once; then it prints one for the next browser.
All browsers together cost the server at most one request in 2 s, and none while no page is open.

The server tells counts. Which tasks have failed, and why, comes from a journal, from a results
folder, or from reading all tasks, which the page offers and which takes a request for each task.

Ctrl-C and SIGTERM end it. To see it from another machine, use a tunnel: 'ssh -L 8000:127.0.0.1:PORT
HOST' there, and the address with port 8000.

exit status:
  0  ended by Ctrl-C or SIGTERM
  1  failed
  2  wrong usage
  3  not authenticated
  4  no such run
  6  server not reachable
"""

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,253}")


class Arguments(Connection):
    """A valid command line, as `parse` returns it.

    Attributes:
        uuid: the run that is shown first, or None for the list of runs.
        host: the name or address to listen on.
        port: the port, 0 for a free one.
        allow_host: further names under which browsers reach the page.
        open: whether to open a browser.
        journal: the folder of the journals, or None.
        results: the results folder, or None.
        allow_actions: whether the page can change runs.
    """

    uuid: str | None
    host: str
    port: int
    allow_host: list[str]
    open: bool
    journal: str | None
    results: str | None
    allow_actions: bool


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
        arguments = build_parser().parse_args(words.reveal(), namespace=Arguments())
    if not arguments.host:
        raise UsageError("--host is empty: name an address of this machine, such as 127.0.0.1")
    return arguments


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of viewTF's command line."""
    parser = Parser(PROGRAM, usage=_USAGE, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument(
        "uuid",
        nargs="?",
        metavar="UUID",
        help="the run to show first: its UUID or name, or the beginning; of a UUID at least 6 "
        "characters",
    )
    add_connection(parser)
    _add_page(parser)
    _add_tasks(parser)
    options = parser.add_argument_group("options")
    options.add_argument(
        "--allow-actions",
        action="store_true",
        help="let the page reset and delete runs, each after a confirmation",
    )
    add_version_and_help(options.add_argument)
    return parser


def _add_page(parser: argparse.ArgumentParser) -> None:
    page = parser.add_argument_group("page")
    page.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on: 127.0.0.1 (the default) or localhost (also ::1) for this "
        "machine only; nothing is encrypted",
    )
    page.add_argument(
        "--port", type=_port, default=0, help="the port (default: 0, which chooses a free port)"
    )
    page.add_argument(
        "--allow-host",
        action="append",
        default=[],
        type=_name,
        metavar="NAME",
        help="a further name under which browsers reach the page; can be given several times",
    )
    page.add_argument("--open", action="store_true", help="open the page in a browser")


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    tasks = parser.add_argument_group("states of single tasks")
    tasks.add_argument(
        "--journal",
        metavar="DIR",
        help="the folder in which workers write their journals (workTF --journal)",
    )
    tasks.add_argument(
        "--results",
        metavar="DIR",
        help="the results of a run: the folder of farm.map, which must be yours, or of workTF "
        "--results or --log",
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {value}")
    return value


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"not the name or address of a machine: {text!r}")
    return text


# argparse names the type in its own complaint: "invalid port number value: 'x'".
_port.__name__ = "port number"
