"""The check that a command's program is there, before anything is created or claimed."""

from __future__ import annotations

import shutil
from pathlib import Path

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.commands.faults import cannot_execute


def fault_of_program(program: str) -> CommandError | None:
    """Return the error of a program that is missing or not executable, or None."""
    if shutil.which(program) is not None:
        return None
    is_there = Path(program).exists() if "/" in program else False
    return cannot_execute(
        program,
        PermissionError(13, "it is not executable")
        if is_there
        else FileNotFoundError(2, "it is not there"),
    )
