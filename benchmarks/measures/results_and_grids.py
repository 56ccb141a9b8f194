"""Reading a million results in order, and the start and memory of a grid of a million points."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.items import Items, Took
from benchmarks.items_client import WORKERS
from benchmarks.rounds import alternate, ratio, spread
from benchmarks.rows import Row, at_most
from benchmarks.servers import embedded
from benchmarks.setting import Setting

READ_S, READ_MIB, SAME = 5, 100, 1.1
SMALL = 10
FILES = "*.results1"


def measure(setting: Setting) -> Iterator[Row]:
    """Make the results, read them in new processes; then let both grids take turns."""
    with embedded() as place:
        compute = Items(setting.peers, place)
        with tempfile.TemporaryDirectory() as folder:
            yield from _reading(setting, compute, Path(folder))
        yield from _grids(setting, compute)


def _reading(setting: Setting, compute: Items, folder: Path) -> Iterator[Row]:
    items = setting.pick(1_000_000, 10_000)
    results = folder / "results"
    compute.in_folder(results, "map", items, bytes=True)
    # The trial of chunk="auto" has a process of its own.
    files = len(list(results.glob(FILES)))
    read = [compute.in_folder(results, "read", items) for _ in range(setting.rounds)]
    what = f"{items:,} results of 100 bytes, read in order"
    whole, mib = spread([one.whole_s for one in read]), spread([one.kib / 1024 for one in read])
    cpu_us = spread([1e6 * one.cpu_s / items for one in read])
    target, reached = at_most(whole, READ_S)
    yield Row(
        what=what,
        against="",
        figure=f"{whole} s",
        target=f"{target} s",
        reached=reached,
        note=f"CPU {cpu_us} µs a result; in {files} files, of {WORKERS} children and the trial",
        samples={"s": [one.whole_s for one in read]},
    )
    target, reached = at_most(mib, READ_MIB)
    yield Row(
        what=f"memory, {what}",
        against="",
        figure=f"{mib} MiB",
        target=f"{target} MiB",
        reached=reached,
        samples={"KiB": [one.kib for one in read]},
    )
    table = str(folder / "table.csv")
    written = [compute.in_folder(results, "read", items, table=table) for _ in range(2)]
    yield Row(
        what=f"{items:,} results of 100 bytes, written to a CSV file",
        against="",
        figure=f"{spread([one.whole_s for one in written])} s",
        note=f"CPU {spread([1e6 * one.cpu_s / items for one in written])} µs a result",
        samples={"s": [one.whole_s for one in written]},
    )


def _grids(setting: Setting, compute: Items) -> Iterator[Row]:
    large = setting.pick(1_000_000, 10_000)
    took: dict[int, list[Took]] = {SMALL: [], large: []}

    def side(points: int) -> Callable[[], float]:
        def start_s() -> float:
            took[points].append(compute("grid", points))
            # The time is that of the disk, which has the folder's files written through.
            return took[points][-1].cpu_s

        return start_s

    samples = alternate({str(points): side(points) for points in took}, setting.rounds)
    kib = {str(points): [one.more_kib + 1 for one in took[points]] for points in took}
    wall_s = {points: spread([one.whole_s for one in took[points]]) for points in took}
    cpu = f"s of CPU; {wall_s[large]} against {wall_s[SMALL]} s"
    for name, sides, unit in (("CPU of the start", samples, cpu), ("its memory", kib, "KiB")):
        found = ratio(sides[str(large)], sides[str(SMALL)])
        target, reached = at_most(found, SAME)
        yield Row(
            what=f"a grid of {large:,} points, until its first chunk is read: {name}",
            against=f"of {SMALL} points",
            figure=f"{found} x",
            target=f"{target} x",
            reached=reached,
            note=f"{spread(sides[str(large)])} against {spread(sides[str(SMALL)])} {unit}",
            samples=sides,
        )
