"""Parse the command line of manageTF. Nothing here imports the SDK, so that --help is fast."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from taskfarm_cli.common.connection_options import add_connection
from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.parser import Parser, Words, add_version_and_help, command_line, seconds
from taskfarm_cli.manage.mode import PROGRAM, Arguments, State, Uses
from taskfarm_cli.manage.modes import INFO, MODES
from taskfarm_sdk.hidden import Veil

STATES: tuple[State, ...] = ("waiting", "computing", "done", "failed")
_OF_MAP = ("journal", "results", "read_tasks")


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
        arguments = _parsed(words.reveal())
    for mode in MODES:
        if mode.value is not None and getattr(arguments, mode.value.attribute) is not None:
            arguments.mode = mode
    _check_uuid(arguments)
    _check_takes(arguments)
    _check_map(arguments)
    return arguments


def _parsed(words: Sequence[str]) -> Arguments:
    parser = build_parser()
    arguments, more = parser.parse_known_args(words, namespace=Arguments())
    # argparse passes over runs that stand behind another run and an option.
    others = [word for word in more if word != "--"]
    if unknown := [word for word in others if word.startswith("-")]:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    arguments.uuids += others
    return arguments


def _check_takes(arguments: Arguments) -> None:
    for attribute in sorted({name for mode in MODES for name in mode.takes}):
        if getattr(arguments, attribute) is None or attribute in arguments.mode.takes:
            continue
        *takers, last = (mode.options[0] for mode in MODES if attribute in mode.takes)
        named = f"{', '.join(takers)} and {last}" if takers else last
        raise UsageError(f"--{attribute.replace('_', '-')} is only valid with {named}")


def _check_map(arguments: Arguments) -> None:
    if arguments.map and arguments.state is not None:
        raise UsageError("--state is only valid without --map, which shows the tasks of all states")
    if arguments.map or arguments.mode.name != "tasks":
        return
    for attribute in _OF_MAP:
        if getattr(arguments, attribute) is not None:
            raise UsageError(
                f"--{attribute.replace('_', '-')} is only valid with --tasks if --map is given too"
            )


def _check_uuid(arguments: Arguments) -> None:
    option, given = f"--{arguments.mode.name}", arguments.uuids
    if arguments.mode.uses is Uses.NO_RUN:
        if given:
            raise UsageError(f"{option} takes no run UUID, but {given[0]!r} was given")
        return
    if arguments.unfinished and arguments.mode.takes_several:
        if given:
            raise UsageError(f"--unfinished takes no run UUID, but {given[0]!r} was given")
        return
    if not given:
        raise UsageError(
            f"no run UUID was given: `{PROGRAM} --list` lists the runs, `{PROGRAM} --help` the "
            "options"
        )
    if not arguments.mode.takes_several and len(given) > 1:
        raise UsageError(f"{option} takes one run UUID, but {len(given)} were given")
    for number, text in enumerate(given, 1):
        if not text.strip():
            which = "the run UUID" if len(given) == 1 else f"run UUID {number} of {len(given)}"
            raise UsageError(f"{which} is empty: is a shell variable unset?")


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
  4    no such run, or it was deleted
  5    the run is finished, and tasks failed
  6    server not reachable
  7    --timeout-s ended before the run was finished
  130  interrupted
"""


def build_parser() -> argparse.ArgumentParser:
    """Return manageTF's argument parser."""
    parser = Parser(
        PROGRAM,
        usage=f"{PROGRAM} [-b BASEURL] [-u USER] [-p PASSWORD] [MODE] [options] [UUID...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    _add_modes(parser)
    add_connection(parser)
    _add_options(parser)
    return parser


def _add_modes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "uuids",
        metavar="UUID",
        nargs="*",
        help="the run's UUID, or the name that it was created with here; for --info, --tasks, "
        "--wait, --watch and --report its beginning, of a UUID at least 6 characters; for --wait "
        "and --watch also several runs",
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
        "--name",
        metavar="NAME",
        help="with --create: a name for the run, which this user can give instead of its UUID: a "
        "letter, then letters, digits, '.', '_' and '-'",
    )
    options.add_argument(
        "--unfinished",
        action="store_true",
        default=None,
        help="with --list: only runs that are not finished; with --wait and --watch: all of these, "
        "in place of UUIDs; one request for each run that was not seen finished before",
    )
    options.add_argument(
        "--state",
        choices=STATES,
        metavar="STATE",
        help=f"with --tasks: list only tasks that are {', '.join(STATES[:-1])} or {STATES[-1]}",
    )
    options.add_argument(
        "--map",
        action="store_true",
        default=None,
        help="with --tasks: show the tasks as a picture, from --results, --journal or the server",
    )
    options.add_argument(
        "--timeout-s",
        metavar="S",
        type=seconds,
        help="with --wait and --watch: end with status 7 if a run is not finished after S seconds",
    )
    options.add_argument(
        "--journal",
        metavar="DIR",
        help="with --report and --map: the run's journal, of `workTF --journal` or "
        "`run.worker(journal=…)`",
    )
    options.add_argument(
        "--results",
        metavar="DIR",
        help="with --report and --map: the run's results: the folder of `farm.map`, `workTF "
        "--results` or `workTF --log`",
    )
    options.add_argument(
        "--read-tasks",
        action="store_true",
        default=None,
        help="with --report and --map, and without a journal: read each task from the server, with "
        "one request for each",
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
