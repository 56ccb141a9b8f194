"""Run a command again and again beside processes that keep CPUs busy.

`python -m tests.busy --times 5 --processes 2 -- COMMAND…` says how each run ended, and ends with 1
if one of them failed. A test that other work on the machine can break fails here sooner or later.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

# Ends with the pipe that it was given, so that none is left running whatever becomes of its parent.
SPIN = """
import os, select
while not select.select([0], [], [], 0)[0]:
    sum(range(100_000))
"""


@contextmanager
def busy(processes: int) -> Generator[None]:
    """Keep as many CPUs busy as there are processes, until the block ends."""
    started = [
        subprocess.Popen([sys.executable, "-c", SPIN], stdin=subprocess.PIPE)
        for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def main() -> int:
    """Run the command as often as asked, and count the failures."""
    parser = argparse.ArgumentParser(prog="python -m tests.busy", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="how often to run it (default: 5)")
    parser.add_argument("--processes", type=int, default=2, help="how many are busy (default: 2)")
    parser.add_argument("command", nargs="+", help="what to run")
    asked = parser.parse_args()
    outcomes: list[str] = []
    with busy(asked.processes):
        for _ in range(asked.times):
            began_at = time.monotonic()
            status = subprocess.run(asked.command, check=False).returncode
            took_s = time.monotonic() - began_at
            how = "passed" if status == 0 else f"FAILED ({status})"
            outcomes.append(f"{how} in {took_s:.0f} s")
            print(f"run {len(outcomes)} of {asked.times}: {outcomes[-1]}", flush=True)
    print(f"beside {asked.processes} busy processes: {'; '.join(outcomes)}")
    return int(any(outcome.startswith("FAILED") for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
