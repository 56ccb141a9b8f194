"""Man pages: made by argparse-manpage, with the sections that it would fill as one paragraph."""

from __future__ import annotations

import re
from functools import partial

from argparse_manpage.manpage import Manpage

from shell.commands import Command
from taskfarm_sdk import __version__

# One line for each paragraph: the reader's terminal has its own width.
_WIDTH = 100_000
_MANUAL = "taskfarm-sdk"
_ROW = re.compile(r" {2,}(\S+(?: \S+)*) {2,}(\S.*)")
_EXIT_STATUS = "exit status:"
_SEE_ALSO = ".BR {} (1)"


def page(command: Command, others: tuple[str, ...]) -> str:
    """Return a command's man page.

    Args:
        command: the command.
        others: the names of the other commands.
    """
    parser = command.build_parser()
    parser.formatter_class = partial(parser.formatter_class, width=_WIDTH)  # type: ignore[call-arg]
    blocks = (parser.epilog or "").strip("\n").split("\n\n")
    parser.epilog = None
    made = Manpage(parser)
    made.description = command.summary
    made.manual = _MANUAL
    made.source = f"{_MANUAL} {__version__}"
    # A date would differ between two makings of the same page.
    made.date = ""
    made.add_section("synopsis", "=", _synopsis(parser.usage or command.name))
    notes = [block for block in blocks if not block.startswith(_EXIT_STATUS)]
    made.add_section("notes", "=", "\n.PP\n".join(map(_block, notes)))
    for block in blocks:
        if block.startswith(_EXIT_STATUS):
            made.add_section("exit status", "=", _block(block.removeprefix(_EXIT_STATUS)))
    made.add_section("see also", "=", ",\n".join(_SEE_ALSO.format(name) for name in others))
    return _tidy(str(made))


def _synopsis(usage: str) -> str:
    lines = [" ".join(line.split()) for line in usage.splitlines()]
    parts = [line.partition(" ") for line in lines if line]
    return "\n.br\n".join(f".B {name}\n{_escaped(rest)}" for name, _, rest in parts)


def _block(block: str) -> str:
    """Return a paragraph, and a list of its indented rows `  TERM  text` below it."""
    prose, rows = [], []
    for line in block.splitlines():
        found = _ROW.fullmatch(line)
        if found is None:
            prose.append(line)
        else:
            rows.append(f".TP\n.B {_escaped(found[1])}\n{_escaped(found[2])}")
    paragraph = [_escaped(" ".join(prose))] if any(prose) else []
    return "\n".join([*paragraph, *rows])


def _escaped(text: str) -> str:
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    # A control character of roff only at the beginning of a line.
    return rf"\&{plain}" if plain.startswith((".", "'")) else plain


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    title, *rest = [line for line in lines if line]
    # Names of options and variables are copied from the page: no hyphens are put into them.
    return "\n".join([title, ".nh", *rest]) + "\n"
