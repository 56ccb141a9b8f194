"""Items by the hundred thousand: ones that do nothing, and ones of 100 µs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from benchmarks.items import FEW, Items, Took
from benchmarks.items_client import GROUP, WORKERS
from benchmarks.peers import Missing
from benchmarks.rounds import Samples, alternate, ratio, spread
from benchmarks.rows import Row, at_least, at_most, missing
from benchmarks.servers import embedded
from benchmarks.setting import Setting

ITEM_S = 1e-4
CHUNK = 1_000
MAP, TASKS, POOL, JOBLIB = "map", "tasks", "pool", "joblib"
GROUPS, BATCHES = "dask groups", "dask batches"
NAMES = {
    POOL: f"ProcessPoolExecutor.map(chunksize={GROUP}), which keeps nothing",
    GROUPS: f"Dask, grouped by hand in {GROUP}s",
    BATCHES: f"Dask, client.map(batch_size={GROUP})",
    JOBLIB: "joblib, batch_size='auto'",
}


def measure(setting: Setting) -> Iterator[Row]:
    """Let all take turns, each in new processes; the server and Dask's cluster run already."""
    with embedded() as place:
        compute = Items(setting.peers, place)
        yield from _that_do_nothing(setting, compute)
        yield from _beside(
            setting, compute, _Length(setting.pick(1_000_000, 10_000), (POOL,), {POOL: 0.9})
        )
        others = _Length(
            setting.pick(100_000, 2_000), (GROUPS, JOBLIB), {GROUPS: 0.9, JOBLIB: None}
        )
        yield from _beside(setting, compute, others)
        # Takes so long that once must do.
        batches = attrs.evolve(others, against=(BATCHES,), targets={BATCHES: None}, rounds=1)
        yield from _beside(setting, compute, batches)


def _that_do_nothing(setting: Setting, compute: Items) -> Iterator[Row]:
    items, tasks = setting.pick(1_000_000, 10_000), setting.pick(500, 40)
    chunked = f"{CHUNK:,} a chunk"
    took: dict[str, list[Took]] = {"auto": [], chunked: []}

    def by_map(name: str, chunk: object) -> Callable[[], float]:
        def rate() -> float:
            took[name].append(compute(MAP, items, chunk=chunk))
            return items / took[name][-1].whole_s

        return rate

    sides = {
        "auto": by_map("auto", "auto"),
        chunked: by_map(chunked, CHUNK),
        TASKS: lambda: tasks / compute(TASKS, tasks).whole_s,
    }
    samples = alternate(sides, setting.pick(3, 1))
    for name, chunk in (("auto", 'chunk="auto"'), (chunked, f"chunk={CHUNK}")):
        what = f"farm.map, {items:,} items that do nothing, {WORKERS} children, {chunk}"
        found = ratio(samples[name], samples[TASKS])
        whole = spread([one.whole_s for one in took[name]])
        cpu_us = spread([1e6 * one.cpu_s / items for one in took[name]])
        target, reached = at_least(found, 1000)
        yield Row(
            what=what,
            against="plain tasks, by run.work with as many children",
            figure=f"{found} x",
            target=f"{target} x",
            reached=reached,
            note=f"{spread(samples[name])} items/s against {spread(samples[TASKS])} tasks/s; CPU "
            f"{cpu_us} µs an item, without the server's",
            samples={name: samples[name], TASKS: samples[TASKS]},
        )
        target, reached = at_most(whole, 10)
        yield Row(
            what=what,
            against="",
            figure=f"{whole} s",
            target=f"{target} s",
            reached=reached,
            samples={"s": [one.whole_s for one in took[name]]},
        )


@attrs.frozen
class _Length:
    """A number of items of 100 µs, and who computes them beside `farm.map`.

    Attributes:
        items: how many.
        against: the others.
        targets: which part of their speed is to be reached; None is only reported.
        rounds: how often each has its turn; None for as often as usual.
    """

    items: int
    against: tuple[str, ...]
    targets: dict[str, float | None]
    rounds: int | None = None


def _beside(setting: Setting, compute: Items, length: _Length) -> Iterator[Row]:
    there, problems = [], {}
    for name in length.against:
        try:
            compute(name, FEW, ITEM_S)
            there.append(name)
        except Missing as error:
            problems[name] = str(error)
    what = f"farm.map, {length.items:,} items of 100 µs, {WORKERS} children"
    took = _taken(compute, length, there, length.rounds or setting.pick(3, 1))
    for name in length.against:
        if name in problems:
            yield missing(what, NAMES[name], problems[name])
        else:
            yield _row(what, name, length, took)


def _taken(
    compute: Items, length: _Length, names: list[str], rounds: int
) -> dict[str, list[tuple[Took, Took]]]:
    """Return what each took for all items, and for a few: its start and end."""
    took: dict[str, list[tuple[Took, Took]]] = {name: [] for name in (MAP, *names)}

    def side(name: str) -> Callable[[], float]:
        def act() -> float:
            few = compute(name, FEW, ITEM_S, chunk=1)
            took[name].append((compute(name, length.items, ITEM_S), few))
            return took[name][-1][0].whole_s

        return act

    alternate({name: side(name) for name in took}, rounds)
    return took


def _row(what: str, name: str, length: _Length, took: dict[str, list[tuple[Took, Took]]]) -> Row:
    rates: Samples = {
        side: [(length.items - FEW) / (whole.whole_s - few.whole_s) for whole, few in took[side]]
        for side in (MAP, name)
    }
    found = ratio(rates[MAP], rates[name])
    least = length.targets[name]
    target, reached = at_least(found, least) if least else ("", None)
    return Row(
        what=what,
        against=NAMES[name],
        figure=f"{found} x",
        target=f"{target} x" if target else "",
        reached=reached,
        note=f"without start and end: {_told(took[MAP], length.items)} against "
        f"{_told(took[name], length.items)}",
        samples=rates,
    )


def _told(took: list[tuple[Took, Took]], items: int) -> str:
    whole = spread([one.whole_s for one, _ in took])
    start = spread([few.whole_s for _, few in took])
    # Dask's processes are not the client's own.
    cpu = [1e6 * one.cpu_s / items for one, _ in took if one.cpu_s]
    used = f", CPU {spread(cpu)} µs an item" if cpu else ""
    return f"{whole} s, of which {start} s are start and end{used}"
