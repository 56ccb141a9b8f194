"""Looks at processes from outside, as the operating system sees them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
# The longest that a test waits for what is sure to come: only a fault lets it go by.
NET_S = 60.0
# Longer than any net: what waits for it in full never ends.
ENDLESS_S = 3600.0


class Process(NamedTuple):
    """A living process (a zombie is none)."""

    pid: int
    parent: int
    group: int

    @property
    def shown(self) -> bytes:
        """What any user (the command line) or this one (the environment) can see of it."""
        folder = PROC / str(self.pid)
        return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


def members(group: int) -> list[Process]:
    """Return a process group's living processes, its leader first."""
    found = [process for process in everybody() if process.group == group]
    return sorted(found, key=lambda process: process.pid != group)


def wait_until(condition: Callable[[], object], timeout_s: float = NET_S) -> None:
    """Return as soon as a condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s in vain"
        time.sleep(0.01)


def everybody() -> Iterator[Process]:
    """Return all living processes."""
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue  # it ended meanwhile
        # The name, in brackets, may hold spaces and brackets itself.
        state, parent, group = stat.rpartition(")")[2].split()[:3]
        if state not in "ZX":
            yield Process(int(folder.name), int(parent), int(group))


def alive(pids: Iterable[int]) -> list[int]:
    """Return those of some processes that live."""
    living = {process.pid for process in everybody()}
    return [pid for pid in pids if pid in living]
