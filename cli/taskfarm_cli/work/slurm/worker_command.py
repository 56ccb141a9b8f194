"""The command of each worker: this workTF, with the user's options for workers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from taskfarm_cli.work.command_line.input_arguments import words_of

if TYPE_CHECKING:
    from taskfarm_cli.work.plan import Options

LINGER_S = 600.0


def of_worker(options: Options, url: str, uuid: str) -> list[str]:
    """Return the words of a worker's command.

    Args:
        options: the user's options.
        url: the API's URL.
        uuid: the run's.
    """
    # -P: no module may be imported from the job's folder.
    return [
        *(sys.executable, "-P", "-m", "taskfarm_cli.work.main"),
        *("--batch", "-b", url),
        *_options(options),
        *_work(options, uuid),
    ]


def _work(options: Options, uuid: str) -> list[str]:
    if options.join is None:
        return [uuid, *words_of(options.values), "--", *options.command]
    return [f"--join={Path(options.join).absolute()}"]


def _options(options: Options) -> list[str]:
    words: list[str] = []
    for name, flag in (
        ("--null", options.nul),
        # With --join it is for commands at the end, which stay with the one who submits.
        ("--shell", options.shell and options.join is None),
        ("--tag", options.tag),
        ("--line-buffer", options.line_buffer),
        # The one who submits has set waiting what is to be tried again.
        ("--no-retry-failed", options.kept_in is not None or options.join is not None),
    ):
        words += [name] if flag else []
    for name, path in (
        ("--inputs", options.inputs),
        ("--csv", options.csv),
        ("--results", options.results),
        ("--log", options.log),
        ("--joblog", options.joblog),
        ("--journal", options.journal),
        ("--jobs-file", options.jobs_file),
    ):
        words += [] if path is None else [f"{name}={Path(path).absolute()}"]
    words += [f"--grid={definition}" for definition in options.grid]
    words += [f"--glob={pattern}" for pattern in options.glob]
    for name, value in (
        ("--chunk", options.chunk),
        ("--user", options.user),
        ("--jobs", options.jobs),
        ("--threads-per-task", options.threads_per_task),
        ("--timeout-s", options.timeout_s),
        ("--grace-s", options.grace_s),
        ("--max-attempts", options.max_attempts),
        ("--retry-delay-s", options.retry_delay_s),
        ("--halt-after", options.halt_after),
        ("--linger-s", _linger_s(options)),
        ("--unleased-after-s", options.unleased_after_s),
        ("--stop-after-s", options.stop_after_s),
        ("--max-tasks", options.max_tasks),
    ):
        words += [] if value is None else [f"{name}={_shown(value)}"]
    # With --keep, no worker occupies a node while only others compute.
    return words if options.linger and not options.keep else [*words, "--no-linger"]


def _linger_s(options: Options) -> float | None:
    if options.keep or not options.linger or options.linger_s is not None:
        return options.linger_s
    return LINGER_S


def _shown(value: str | float) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
