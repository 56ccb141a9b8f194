"""The options of workTF that give items their inputs, and divide items among tasks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

# The most items whose number a percentage can keep.
MOST_ITEMS_OF_A_TASK = 9_999
VALUES = ":::"
_FROM_GNU_PARALLEL = ("::::", ":::+", "::::+")


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add the options of inputs."""
    inputs = parser.add_argument_group(
        "inputs",
        "One of these gives each item of the run an input. Behind the options and before the --, "
        "::: VALUE... does so too; several ::: give all combinations, of which {1}, {2} are parts.",
    )
    inputs.add_argument(
        "--inputs",
        metavar="FILE",
        help="a file with a line for each item, or a JSON array (FILE.json, or a text that begins "
        "with [); the keys of JSON objects are columns; - is stdin",
    )
    inputs.add_argument(
        "-0", "--null", dest="nul", action="store_true", help="NUL bytes separate the inputs"
    )
    inputs.add_argument(
        "--csv",
        metavar="FILE",
        help="a file with a row for each item, below a row with the names of the columns; - is "
        "stdin",
    )
    inputs.add_argument(
        "--grid",
        metavar="NAME=VALUES",
        action=Gather,
        default=(),
        help="a column with values: lr=0.1,0.01, or integers without the end: seed=0:1000; given "
        "several times: all combinations",
    )
    inputs.add_argument(
        "--glob",
        metavar="PATTERN",
        action=Gather,
        default=(),
        help="the names of the files that match, sorted, also with ** for folders at any depth; "
        "may be given several times; quote it",
    )
    inputs.add_argument(
        "--chunk",
        metavar="N",
        type=chunk,
        help="N items, one after the other, are one task, for short commands; default 1",
    )


def split_values(words: Sequence[str]) -> tuple[list[str], tuple[tuple[str, ...], ...]]:
    """Return the words before the first `:::`, and those of each.

    Raises:
        ValueError: there is a separator of GNU parallel that workTF does not know; it is the text.
    """
    groups: list[list[str]] = [[]]
    for word in words:
        if word in _FROM_GNU_PARALLEL:
            raise ValueError(word)
        if word == VALUES:
            groups.append([])
        else:
            groups[-1].append(word)
    return groups[0], tuple(map(tuple, groups[1:]))


def words_of(values: Sequence[Sequence[str]]) -> list[str]:
    """Return the words that `split_values` makes these values of."""
    return [word for group in values for word in (VALUES, *group)]


def chunk(text: str) -> int:
    """Return a number of items in a task."""
    value = int(text)
    if not 1 <= value <= MOST_ITEMS_OF_A_TASK:
        raise argparse.ArgumentTypeError(
            f"a task has 1 to {MOST_ITEMS_OF_A_TASK:,} items, not {value}"
        )
    return value


chunk.__name__ = "whole number"


class Gather(argparse.Action):
    """Adds each value to a tuple, which nobody can change later."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse's signature
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Add one."""
        setattr(namespace, self.dest, (*getattr(namespace, self.dest), values))
