"""Status, watching and hand-outs of runs of 10 to a million tasks: our part and the server's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx

from benchmarks.rounds import spread
from benchmarks.rows import Curve, Result, Row, at_most
from benchmarks.servers import Place, embedded, fill
from benchmarks.setting import Setting

# Our part is the time of this process's own CPU, which the server's time does not come into. But
# who waited long finds the processor's caches cold: a bare request shows how much that makes.
MOST_GROWTH = 1.2
BARE = "a bare GET by httpx"
# As many as the smallest run has tasks to hand out.
ROUNDS = 10
EMBEDDED, PLAIN = "embedded", "as taskfarm makes its tables, without indexes"
Act = Callable[[], object]


def measure(setting: Setting) -> Iterator[Result]:
    """Measure with the embedded server's indexes, and without them, as elsewhere."""
    sizes = (10, 10_000) if setting.quick else (10, 10_000, 1_000_000)
    for server in (EMBEDDED, PLAIN):
        with ExitStack() as stack:
            acts = [_acts(stack, server, size) for size in sizes]
            yield from _of_sizes(server, sizes, acts)


def _of_sizes(server: str, sizes: tuple[int, ...], acts: list[dict[str, Act]]) -> Iterator[Result]:
    ours: dict[str, list[list[float]]] = {what: [[] for _ in sizes] for what in acts[0]}
    times: dict[str, list[list[float]]] = {what: [[] for _ in sizes] for what in acts[0]}
    for number in range(ROUNDS):
        for index, act_of in enumerate(acts):
            for what, act in act_of.items():
                part_s, whole_s = _measure(act)
                if number:  # the first opens connections
                    ours[what][index].append(part_s)
                    times[what][index].append(whole_s)
    whole = {what: list(map(statistics.median, lists)) for what, lists in times.items()}
    bare = _growth(ours.pop(BARE))
    for what, parts in ours.items():
        medians = [statistics.median(one) for one in parts]
        growth = _growth(parts)
        found = spread([one / other for one, other in zip(growth, bare, strict=True)])
        target, reached = at_most(found, MOST_GROWTH)
        shares = ", ".join(
            f"{1e3 * w - 1e3 * p:.3g}" for w, p in zip(whole[what], medians, strict=True)
        )
        yield Row(
            what=f"{what}, run of {', '.join(f'{size:,}' for size in sizes)} tasks ({server})",
            against=f"the client's part grows with the run, beside that of {BARE}",
            figure=f"{found} x",
            target=f"{target} x",
            reached=reached and found.high <= MOST_GROWTH,
            note=f"client {', '.join(f'{1e3 * one:.3g}' for one in medians)} ms; server and wait "
            f"{shares} ms; {BARE} grew {', '.join(f'{one:.2f}' for one in bare)} x",
            samples={f"{size}": one for size, one in zip(sizes, parts, strict=True)},
        )
        yield Curve(
            plot=f"{what}: seconds over tasks in the run",
            side=server,
            points=list(zip(map(float, sizes), whole[what], strict=True)),
        )


def _growth(parts: list[list[float]]) -> list[float]:
    """Return how many times the part of the smallest run the others' parts are."""
    smallest, *others = map(statistics.median, parts)
    return [one / smallest for one in others]


def _acts(stack: ExitStack, server: str, size: int) -> dict[str, Act]:
    place = stack.enter_context(embedded())
    if server == PLAIN:
        _drop_indexes(place)
    run = place.farm.get_run(fill(place, size))
    worker = stack.enter_context(run.worker())
    bare = stack.enter_context(httpx.Client(base_url=place.url, auth=(place.token, ""), timeout=60))
    return {
        "status": run.status,
        "watch": lambda: next(run.watch()),
        "hand-out": worker.claim,
        BARE: lambda: bare.get(f"runs/{run.uuid}").json(),
    }


def _measure(act: Act) -> tuple[float, float]:
    cpu, begin = time.thread_time(), time.perf_counter()
    act()
    return time.thread_time() - cpu, time.perf_counter() - begin


def _drop_indexes(place: Place) -> None:
    with closing(place.sqlite()) as database:
        database.executescript(
            "DROP INDEX ix_tasks_run_id_task; DROP INDEX ix_tasks_run_id_status;"
        )
