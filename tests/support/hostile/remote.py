"""A caller in a process of its own, whose memory can be measured beside that of the server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.support.hostile.callers import TIMEOUT_S, Came
from tests.support.programs import ROOT, read_line, running, write_line

PROGRAM = ROOT / "tests" / "programs" / "hostile_client.py"


STATUS = Path("/proc/self/status")
# Writing 5 to it sets the peak to what is in use.
FORGET_PEAK = Path("/proc/self/clear_refs")


def memory_kib(name: str) -> int:
    """Return a number of this process's memory: "VmRSS" is what is in use, "VmHWM" its peak."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


@attrs.define
class RemoteCaller:
    """A caller, to be given to `meet`.

    Attributes:
        error: the name of the last error that a farm or a worker raised, or None.
        peak_kib: how much memory the last request took beyond what was in use before it.
    """

    _process: subprocess.Popen[str]
    error: str | None = None
    peak_kib: int = 0

    def __call__(self, url: str, operation: str, timeout_s: float = TIMEOUT_S) -> Came:
        """Ask an operation."""
        write_line(self._process, operation)
        came = json.loads(read_line(self._process.stdout))
        self.error, self.peak_kib = came["error"], came["peak_kib"]
        return Came(status=came["status"])


@contextmanager
def remote(url: str, caller: str, environment: dict[str, str]) -> Iterator[RemoteCaller]:
    """Run a caller for the time of a block.

    Args:
        url: the server's.
        caller: which one, by its name in the program.
        environment: more variables for it.
    """
    told = {"url": url, "caller": caller}
    with running(PROGRAM, told=told, env=environment) as process:
        yield RemoteCaller(process)
