"""Exit statuses of child processes, and their meaning for a task."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from taskfarm_sdk.hidden import Hidden, hide

# Whoever ends a batch job signals all its processes: a child may know, and end, before we do.
TOLD_WITHIN_S = 0.5
_ASKING = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGUSR2", "SIGXCPU")
# A shell tells its child's end by a signal so.
_OF_SHELLS = 128
_ASKED_BY = tuple(getattr(signal, name) for name in _ASKING if hasattr(signal, name))
# Not all die of the signal: Java and many a script that clean up first exit as a shell would tell.
_ASKED_TO_END = frozenset(
    status for number in _ASKED_BY for status in (-number, _OF_SHELLS + number)
)


def may_be_asked(status: int) -> bool:
    """Return whether it ended as one that was asked to; if so, we hear within `TOLD_WITHIN_S`.

    Args:
        status: its exit status, or the negative number of the signal that ended it.
    """
    return status in _ASKED_TO_END


def how_it_ended(status: int) -> str:
    """Return how a process ended: "exit status 3", "killed by SIGKILL".

    Args:
        status: its exit status, or a signal's number with a minus, as `subprocess` has it.
    """
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def why_it_ended(status: int, environ: Mapping[str, str] | None = None) -> str:
    """Return how a process ended that nobody here has ended, with the likeliest reason if known.

    Args:
        status: its exit status, or a signal's number with a minus.
        environ: the environment, which tells whether this is a job of Slurm's; None is this
            process's own.
    """
    return how_it_ended(status) + _of_memory(status, hide(environ) or Hidden(os.environ))


def _of_memory(status: int, environ: Hidden[Mapping[str, str]]) -> str:
    """Return what to do about a kill in a Slurm job, where most are for want of memory."""
    kill = getattr(signal, "SIGKILL", None)
    is_kill = kill is not None and status in (-kill, _OF_SHELLS + kill)
    if not is_kill or not environ.reveal().get("SLURM_JOB_ID"):
        return ""
    given, more = _memory_of_job(environ)
    return (
        f", most likely because the job's memory ran out{given}: ask for more with sbatch "
        f'--mem-per-cpu={more}, or workTF --sbatch-args "--mem-per-cpu={more}"'
    )


def _memory_of_job(environ: Hidden[Mapping[str, str]]) -> tuple[str, str]:
    """Return what memory a Slurm job has, in words, and twice as much of it for each CPU."""
    for name, of in (("SLURM_MEM_PER_CPU", "CPU"), ("SLURM_MEM_PER_NODE", "node")):
        given = environ.reveal().get(name, "")
        if not given.isdecimal() or int(given) == 0:
            continue
        cpus = environ.reveal().get("SLURM_CPUS_PER_TASK", "") if of == "node" else "1"
        each = int(given) / int(cpus) if cpus.isdecimal() and int(cpus) else float(given)
        return f" ({given} MB for each {of})", f"{2 * each:.0f}M"
    return "", "4G"
