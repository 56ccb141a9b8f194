"""Parts that the parsers of all commands share."""

from __future__ import annotations

import argparse
import math
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from taskfarm_cli.common.exit_status import ExitStatus, UsageError
from taskfarm_sdk.hidden import Hidden

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


Words = Sequence[str] | Hidden[Sequence[str]] | None
N = TypeVar("N", bound=argparse.Namespace)

USAGE_INDENT = "  "
# The server's column has 32 bits on PostgreSQL.
MOST_TASKS = 2**31 - 1
# No system waits much longer.
MOST_S = 1e9
_ROW = re.compile(r" {2,}(?P<term>\S+(?: \S+)*) {2,}(?P<text>\S.*)")


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

    def parse_all(self, words: Sequence[str], namespace: N) -> N:
        """Parse words as `parse_args` does, but never show a word that may be a password.

        Args:
            words: the words after the program's name.
            namespace: where their values are stored.

        Raises:
            UsageError: they are invalid.
        """
        known, rest = self.parse_known_args(words, namespace)
        if rest:
            self.error(unrecognized(rest))
        return known

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help."""
        # argparse's own method ignores write errors, such as a full disk.
        print(self.format_help(), end="", file=file)


def unrecognized(words: Sequence[str]) -> str:
    """Return the fault of words that a parser does not know.

    Beside an unknown option nothing is shown but options, without their values: a mistyped
    `--password` is followed by one.

    Args:
        words: the words.
    """
    options = [_option(word) for word in words if word.startswith("-") and word != "-"]
    return f"unrecognized arguments: {' '.join(options or words)}"


def _option(word: str) -> str:
    return word.partition("=")[0] if word.startswith("--") else word[:2]


def command_line(argv: Words) -> Hidden[Sequence[str]]:
    """Return a command line hidden, for its words may be secrets.

    Args:
        argv: the words after the program's name; None for those of this process.
    """
    if isinstance(argv, Hidden):
        return argv
    return Hidden(sys.argv[1:] if argv is None else list(argv))


class _Formatter(argparse.HelpFormatter):
    """Format the help for the terminal's width.

    Paragraphs of a description or an epilog are filled. In a paragraph, each indented line
    `  TERM  text` is a row of a table.
    """

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        blocks = text.strip("\n").split("\n\n")
        filled = "\n\n".join(_block(block, width - len(indent)) for block in blocks)
        return textwrap.indent(filled, indent)

    def _split_lines(self, text: str, width: int) -> list[str]:
        # An option's name must not be broken at its dashes.
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None,
    ) -> str:
        if usage is None:
            return super()._format_usage(usage, actions, groups, prefix)
        begin = "usage: " if prefix is None else prefix
        indent = " " * len(begin)
        lines = [
            textwrap.fill(
                line.strip(),
                self._width - len(begin),
                subsequent_indent=USAGE_INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in usage.splitlines()
        ]
        return begin + "\n".join(lines).replace("\n", f"\n{indent}") + "\n\n"

    # Python 3.13 formats options with a value differently; one page documents all versions.
    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return str(action.metavar or action.dest)
        value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
        return ", ".join(f"{option}{value}" for option in action.option_strings)


def _block(block: str, width: int) -> str:
    """Fill a paragraph, and put its indented lines into a table below it."""
    lines = block.splitlines()
    rows = [_ROW.fullmatch(line) for line in lines]
    prose = " ".join(line for line, row in zip(lines, rows, strict=True) if row is None)
    found = [(row["term"], row["text"]) for row in rows if row is not None]
    column = max((len(term) for term, _ in found), default=0) + 4
    table = [
        textwrap.fill(
            f"  {term}".ljust(column) + text,
            width,
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )
        for term, text in found
    ]
    filled = [textwrap.fill(prose, width, break_on_hyphens=False)] if prose else []
    return "\n".join([*filled, *table])


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
    """Return a number of tasks: 1 to `MOST_TASKS`."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"a run has at least 1 task, not {value}")
    if value > MOST_TASKS:
        raise argparse.ArgumentTypeError(f"a run has at most {MOST_TASKS:,} tasks, not {value:,}")
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
    return _not_too_long(value, text)


def seconds_or_none(text: str) -> float:
    """Return a number of seconds, 0 or more."""
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError(f"not a number of seconds, 0 or more: {text}")
    return _not_too_long(value, text)


def _not_too_long(value: float, text: str) -> float:
    if value > MOST_S:
        raise argparse.ArgumentTypeError(f"more than {MOST_S:,.0f} s, which is 31 years: {text}")
    return value


# argparse names the type in its own complaint: "invalid whole number value: 'x'".
number_of_tasks.__name__ = "whole number"
number.__name__ = "whole number"
seconds.__name__ = "number of seconds"
seconds_or_none.__name__ = "number of seconds"
