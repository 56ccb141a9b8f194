"""Ends and kills at random moments: what is computed twice, missing, or there twice."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import attrs

import taskfarm_sdk
from benchmarks.items import Items
from benchmarks.rows import Row
from benchmarks.servers import Place, embedded
from benchmarks.setting import Setting

ITEM_S = 1e-4
ENDS = 10
# What a kill may cost of each process: the records of 0.1 s, the item in hand, and the next one.
MOST_TWICE_A_PROCESS = int(0.1 / ITEM_S) + 2
LOOK_EVERY_S = 0.002
End = Callable[[Place, Popen[str]], None]


@attrs.frozen
class _Kind:
    """A way to end the work.

    Attributes:
        what: how it is called.
        end: ends it, or a part of it.
        goes_on: whether the work goes on by itself.
        most_twice: how many items each end may cost.
    """

    what: str
    end: End
    goes_on: bool
    most_twice: int


@attrs.frozen
class _Counts:
    """What became of the items.

    Attributes:
        twice: how many more times than once items were computed.
        missing: how many items have no result, or a wrong one.
        doubled: how many items have more results than one.
    """

    twice: int
    missing: int
    doubled: int


def measure(setting: Setting) -> Iterator[Row]:
    """Work off the items, with ends at random moments."""
    kinds = (
        _Kind("SIGTERMs", _send(signal.SIGTERM), goes_on=False, most_twice=0),
        _Kind(
            "SIGKILLs of whole workers",
            _kill_all,
            goes_on=False,
            most_twice=2 * MOST_TWICE_A_PROCESS,
        ),
        _Kind("SIGKILLs of children", _kill_child, goes_on=True, most_twice=MOST_TWICE_A_PROCESS),
        _Kind("SIGKILLs of the server", _kill_server, goes_on=True, most_twice=0),
    )
    ends, items = setting.pick(ENDS, 2), setting.pick(100_000, 10_000)
    for kind in kinds:
        with embedded() as place, tempfile.TemporaryDirectory() as folder:
            counts = _ended(Items(setting.peers, place), kind, Path(folder), items, ends)
        yield _row(kind, counts, items, ends)


def _row(kind: _Kind, counts: _Counts, items: int, ends: int) -> Row:
    most = kind.most_twice * ends
    return Row(
        what=f"{ends} {kind.what} at random moments, {items:,} items of 100 µs",
        against="",
        target=f"{f'<= {most:,}' if most else 0} twice, 0 missing, 0 doubled",
        figure=f"{counts.twice:,} twice, {counts.missing} missing, {counts.doubled} doubled",
        reached=counts.twice <= most and not counts.missing and not counts.doubled,
        samples={name: [float(count)] for name, count in attrs.asdict(counts).items()},
    )


def _ended(compute: Items, kind: _Kind, folder: Path, items: int, ends: int) -> _Counts:
    log, results = folder / "log", folder / "results"
    log.mkdir()
    # After so many more computed items each, most of which are left for the last part of the work.
    moments = [
        random.randrange(items // ends // 4, items * 3 // ends // 4)  # noqa: S311 - no secrets
        for _ in range(ends)
    ]

    def part(moments: list[int]) -> int:
        # The wait for retries is of no interest here, and chunks end often enough.
        job = {"log": str(log), "chunk": 500}
        with compute.started(results, "map", items, ITEM_S, **job) as process:
            for moment in moments:
                _wait_for(process, log, _computed(log) + moment)
                kind.end(compute.place, process)
            process.communicate()
            return process.returncode

    status = 0
    for group in [moments] if kind.goes_on else [[one] for one in moments]:
        status = part(group)
    if status != 0 and (status := part([])) != 0:
        raise RuntimeError(f"after {ends} {kind.what} the work ended with {status}")
    return _counts(log, results, items)


def _wait_for(process: Popen[str], log: Path, computed: int) -> None:
    while _computed(log) < computed and process.poll() is None:
        time.sleep(LOOK_EVERY_S)


def _computed(log: Path) -> int:
    """Return about how many items were computed, by the size of the notes of them."""
    return sum(file.stat().st_size for file in log.iterdir()) // 6


def _counts(log: Path, results: Path, items: int) -> _Counts:
    computed = [int(line) for file in log.iterdir() for line in file.read_text().split()]
    found = [one for one in taskfarm_sdk.results(results) if one.error is None]
    right = {one.number for one in found if one.value == one.number}
    return _Counts(
        twice=len(computed) - len(set(computed)),
        missing=items - len(right),
        doubled=len(found) - len({one.number for one in found}),
    )


def _send(number: signal.Signals) -> End:
    return lambda _, process: process.send_signal(number)


def _kill_all(_: Place, process: Popen[str]) -> None:
    """Kill the worker with its children, as the end of its machine would."""
    children = _children_of(process.pid)
    process.kill()
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _kill_child(_: Place, process: Popen[str]) -> None:
    children = _computing(process.pid)
    if children:
        with suppress(ProcessLookupError):
            os.kill(random.choice(children), signal.SIGKILL)  # noqa: S311 - no secrets


def _kill_server(place: Place, _: Popen[str]) -> None:
    place.server.kill()
    place.server.start()


def _children_of(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(FileNotFoundError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _computing(pid: int) -> list[int]:
    """Return the child processes that compute, without those that only guard them."""
    with_names = ((child, Path(f"/proc/{child}/cmdline")) for child in _children_of(pid))
    found: list[int] = []
    for child, file in with_names:
        with suppress(FileNotFoundError):
            if b"execution.children.child" in file.read_bytes():
                found.append(child)
    return found
