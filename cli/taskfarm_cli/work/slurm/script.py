"""The text of a job's script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from taskfarm_cli.common.exit_status import UsageError

# A worker would use these instead of the saved login.
SECRETS = ("TASKFARM_PASSWORD", "TASKFARM_TOKEN", "TASKFARM_USER")
OUTPUT = "%A_%a.out"
_PLAIN = re.compile(r"[\w%+,./:=@^~-]+", re.ASCII)
_CARRIAGE_RETURN = "cr=$(printf '\\r')\n"


class Job(NamedTuple):
    """The job to submit.

    Attributes:
        name: the job's name.
        workers: how many elements the array has.
        cpus: how many CPUs each of them gets.
        time: their time limit as Slurm writes it, or None for the partition's.
        lead_s: how long before the limit they are asked to end.
        folder: the absolute folder of their output.
        config: the folder of the saved logins.
        extra: more options for sbatch, which override the others.
        command: the words of each worker's command.
        shell: the shell that reads the script. Only bash hands on functions that were exported,
            such as `module`.
    """

    name: str
    workers: int
    cpus: int
    time: str | None
    lead_s: int
    folder: str
    config: str
    extra: Sequence[str]
    command: Sequence[str]
    shell: str


def text(job: Job) -> str:
    """Return the script of a job.

    Raises:
        UsageError: Slurm could not write output into the folder.
    """
    options = [
        f"--job-name={job.name}",
        f"--array=0-{job.workers - 1}",
        f"--cpus-per-task={job.cpus}",
        *([] if job.time is None else [f"--time={job.time}"]),
        f"--signal=B:TERM@{job.lead_s}",
        "--requeue",
        "--open-mode=append",
        f"--output={output(job.folder)}",
    ]
    lines = [f"#SBATCH {in_a_comment(option)}\n" for option in options]
    if job.extra:
        lines.append(f"#SBATCH {' '.join(map(in_a_comment, job.extra))}\n")
    command = " ".join(quoted(word) for word in job.command)
    config = quoted(job.config)
    return "".join(
        (
            f"#!{job.shell}\n",
            *lines,
            f"unset {' '.join(SECRETS)}\n",
            *([_CARRIAGE_RETURN] if "$cr" in command + config else []),
            f"export TASKFARM_CONFIG={config}\n",
            f"exec {command}\n",
        )
    )


def output(folder: str) -> str:
    """Return the pattern of the files that the workers write to.

    Raises:
        UsageError: Slurm cannot write to the folder.
    """
    if any(sign in folder for sign in "\\\n\r"):
        raise UsageError(
            f"Slurm cannot write output below {folder!r}: its name contains a backslash or a "
            "line break. Work in another folder"
        )
    return folder.replace("%", "%%") + f"/{OUTPUT}"


def quoted(word: str) -> str:
    """Return a word as a shell's script holds it."""
    # sbatch refuses a script with "\r\n" as one from Windows.
    return shlex.quote(word).replace("\r", "'\"$cr\"'")


def in_a_comment(word: str) -> str:
    """Return a word as sbatch reads it from a line that begins with #SBATCH."""
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
