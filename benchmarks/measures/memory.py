"""Memory: of a workTF with 64 slots, of `task_infos()` of 100,000, of a million hand-outs."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.commands import WorkTF
from benchmarks.rounds import Spread
from benchmarks.rows import Curve, Result, Row, at_most
from benchmarks.servers import embedded
from benchmarks.setting import Setting
from benchmarks.stub_server import RUN_UUID

FOLDER = Path(__file__).parents[1]
# The last tenth beside the second; what an allocator rounds up is less than that.
FLAT = 1.05
POINTS = 100
SLOTS = 64


def measure(setting: Setting) -> Iterator[Result]:
    """Look at how much memory is resident from the start to the end."""
    reads = setting.pick(100_000, 3_000)
    stubbed = {
        f"task_infos() of {reads:,} (a stub answers)": ("task_infos", reads),
        f"a worker over {setting.handouts:,} hand-outs (a stub answers)": (
            *("hand-outs", setting.handouts),
        ),
    }
    # Each connection has its own buffer of 64 KiB for replies, which fills up over the first 1,500.
    commands = setting.pick(10_000, 300)
    yield from _rows(
        f"workTF with {SLOTS} slots, {commands:,} commands", _worktf(setting, commands)
    )
    with ThreadPoolExecutor() as together:
        running = {
            what: together.submit(_client, setting, act, number)
            for what, (act, number) in stubbed.items()
        }
    for what, future in running.items():
        yield from _rows(what, future.result())


def _rows(what: str, kib: Sequence[int]) -> Iterator[Result]:
    tenth = max(len(kib) // 10, 1)
    start = statistics.median(kib[tenth : 2 * tenth])
    growth = [one / start for one in kib[-tenth:]]
    found = Spread(statistics.median(growth), min(growth), max(growth))
    target, reached = at_most(found, FLAT)
    yield Row(
        what=f"memory of {what}",
        against="itself at the start",
        figure=f"{found.median:.3f} x",
        target=f"{target} x",
        reached=reached,
        note=f"{start / 1024:.1f} MiB, then {statistics.median(kib[-tenth:]) / 1024:.1f} MiB",
        samples={"KiB": list(map(float, kib))},
    )
    yield Curve(
        plot="memory (MiB) over the work done",
        side=what,
        points=[
            (number / len(kib), kib[number - 1] / 1024)
            for number in range(1, len(kib) + 1, max(len(kib) // POINTS, 1))
        ],
    )


def _worktf(setting: Setting, commands: int) -> list[int]:
    with embedded() as place, tempfile.TemporaryDirectory() as folder:
        work = WorkTF(setting.peers, place, SLOTS)
        seen = []
        with work.started(commands, "true", folder=folder) as process:
            while process.poll() is None:
                status = Path(f"/proc/{process.pid}/status").read_text()
                if (found := re.search(r"VmRSS:\s+(\d+)", status)) is not None:
                    seen.append(int(found[1]))
                time.sleep(0.05)
        if process.returncode != 0:
            raise RuntimeError(f"workTF ended with {process.returncode}")
    # While its modules are loaded it grows, and while it ends it may shrink.
    return seen[len(seen) // 10 :]


def _client(setting: Setting, act: str, tasks: int) -> list[int]:
    with _stub(tasks) as url:
        said = subprocess.run(
            [setting.peers.program("sdk"), FOLDER / "memory_client.py", act, url, RUN_UUID,
             str(tasks)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout  # fmt: skip
    return [int(line) for line in said.splitlines()]


@contextmanager
def _stub(tasks: int) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, FOLDER / "stub_server.py", str(tasks)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/api/"
        process.stdin.close()
