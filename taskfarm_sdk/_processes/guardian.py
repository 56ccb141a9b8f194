"""Kill the processes that a killed process leaves behind: a separate program, started by `groups`.

Its standard input is a pipe from its parent, with a line `+123` for each process group that was
started, and `-123` when it has ended. When the pipe ends, the parent has ended, even if it was
killed, and the remaining groups are killed. On Linux a mark in the environment identifies processes
that have left their group, or were started just before their group was reported.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
MARK = "TASKFARM_GUARDIAN"


def main(mark: str) -> None:
    """Wait until the pipe ends, then kill the remaining processes."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    groups = groups_left(sys.stdin)
    for group in groups:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    for pid in marked(f"{MARK}={mark}".encode()):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def groups_left(lines: Iterable[str]) -> set[int]:
    """Return the groups that were started and have not ended."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    return groups


def marked(entry: bytes) -> Iterator[int]:
    """Yield the ids of processes with this entry in their environment."""
    # Plain strings, because the ending parent waits for this, and pathlib takes ten times as long.
    with suppress(OSError):
        for name in filter(str.isdecimal, os.listdir(PROC)):  # noqa: PTH208
            with suppress(OSError), open(f"{PROC}/{name}/environ", "rb") as environment:  # noqa: PTH123
                if entry in environment.read().split(b"\0"):
                    yield int(name)


if __name__ == "__main__":
    main(sys.argv[1])
