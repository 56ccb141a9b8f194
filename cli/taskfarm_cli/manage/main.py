"""manageTF: see, make, reset and delete the runs of a taskfarm, and wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.common.guard import guarded
from taskfarm_cli.common.quick_start import leave_quickly, quicken
from taskfarm_cli.manage.arguments import parse
from taskfarm_cli.manage.mode import PROGRAM, Arguments

if TYPE_CHECKING:
    from taskfarm_cli.common.exit_status import ExitStatus


def main(argv: Sequence[str] | None = None) -> int:
    """Run manageTF.

    Args:
        argv: the words after the program's name; None for those of this process.

    Returns:
        The exit status.
    """
    alone = argv is None
    status = guarded(PROGRAM, lambda: _manage(parse(argv), alone=alone))
    if alone:
        leave_quickly()
    return status


def _manage(arguments: Arguments, *, alone: bool) -> ExitStatus:
    """Do what a command line says.

    Args:
        arguments: the command line.
        alone: whether this process is the command's own, whose modules may wait.
    """
    if alone:
        quicken()
    from taskfarm_cli.common.log_lines import tls_warnings
    from taskfarm_cli.manage.output import choice

    output = choice.choose(arguments.mode.wording, json=arguments.json, plain=arguments.plain)
    _leave_the_log_alone()
    with tls_warnings(PROGRAM):
        return arguments.mode.action(arguments, output)


def _leave_the_log_alone() -> None:
    """Keep the SDK's warnings off stderr, where Python puts them if nobody else wants them."""
    import logging

    logging.getLogger("taskfarm_sdk").addHandler(logging.NullHandler())
