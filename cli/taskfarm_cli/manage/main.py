"""manageTF: show, create, reset, repair and delete runs, and wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.common.guard import guarded
from taskfarm_cli.common.parser import command_line
from taskfarm_cli.common.quick_start import leave_quickly, quicken
from taskfarm_cli.manage.arguments import parse
from taskfarm_cli.manage.mode import PROGRAM, Arguments

if TYPE_CHECKING:
    from taskfarm_cli.common.exit_status import ExitStatus


def main(argv: Sequence[str] | None = None) -> int:
    """Run manageTF.

    Args:
        argv: the arguments after the program's name; None for those of this process.

    Returns:
        The exit status.
    """
    alone = argv is None
    words = command_line(argv)
    del argv
    status = guarded(PROGRAM, lambda: _manage(parse(words), alone=alone))
    if alone:
        leave_quickly()
    return status


def _manage(arguments: Arguments, *, alone: bool) -> ExitStatus:
    """Run the mode of a command line.

    Args:
        arguments: the command line.
        alone: whether this process runs only this command, so that imports may be deferred.
    """
    if alone:
        quicken()
    from taskfarm_cli.common.log_lines import tls_warnings
    from taskfarm_cli.manage.output import choice

    output = choice.choose(
        arguments.mode.wording,
        json=arguments.json,
        plain=arguments.plain,
        baseurl=arguments.baseurl,
    )
    _silence_log()
    with tls_warnings(PROGRAM):
        return arguments.mode.action(arguments, output)


def _silence_log() -> None:
    """Keep the SDK's warnings off stderr, where Python prints them without a handler."""
    import logging

    logging.getLogger("taskfarm_sdk").addHandler(logging.NullHandler())
