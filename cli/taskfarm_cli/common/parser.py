"""Parts that the parsers of all commands share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from taskfarm_cli.common.exit_status import ExitStatus, UsageError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class Parser(argparse.ArgumentParser):
    """A parser that raises errors, and has no options at first."""

    def __init__(self, program: str, *, description: str, epilog: str, usage: str | None) -> None:
        super().__init__(
            prog=program,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=_Formatter,
            # A new option must not change the meaning of an abbreviated one.
            allow_abbrev=False,
            add_help=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError."""
        raise UsageError(f"{message} ({self.prog} --help lists the options)")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help."""
        # argparse's own method ignores write errors, such as a full disk.
        print(self.format_help(), end="", file=file)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    # Python 3.13 formats options with a value differently; one page documents all versions.
    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return str(action.metavar or action.dest)
        value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
        return ", ".join(f"{option}{value}" for option in action.option_strings)


class _Version(argparse.Action):
    # argparse's own action wants the text before it is known that anybody asks for it.
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002 - argparse's signature
        values: str | Sequence[Any] | None,  # noqa: ARG002
        option_string: str | None = None,  # noqa: ARG002
    ) -> NoReturn:
        from taskfarm_sdk import __version__

        print(f"{parser.prog} of taskfarm-sdk {__version__}")
        parser.exit(ExitStatus.OK)


def add_version_and_help(add_argument: Callable[..., object]) -> None:
    """Add `--version` and `-h`, the last options of every command, by a group's `add_argument`."""
    add_argument(
        "--version",
        action=_Version,
        nargs=0,
        default=argparse.SUPPRESS,
        help="show the version and exit",
    )
    add_argument("-h", "--help", action="help", help="show this help message and exit")


def number_of_tasks(text: str) -> int:
    """Return a number of tasks: 1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"a run has at least 1 task, not {value}")
    return value


def number(text: str) -> int:
    """Return a whole number: 1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {value}")
    return value


def seconds(text: str) -> float:
    """Return a number of seconds, more than 0."""
    value = float(text)
    if not math.isfinite(value) or value <= 0:
        raise argparse.ArgumentTypeError(f"not a number of seconds greater than 0: {text}")
    return value


# argparse names the type in its own complaint: "invalid whole number value: 'x'".
number_of_tasks.__name__ = "whole number"
number.__name__ = "whole number"
seconds.__name__ = "number of seconds"
