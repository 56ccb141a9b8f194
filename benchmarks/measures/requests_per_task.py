"""How many requests a quick task costs."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from benchmarks.clients import Host, Work, hosts
from benchmarks.rows import Row
from benchmarks.servers import Place, embedded
from benchmarks.setting import Setting
from tests.support.fault_proxy import FaultProxy


def measure(setting: Setting) -> Iterator[Row]:
    """Count with a proxy before the server."""
    tasks = setting.pick(50, 20)
    with embedded() as place, hosts(setting.peers, "sdk", "taskfarm-worker") as both:
        for updates in (1, 10):
            work = Work(tasks=tasks, updates=updates)
            counts = {kind: _count(place, host, work) for kind, host in both.items()}
            ours, theirs = counts["sdk"], counts["taskfarm-worker"]
            yield Row(
                what=f"requests per task, {updates} update{'s' * (updates > 1)}",
                against="taskfarm-worker",
                figure=f"{ours:g} against {theirs:g}",
                target="2",
                reached=ours == 2.0,
                samples={kind: [count] for kind, count in counts.items()},
            )


def _count(place: Place, host: Host, work: Work) -> float:
    with FaultProxy(place.url) as proxy:
        host.work(attrs.evolve(place, url=proxy.url), work)
        # What names a task, and the hand-outs but the last, which says that nothing is left.
        return (proxy.count(r"/tasks?(/|$)") - 1) / work.tasks
