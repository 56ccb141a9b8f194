"""The way into `workTF --show DIR`: which kind of folder it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.work.commands.identity import read_identity
from taskfarm_cli.work.commands.kept_items import holds_output

if TYPE_CHECKING:
    from taskfarm_cli.common.exit_status import ExitStatus
    from taskfarm_cli.work.command_line.show_arguments import ShowOptions

# The document of a results folder of `farm.map`.
_ORDER = "order.json"


def show(options: ShowOptions) -> ExitStatus:
    """Show what a folder holds; return the exit status.

    Raises:
        CommandError: the exit status is not 0.
    """
    folder = Path(options.folder)
    if not options.folder:
        raise UsageError("--show names no folder (is a shell variable unset?)")
    if not folder.is_dir():
        raise UsageError(f"there is no folder {options.folder}")
    if (folder / _ORDER).exists():
        from taskfarm_cli.work.show import functions

        return functions.show(options)
    if read_identity(folder) is None and not holds_output(folder):
        raise UsageError(
            f"{options.folder} holds no output: give the DIR of --results or --log, or the results "
            "folder of farm.map"
        )
    from taskfarm_cli.work.show import commands

    return commands.show(options)
