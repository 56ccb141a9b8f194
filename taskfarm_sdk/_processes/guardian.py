"""Kill the processes that a killed process leaves behind: a separate program, started by `groups`.

Its standard input is a pipe from its parent, with a line `+123` for each process group that was
started, `-123` when it has ended, and `.` when the parent ends by itself. When the pipe ends, the
parent has ended, even if it was killed, and the remaining groups are killed. On Linux a mark in the
environment identifies processes that have left their group, or were started just before their group
was reported.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
MARK = "TASKFARM_GUARDIAN"
ENDED = ".\n"
# A process shows no mark before its program is executed, nor for the moment in which it executes
# another one. A killed parent may leave one that is doing so; nobody waits for the later looks.
LOOKS_S = (0.0, 0.02, 0.1)


def main(mark: str) -> None:
    """Wait until the pipe ends, then kill the remaining processes."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    lines = list(sys.stdin)
    for group in groups_left(lines):
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    kill_marked(mark, LOOKS_S[:1] if ENDED in lines else LOOKS_S)


def kill_marked(mark: str, looks_s: Iterable[float]) -> None:
    """Kill the processes with the mark of a parent.

    Args:
        mark: the parent's.
        looks_s: the pause before each look, in seconds.
    """
    for pause_s in looks_s:
        time.sleep(pause_s)
        for pid in marked(f"{MARK}={mark}".encode()):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def groups_left(lines: Iterable[str]) -> set[int]:
    """Return the groups that were started and have not ended."""
    groups: set[int] = set()
    for line in lines:
        if line == ENDED:
            continue
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
