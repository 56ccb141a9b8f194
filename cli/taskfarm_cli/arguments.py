"""What manageTF takes on its command line. Nothing here needs the SDK, so --help is quick."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from enum import Enum
from typing import Literal

from taskfarm_cli.connection import (
    GIVE_UP_IN_THE_MIDDLE_AFTER_S,
    Connection,
    add_connection,
)
from taskfarm_cli.exit_status import UsageError
from taskfarm_cli.parser import Parser, add_version_and_help, number_of_tasks, seconds

PROGRAM = "manageTF"


class Mode(Enum):
    """What a command is to do; the value is its option and its name in JSON."""

    LIST = "list"
    INFO = "info"
    TASKS = "tasks"
    RESET = "reset"
    RESET_FAILED = "reset-failed"
    RESET_TASK = "reset-task"
    RESET_ALL = "reset-all"
    REPAIR = "repair"
    DELETE = "delete"
    CREATE = "create"
    WAIT = "wait"
    WATCH = "watch"
    LOGIN = "login"
    LOGOUT = "logout"
    WHOAMI = "whoami"


CHANGES_A_RUN = (
    Mode.RESET,
    Mode.RESET_FAILED,
    Mode.RESET_TASK,
    Mode.RESET_ALL,
    Mode.REPAIR,
    Mode.DELETE,
)
WAITS = (Mode.WAIT, Mode.WATCH)
OF_A_RUN = (Mode.INFO, Mode.TASKS, *CHANGES_A_RUN, *WAITS)
ASKS_FOR_EACH_TASK = (Mode.TASKS, Mode.REPAIR, Mode.RESET_FAILED, Mode.RESET_TASK)

# The SDK's, which is not imported for a command line that makes no sense.
State = Literal["waiting", "computing", "done", "failed"]
STATES: tuple[State, ...] = ("waiting", "computing", "done", "failed")


class Arguments(Connection):
    """A command line that makes sense, as `parse` returns it.

    Attributes:
        uuid: the run's UUID as it was given; None where the mode takes none.
        mode: what to do.
        num_tasks: how many tasks the new run gets; None but for `Mode.CREATE`.
        task_ranges: the numbers of the tasks to be reset; None but for `Mode.RESET_TASK`.
        state: the state of the tasks to be listed, or None for all.
        timeout_s: how long to wait at most, or None.
        json: whether to print JSON.
        plain: whether to print plain lines to a terminal too.
        yes: whether to go ahead without a question.
    """

    uuid: str | None
    mode: Mode
    num_tasks: int | None
    task_ranges: tuple[range, ...] | None
    state: State | None
    timeout_s: float | None
    json: bool
    plain: bool
    yes: bool

    @property
    def patience_s(self) -> float:
        """For how long a request is tried while the server is away."""
        if self.mode in ASKS_FOR_EACH_TASK:
            return GIVE_UP_IN_THE_MIDDLE_AFTER_S
        return super().patience_s


def parse(argv: Sequence[str] | None = None) -> Arguments:
    """Return what a command line says.

    Args:
        argv: the words after the program's name; None for those of this process.

    Raises:
        UsageError: it makes no sense.
        SystemExit: it asked for the help or the version, which was printed.
    """
    arguments = build_parser().parse_args(argv, namespace=Arguments())
    if arguments.num_tasks is not None:
        arguments.mode = Mode.CREATE
    if arguments.task_ranges is not None:
        arguments.mode = Mode.RESET_TASK
    _check_uuid(arguments)
    if arguments.timeout_s is not None and arguments.mode not in WAITS:
        raise UsageError("--timeout-s is for --wait and --watch alone")
    if arguments.state is not None and arguments.mode is not Mode.TASKS:
        raise UsageError("--state is for --tasks alone")
    return arguments


def _check_uuid(arguments: Arguments) -> None:
    option = f"--{arguments.mode.value}"
    if arguments.mode not in OF_A_RUN:
        if arguments.uuid is not None:
            raise UsageError(f"{option} takes no run UUID, and {arguments.uuid!r} was given")
        return
    if arguments.uuid is None:
        raise UsageError(
            f"no run UUID was given: {PROGRAM} --list shows them, {PROGRAM} --help shows what "
            "there is"
        )
    if not arguments.uuid.strip():
        raise UsageError("the run UUID is empty: is a shell variable unset?")


_DESCRIPTION = "Manage the runs of a taskfarm server."

_EPILOG = """\
Where -b, -u or -p is missing, TASKFARM_URL, TASKFARM_USER, TASKFARM_PASSWORD and TASKFARM_TOKEN
count, then the login saved by --login, then http://localhost:5000/api/. The password is asked for
if nothing gives one and stdin and stderr are terminals.

