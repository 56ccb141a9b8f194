"""The command of each worker: this very workTF, with what the user said of workers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskfarm_cli.work.command_line.arguments import Arguments

LINGER_S = 600.0


def of_worker(arguments: Arguments, url: str, uuid: str) -> list[str]:
    """Return the words of a worker's command.

    Args:
        arguments: what the user said.
        url: the API's URL.
        uuid: the run's.
    """
    # -P: the folder that the job runs in must not stand in for modules.
    return [
        *(sys.executable, "-P", "-m", "taskfarm_cli.work.main"),
        *("--batch", "-b", url),
        *_options(arguments),
        uuid,
        "--",
        *arguments.command,
    ]


def _options(arguments: Arguments) -> list[str]:
    words: list[str] = []
    for name, flag in (
        ("--null", arguments.nul),
        ("--shell", arguments.shell),
        ("--tag", arguments.tag),
        ("--line-buffer", arguments.line_buffer),
    ):
        words += [name] if flag else []
    for name, path in (
        ("--inputs", arguments.inputs),
        ("--results", arguments.results),
        ("--log", arguments.log),
        ("--joblog", arguments.joblog),
        ("--journal", arguments.journal),
    ):
        words += [] if path is None else [f"{name}={Path(path).absolute()}"]
    for name, value in (
        ("--user", arguments.user),
        ("--jobs", arguments.jobs),
        ("--timeout-s", arguments.timeout_s),
        ("--grace-s", arguments.grace_s),
        ("--max-attempts", arguments.max_attempts),
        ("--halt-after", arguments.halt_after),
        ("--linger-s", _linger_s(arguments)),
        ("--stop-after-s", arguments.stop_after_s),
        ("--max-tasks", arguments.max_tasks),
    ):
        words += [] if value is None else [f"{name}={_shown(value)}"]
    # Under --keep nobody waits at a cluster's expense for what others compute.
    return words if arguments.linger and not arguments.keep else [*words, "--no-linger"]


def _linger_s(arguments: Arguments) -> float | None:
    if arguments.keep or not arguments.linger or arguments.linger_s is not None:
        return arguments.linger_s
    return LINGER_S


def _shown(value: str | float) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
