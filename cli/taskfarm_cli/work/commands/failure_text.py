"""The line about a failed attempt: what went wrong, with which input, and where its output is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.common.text import printable
from taskfarm_cli.work.commands.kept import log_name

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options
    from taskfarm_cli.work.template import Job

# Of a longer input, the line shows the beginning and the end.
MOST_SHOWN = 80
_END_SHOWN = 30


def failure_text(fault: str, job: Job, options: Options) -> str:
    """Return the line about a failed attempt.

    Args:
        fault: what went wrong.
        job: what the command was made for.
        options: where its output is kept.
    """
    place = _place_of_output(job.task, options)
    return "".join(
        (
            fault,
            "" if job.input is None else f"; its input: {_shortened(job.input)}",
            "" if place is None else f"; its output: {place}",
        )
    )


def place_of_outputs(options: Options) -> str | None:
    """Return where the output of all tasks is kept, or None if it was printed."""
    if options.results is not None:
        return f"{Path(options.results) / 'TASK'}/stdout and stderr"
    if options.log is not None:
        return f"the .log files in {options.log}, indexed by the .index files there"
    return None


def _place_of_output(task: int, options: Options) -> str | None:
    if options.results is not None:
        return f"{Path(options.results) / str(task)}/stdout and stderr"
    if options.log is not None:
        log = Path(options.log) / log_name()
        return f"{log}.log (the line of task {task} in {log}.index says where in it)"
    return None


def _shortened(text: str) -> str:
    if len(text) > MOST_SHOWN:
        text = f"{text[: MOST_SHOWN - _END_SHOWN - 1]}…{text[-_END_SHOWN:]}"
    return printable(text)
