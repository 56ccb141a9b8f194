"""The number of slots for which this process may open enough files."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from taskfarm_cli.common.text import counted
from taskfarm_sdk.execution.parts import raise_open_files

# Two pipes, with both ends while a command starts, the files behind them, the process's own, the
# empty stdin, the pipe that tells of a failed start, and a connection for each of two threads.
FILES_OF_A_SLOT = 13
# The interpreter's, the guardian's, the job log, connections that are closed a moment later.
FILES_BESIDE = 48


@attrs.frozen
class Slots:
    """Slots for commands.

    Attributes:
        number: how many.
        open_files: the soft limit of open files for the commands; None for workTF's own.
    """

    number: int
    open_files: int | None


def slots_for(wanted: int, say: Callable[[str], None]) -> Slots:
    """Return as many slots as are wanted, or as the limit of open files allows.

    Args:
        wanted: how many, at least 1.
        say: shows a message if there are fewer.
    """
    needed = FILES_BESIDE + FILES_OF_A_SLOT * wanted
    files = raise_open_files(needed)
    if files.limit >= needed:
        return Slots(wanted, files.before)
    number = min(wanted, max(1, (files.limit - FILES_BESIDE) // FILES_OF_A_SLOT))
    say(
        f"{counted(number, 'job')} at a time, not {wanted}: this process may have "
        f"{files.limit} files open, and {counted(wanted, 'job')} need {needed} (see ulimit -Hn)"
    )
    return Slots(number, files.before)
