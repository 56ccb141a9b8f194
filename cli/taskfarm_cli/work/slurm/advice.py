"""Explanations of Slurm's refusals and of failed arrays, with advice."""

from __future__ import annotations

from collections.abc import Collection, Sequence

# Refusals by `sbatch --test-only` of jobs that sbatch accepts, and lets wait.
_MAY_WAIT = ("node configuration is not available", "nodes are busy", "time limit is invalid")
_REFUSALS = (
    (
        "invalid partition",
        'sinfo lists the partitions; --sbatch-args "--partition=NAME" chooses one',
    ),
    ("invalid qos", 'choose another one with --sbatch-args "--qos=NAME"'),
    ("invalid account", 'choose another one with --sbatch-args "--account=NAME"'),
    ("time limit", "give a shorter --time, or another partition (sinfo shows their limits)"),
)
# Folders that nodes usually do not share.
_LOCAL = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 - nothing is made there
LAUNCH_FAILURE = "JobLaunchFailure"
OUT_OF_MEMORY = "OUT_OF_MEMORY"
MORE_MEMORY = 'ask for more with --sbatch-args "--mem-per-cpu=SIZE", or run fewer jobs in each (-j)'


def may_wait(said: str) -> bool:
    """Return whether a refused test only means that a job would wait, perhaps forever."""
    return any(part in said.lower() for part in _MAY_WAIT)


def of_refusal(said: str) -> str:
    """Return a refusal by sbatch, with what to do where that is known."""
    low = said.lower()
    return next((f"{said}; {advice}" for part, advice in _REFUSALS if part in low), said)


def is_local(folder: str) -> bool:
    """Return whether a folder is probably local to each machine."""
    return folder in _LOCAL or folder.startswith(tuple(f"{local}/" for local in _LOCAL))


def of_local_folder(folder: str) -> str:
    """Return the warning about a folder that the nodes probably do not share."""
    return (
        f"{folder} is probably only on this machine. If so, the workers end at once with "
        f"{LAUNCH_FAILURE} and write nothing (squeue --states=all shows it): work in a folder "
        "that the nodes share"
    )


def of_local_results(folder: str) -> str:
    """Return the warning about a results folder that the nodes probably do not share."""
    return (
        f"the results folder {folder} is probably only on this machine, and the workers read and "
        "write it: keep it on a file system that the nodes share"
    )


def of_size(workers: int, most: int) -> str:
    """Return why an array of so many workers is refused."""
    return (
        f"--slurm {workers} exceeds this cluster's limit for arrays, {most} (MaxArraySize "
        f"in `scontrol show config`). Give --slurm {most} or fewer, with more jobs each (-j)"
    )


def of_deaths(jobs: Sequence[str], ends: Collection[str], folder: str, *, has_output: bool) -> str:
    """Return why no array is submitted after some that died at once.

    Args:
        jobs: the arrays.
        ends: their states and reasons, as Slurm gives them.
        folder: the folder that the workers need to start.
        has_output: whether their last lines of output are shown.
    """
    text = (
        f"{len(jobs)} arrays in a row ({', '.join(jobs)}) died at once and finished no task, so no "
        "more are submitted" + _of_output(has_output=has_output)
    )
    if LAUNCH_FAILURE in ends:
        return (
            f"{text}. Slurm could not start them ({LAUNCH_FAILURE}), most likely because a node "
            f"lacks the folder {folder}: workers must start and write in folders that nodes share"
        )
    if OUT_OF_MEMORY in ends:
        return f"{text}. They ran out of memory: {MORE_MEMORY}"
    return f"{text}. Slurm gives as reasons: {', '.join(sorted(ends))}" if ends else text


def first_expired(job: str, most: int, *, remedy: str) -> str:
    """Return the warning after an array that reached its limit and completed nothing."""
    return (
        f"array {job} reached its time limit and completed no task; its tasks were released and "
        f"no attempt was counted. If they need longer, {remedy}; after {most} such arrays in a "
        "row workTF ends"
    )


def of_expired(jobs: Sequence[str], *, remedy: str, has_output: bool) -> str:
    """Return why no array is submitted after some that reached their limit without progress."""
    return (
        f"{len(jobs)} arrays in a row ({', '.join(jobs)}) reached their time limit and completed "
        "no task, so no more are submitted: the tasks need more time than a worker has; "
        f"{remedy}" + _of_output(has_output=has_output)
    )


def remedy(time: str | None, stop_after_s: float | None) -> str:
    """Return what to do about tasks that take longer than a worker has."""
    if stop_after_s is not None:
        return f"give more than --stop-after-s {stop_after_s:g}, or make the tasks smaller"
    if time is None:
        return "give a --time that a task fits into, or make the tasks smaller"
    return f"give more than --time {time}, or make the tasks smaller"


def _of_output(*, has_output: bool) -> str:
    return "; the last lines of their output are above" if has_output else "; they wrote nothing"
