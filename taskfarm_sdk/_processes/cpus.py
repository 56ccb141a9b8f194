"""Count the CPUs that a process may use: on a cluster or in a container, fewer than there are."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")


def usable_cpus() -> int:
    """Return how many processes can compute at a time here, at least 1.

    What Slurm gave each task (`SLURM_CPUS_PER_TASK`), where it says so; else the CPUs that this
    process may run on, bounded by the time that its cgroup may take, rounded up.
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
    """Return how much time of CPUs a cgroup and those above it leave; a whole lot without a limit.

    Args:
        membership: the file that tells which cgroups the process is in.
        root: where cgroups are shown.
    """
    limits = [float(2**31)]
    with suppress(OSError):
        for line in membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                limits += _limits(root, path, _limit)
            elif "cpu" in controllers.split(","):
                # Version 1 shows each controller in a folder of its own, named in either way.
                for name in ("cpu", controllers):
                    limits += _limits(root / name, path, _limit_of_version_1)
    return min(limits)


def _limits(root: Path, path: str, read: Callable[[Path], float]) -> Iterator[float]:
    # In a container the path is often the host's, which is not there: what is above it counts.
    own = root / path.lstrip("/")
    for folder in (own, *own.parents):
        with suppress(OSError, ValueError):
            yield read(folder)
        if folder == root:
            break


def _limit(folder: Path) -> float:
    # "max 100000" is no limit: no number, and passed over as such.
    quota, period = (folder / "cpu.max").read_text().split()
    return int(quota) / int(period)


def _limit_of_version_1(folder: Path) -> float:
    quota = int((folder / "cpu.cfs_quota_us").read_text())
    period = int((folder / "cpu.cfs_period_us").read_text())
    return quota / period if quota > 0 else math.inf
