"""The line about a failed attempt: what went wrong, with which input, and where its output is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import command, printable
from taskfarm_cli.work.command_line.arguments import PROGRAM

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.template import Job

# Of a longer input, the line shows the beginning and the end.
MOST_SHOWN = 80
_END_SHOWN = 30


def failure_text(fault: str, job: Job, place: str | None) -> str:
    """Return the line about a failed attempt.

    Args:
        fault: what went wrong.
        job: what the command was made for.
        place: where its output is kept, or None if it was passed on.
    """
    return "".join(
        (
            fault,
            "" if job.input is None else f"; its input: {_shortened(job.input)}",
            "" if place is None else f"; its output: {place}",
        )
    )


def place_of_outputs(options: Options, *, in_chunks: bool = False) -> str | None:
    """Return where the output of all commands is kept, or None if it was printed.

    Args:
        options: where.
        in_chunks: whether the run's tasks are chunks of items.
    """
    if options.results is not None:
        name = "ITEM" if in_chunks else "TASK"
        return f"{Path(options.results) / name}/stdout and stderr"
    if options.log is not None:
        return f"{command(PROGRAM, '--show', options.log, '--failed')} lists its last lines"
    return None


def _shortened(text: str) -> str:
    if len(text) > MOST_SHOWN:
        text = f"{text[: MOST_SHOWN - _END_SHOWN - 1]}…{text[-_END_SHOWN:]}"
    return printable(text)
