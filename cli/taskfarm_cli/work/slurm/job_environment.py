"""The environment of a Slurm job, which workTF reads whenever it runs in one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.slurm import cli
from taskfarm_sdk.hidden import Hidden

# What Slurm writes for "never".
_FAR_S = 3650 * 86400.0


def left_s(
    environ: Hidden[Mapping[str, str]] | None = None,
    *,
    ask: Callable[[str], float | None] = cli.left_s,
    now: Callable[[], float] = time.time,
) -> float | None:
    """Return how much of this job's time is left; None outside jobs, and without a limit.

    Args:
        environ: the environment; None is this process's own.
        ask: asks Slurm about a job by its id, where the environment does not say.
        now: the time of day.

    Raises:
        CommandError: Slurm could not be asked.
    """
    known = environ or Hidden(os.environ)
    job = known.reveal().get("SLURM_JOB_ID")
    if not job:
        return None
    ends_at = known.reveal().get("SLURM_JOB_END_TIME", "")
    left = float(ends_at) - now() if ends_at.isdecimal() else ask(job)
    # A time in the past is that of another job, whose variables a terminal's shell has kept.
    return None if left is None or left > _FAR_S or left < 0 else left


def fleet_size(environ: Hidden[Mapping[str, str]] | None = None) -> int:
    """Return how many workers the array of this job has, which begin at about the same time."""
    count = (environ or Hidden(os.environ)).reveal().get("SLURM_ARRAY_TASK_COUNT", "")
    return max(1, int(count)) if count.isdecimal() else 1


def trouble(error: CommandError) -> str:
    """Return the message for a time limit that cannot be read."""
    return f"this job's time limit is unknown, so workTF ignores it: {error}"
