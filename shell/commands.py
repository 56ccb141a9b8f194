"""The commands whose parsers the files are made from."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from taskfarm_cli.manage.arguments import build_parser as manage_parser
from taskfarm_cli.serve.arguments import build_parser as serve_parser
from taskfarm_cli.view.arguments import build_parser as view_parser
from taskfarm_cli.work.command_line.arguments import build_parser as work_parser


class Command(NamedTuple):
    """One command.

    Attributes:
        name: the program's name.
        summary: what it does, in a few words without a full stop.
        build_parser: returns its parser.
        runs_command: whether the words behind `--` are a command.
    """

    name: str
    summary: str
    build_parser: Callable[[], argparse.ArgumentParser]
    runs_command: bool = False


COMMANDS = (
    Command("manageTF", "manage the runs of a taskfarm server", manage_parser),
    Command("serveTF", "run a taskfarm server", serve_parser),
    Command("viewTF", "show the runs of a taskfarm server in a browser", view_parser),
    Command("workTF", "run a command for each task of a run", work_parser, runs_command=True),
)