exit status:
  0 fine                    1 failed                  2 wrong usage
  3 not authenticated       4 no such run             5 the run ended with failed tasks
  6 server not reachable    7 ended before the run finished               130 interrupted
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of manageTF's command line."""
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
        help="the run's UUID; at least its first 6 characters for --info, --tasks, --wait and "
        "--watch",
    )
    shown = parser.add_argument_group("modes", "One at most; a UUID alone means --info.")
    modes = shown.add_mutually_exclusive_group()
    parser.set_defaults(mode=Mode.INFO)
    for options, mode, text in (
        (("--list", "-l"), Mode.LIST, "list all runs"),
        (("--info", "-i"), Mode.INFO, "get info about run"),
        (("--tasks",), Mode.TASKS, "list the run's tasks and how each stands"),
        (("--reset", "-r"), Mode.RESET, "reset not completed tasks"),
        (("--reset-failed",), Mode.RESET_FAILED, "reset failed tasks and no others"),
        (("--reset-all", "-R"), Mode.RESET_ALL, "reset all tasks"),
        (("--repair",), Mode.REPAIR, "mend a run that cannot hand out its tasks"),
        (("--delete", "-d"), Mode.DELETE, "delete run"),
        (("--wait",), Mode.WAIT, "wait until the run is finished, then show it as --info does"),
        (("--watch", "-w"), Mode.WATCH, "show the run whenever it changes until it is finished"),
        (("--login",), Mode.LOGIN, "get a token for a user and password, and keep it"),
        (("--logout",), Mode.LOGOUT, "forget the token kept for a server"),
        (("--whoami",), Mode.WHOAMI, "show which server, user and credentials are used"),
    ):
        modes.add_argument(*options, dest="mode", action="store_const", const=mode, help=text)
    modes.add_argument(
        "--reset-task",
        dest="task_ranges",
        metavar="NUMBERS",
        type=_task_ranges,
        help="reset these tasks whatever they are at: 3,7-9",
    )
    modes.add_argument(
        "--create",
        "-n",
        dest="num_tasks",
        metavar="NUM_TASKS",
        type=number_of_tasks,
        help="create a run of so many tasks and print its UUID",
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    options = parser.add_argument_group("options")
    options.add_argument(
        "--state",
        choices=STATES,
        metavar="STATE",
        help=f"with --tasks: only those that are {', '.join(STATES[:-1])} or {STATES[-1]}",
    )
    options.add_argument(
        "--timeout-s",
        metavar="S",
        type=seconds,
        help="with --wait and --watch: end with status 7 if the run is not finished after so many "
        "seconds",
    )
    options.add_argument(
        "-y", "--yes", action="store_true", help="do what --delete and --reset-all would ask about"
    )
    how = options.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON, one document a line")
    how.add_argument(
        "--plain", action="store_true", help="print to a terminal what a pipe would get"
    )
    add_version_and_help(options.add_argument)


def _task_ranges(text: str) -> tuple[range, ...]:
    return tuple(_task_range(piece.strip()) for piece in text.split(","))


def _task_range(text: str) -> range:
    found = re.fullmatch(r"([0-9]{1,10})(?:-([0-9]{1,10}))?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no task's number, and no range like 7-9")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise argparse.ArgumentTypeError(f"{text} ends before it begins")
    return range(first, last + 1)
