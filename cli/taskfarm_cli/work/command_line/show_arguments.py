"""The options of `workTF --show DIR`, which takes no others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.parser import Words, command_line
from taskfarm_sdk.hidden import Veil

_SHOW = "--show"
_ONE_OF = ("--item", "--failed", "--csv")


class ShowOptions(NamedTuple):
    """What is to be shown.

    Attributes:
        folder: the folder of `--results` or `--log`, or a results folder of `farm.map`.
        item: the number of the only item to show, or None for all.
        failed: whether to list the failed items only.
        csv: the file for a table of all items, or None.
        tag: whether each line begins with the item's number.
    """

    folder: str
    item: int | None = None
    failed: bool = False
    csv: str | None = None
    tag: bool = False


def add_show(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser that formats the help; `parse_show` reads them."""
    show = parser.add_argument_group(
        "reading back",
        "What --results and --log kept, and the results folder of farm.map, in the order of the "
        "items; needs no server. --tag begins each line with the item's number, and --csv FILE "
        "writes a table with a row for each item.",
    )
    show.add_argument(
        _SHOW,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="print the output of each item: stdout to stdout, stderr to stderr; of farm.map the "
        "value",
    )
    show.add_argument(
        "--item",
        metavar="N",
        type=item_number,
        default=argparse.SUPPRESS,
        help="only that of item N, from 0",
    )
    show.add_argument(
        "--failed",
        action="store_true",
        default=argparse.SUPPRESS,
        help="list only the items that failed: number, exit status, last line of stderr",
    )


def parse_show(argv: Words) -> ShowOptions | None:
    """Return what a command line asks to show; None where it has no `--show`.

    Raises:
        UsageError: its options do not go together, or are others.
    """
    hidden = command_line(argv)
    del argv
    with Veil():
        return _shown(hidden.reveal())


def _shown(words: Sequence[str]) -> ShowOptions | None:
    before = words[: words.index("--")] if "--" in words else words
    names = {word.partition("=")[0] for word in before}
    if names & {"-h", "--help"}:
        return None
    if _SHOW in names:
        return _parsed(words)
    if names & {"--item", "--failed"}:
        raise UsageError("--item and --failed go with --show DIR")
    return None


def _parsed(words: Sequence[str]) -> ShowOptions:
    parser = _Quiet(add_help=False, allow_abbrev=False)
    parser.add_argument(_SHOW, dest="folder")
    parser.add_argument("--item", type=item_number)
    parser.add_argument("--failed", action="store_true")
    parser.add_argument("--csv")
    parser.add_argument("--tag", action="store_true")
    namespace, others = parser.parse_known_args(words)
    if others:
        # Unnamed, because one may be a password.
        raise UsageError(
            "--show takes only --item N, --failed, --csv FILE and --tag: it needs neither a run "
            "nor a server, and runs no command"
        )
    options = ShowOptions(**vars(namespace))
    given = [options.item is not None, options.failed, options.csv is not None]
    if sum(given) > 1:
        raise UsageError(f"give at most one of {', '.join(_ONE_OF)}")
    if options.tag and (options.failed or options.csv is not None):
        raise UsageError("--tag does not go with --failed and --csv, which show numbers anyway")
    return options


def item_number(text: str) -> int:
    """Return the number of an item: 0 or more."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"items have numbers from 0, not {value}")
    return value


item_number.__name__ = "whole number"


class _Quiet(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message} (workTF --help lists the options)")
