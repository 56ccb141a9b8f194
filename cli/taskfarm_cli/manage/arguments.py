"""Parse the command line of manageTF. Nothing here imports the SDK, so that --help is fast."""

from __future__ import annotations

import argparse

from taskfarm_cli.common.connection_options import add_connection
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.parser import Parser, Words, add_version_and_help, command_line, seconds
from taskfarm_cli.manage.mode import PROGRAM, Arguments, State, Uses
from taskfarm_cli.manage.modes import INFO, MODES
from taskfarm_sdk.hidden import Veil

STATES: tuple[State, ...] = ("waiting", "computing", "done", "failed")


def parse(argv: Words = None) -> Arguments:
    """Return the parsed command line.

    Args:
        argv: the arguments after the program's name; None for those of this process.

    Raises:
        UsageError: the arguments are invalid.
        SystemExit: the help or the version was requested, and printed.
    """
    words = command_line(argv)
    del argv
    with Veil():
        arguments = build_parser().parse_all(words.reveal(), Arguments())
    for mode in MODES:
        if mode.value is not None and getattr(arguments, mode.value.attribute) is not None:
            arguments.mode = mode
    _check_uuid(arguments)
    _check_takes(arguments)
    return arguments


def _check_takes(arguments: Arguments) -> None:
    for attribute in sorted({name for mode in MODES for name in mode.takes}):
        if getattr(arguments, attribute) is None or attribute in arguments.mode.takes:
            continue
        takers = " and ".join(mode.options[0] for mode in MODES if attribute in mode.takes)
        raise UsageError(f"--{attribute.replace('_', '-')} is only valid with {takers}")


def _check_uuid(arguments: Arguments) -> None:
    option = f"--{arguments.mode.name}"
    if arguments.mode.uses is Uses.NO_RUN:
        if arguments.uuid is not None:
            raise UsageError(f"{option} takes no run UUID, but {arguments.uuid!r} was given")
        return
    if arguments.uuid is None:
        raise UsageError(
            f"no run UUID was given: `{PROGRAM} --list` lists the runs, `{PROGRAM} --help` the "
            "options"
        )
    if not arguments.uuid.strip():
        raise UsageError("the run UUID is empty: is a shell variable unset?")


_DESCRIPTION = "Manage the runs of a taskfarm server."

_EPILOG = """\
Without -b, -u or -p, manageTF uses TASKFARM_URL, TASKFARM_USER, TASKFARM_PASSWORD and
TASKFARM_TOKEN, then the login saved by --login, then http://localhost:5000/api/. It asks for a
missing password if stdin and stderr are terminals.

exit status:
  0    success
  1    failed
  2    wrong usage
  3    not authenticated
  4    no such run
  5    the run is finished, and tasks failed
  6    server not reachable
  7    --timeout-s ended before the run was finished
  130  interrupted
"""


def build_parser() -> Parser:
    """Return manageTF's argument parser."""
    parser = Parser(
        PROGRAM,
        usage=f"{PROGRAM} [-b BASEURL] [-u USER] [-p PASSWORD] [MODE] [options] [UUID]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    _add_modes(parser)
    add_connection(parser)
    _add_options(parser)
    return parser


def _add_modes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "uuid",
        metavar="UUID",
        nargs="?",
        help="the run's UUID; for --info, --tasks, --wait, --watch and --report at least its "
        "first 6 characters",
    )
    shown = parser.add_argument_group("modes", "At most one; a UUID alone means --info.")
    modes = shown.add_mutually_exclusive_group()
    parser.set_defaults(mode=INFO)
    for mode in MODES:
        if mode.value is None:
            modes.add_argument(
                *mode.options, dest="mode", action="store_const", const=mode, help=mode.help
            )
        else:
            modes.add_argument(
                *mode.options,
                dest=mode.value.attribute,
                metavar=mode.value.metavar,
                type=mode.value.convert,
                help=mode.help,
            )


def _add_options(parser: argparse.ArgumentParser) -> None:
    options = parser.add_argument_group("options")
    options.add_argument(
        "--state",
        choices=STATES,
        metavar="STATE",
        help=f"with --tasks: list only tasks that are {', '.join(STATES[:-1])} or {STATES[-1]}",
    )
    options.add_argument(
        "--timeout-s",
        metavar="S",
        type=seconds,
        help="with --wait and --watch: end with status 7 if the run is not finished after S "
        "seconds",
    )
    options.add_argument(
        "--journal",
        metavar="DIR",
        help="with --report: the run's journal, of `workTF --journal` or `run.worker(journal=…)`",
    )
    options.add_argument(
        "--results",
        metavar="DIR",
        help="with --report: the run's results: the folder of `farm.map`, `workTF --results` or "
        "`workTF --log`",
    )
    options.add_argument(
        "--read-tasks",
        action="store_true",
        default=None,
        help="with --report and without a journal: read each task from the server, with one "
        "request for each",
    )
    options.add_argument(
        "-y", "--yes", action="store_true", help="skip the question of --delete and --reset-all"
    )
    how = options.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON, one document per line")
    how.add_argument(
        "--plain", action="store_true", help="print the output for pipes to a terminal too"
    )
    add_version_and_help(options.add_argument)
