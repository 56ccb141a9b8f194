"""Count the CPUs that this process may use, which a cluster or a container may limit."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")


def usable_cpus() -> int:
    """Return how many processes can compute here at the same time, at least 1.

    This is `SLURM_CPUS_PER_TASK` if Slurm sets it; otherwise the number of CPUs that this process
    may run on, limited by the CPU quota of its cgroup, rounded up.
    """
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if given.isascii() and given.isdigit() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return max(1, min(allowed, math.ceil(cgroup_cpus(_PROC, _CGROUPS))))


def cgroup_cpus(membership: Path, root: Path) -> float:
    """Return the CPU quota of a cgroup and its parents, in CPUs; 2**31 without a limit.

    Args:
        membership: the file that lists the cgroups of the process.
        root: the folder where cgroups are mounted.
    """
    limits = [float(2**31)]
    with suppress(OSError):
        for line in membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                limits += _limits(root, path, _limit)
            elif "cpu" in controllers.split(","):
                # Version 1 has a folder for each controller, with either name.
                for name in ("cpu", controllers):
                    limits += _limits(root / name, path, _limit_of_version_1)
    return min(limits)


def _limits(root: Path, path: str, read: Callable[[Path], float]) -> Iterator[float]:
    # In a container the path is often the host's and does not exist; then its parents count.
    own = root / path.lstrip("/")
    for folder in (own, *own.parents):
        with suppress(OSError, ValueError):
            yield read(folder)
        if folder == root:
            break


def _limit(folder: Path) -> float:
    # "max 100000" means no limit: int() raises ValueError, and the caller skips it.
    quota, period = (folder / "cpu.max").read_text().split()
    return int(quota) / int(period)


def _limit_of_version_1(folder: Path) -> float:
    quota = int((folder / "cpu.cfs_quota_us").read_text())
    period = int((folder / "cpu.cfs_period_us").read_text())
    return quota / period if quota > 0 else math.inf
