"""The stress test of the taskfarm paper: 256 tasks of ten updates, by 1 to 64 clients."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.clients import Host, Work, hosts
from benchmarks.measures.tasks_per_second import rate
from benchmarks.peers import Missing
from benchmarks.rounds import Samples, alternate, ratio, spread
from benchmarks.rows import Curve, Result, Row, at_least, missing
from benchmarks.servers import SERVERS, Place
from benchmarks.setting import Setting

KINDS = ("sdk", "taskfarm-worker", "httpx", "http.client")
TARGETS = {1: 5.0, 64: 4.0}


def measure(setting: Setting) -> Iterator[Result]:
    """Let both clients, and bare HTTP as the limit, take turns at both servers."""
    with hosts(setting.peers, *KINDS) as four:
        for name, server in SERVERS.items():
            try:
                with server() as place:
                    yield from _on(setting, name, place, four)
            except Missing as error:
                yield missing(f"tasks/s, ten updates a task, {name}", KINDS[1], str(error))


def _on(setting: Setting, name: str, place: Place, four: dict[str, Host]) -> Iterator[Result]:
    curves: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for clients in (1, 4, 64) if setting.quick else (1, 2, 4, 8, 16, 32, 64):
        work = Work(tasks=setting.pick(256, 64), clients=clients, updates=10)
        sides = {kind: rate(place, host, work) for kind, host in four.items()}
        rounds = setting.pick(3, 1) if clients in TARGETS else 1
        samples = alternate(sides, rounds)
        for kind, values in samples.items():
            curves[kind].append((clients, spread(values).median))
        if clients in TARGETS:
            yield _row(name, clients, samples)
    for kind, points in curves.items():
        yield Curve(plot=f"tasks/s over clients, {name}", side=kind, points=points)


def _row(server: str, clients: int, samples: Samples) -> Row:
    found = ratio(samples["sdk"], samples["taskfarm-worker"])
    target, reached = at_least(found, TARGETS[clients])
    theirs = spread(samples["taskfarm-worker"])
    bare = ", ".join(f"{kind} {spread(samples[kind])}" for kind in ("httpx", "http.client"))
    return Row(
        what=f"tasks/s, ten updates, {clients} client{'s' * (clients > 1)}, {server}",
        against="taskfarm-worker",
        figure=f"{found} x",
        target=f"{target} x",
        reached=reached,
        note=f"{spread(samples['sdk'])} against {theirs} tasks/s; two bare requests by {bare}",
        samples=samples,
    )
