"""Tasks that do nothing: how many a second, beside taskfarm-worker and beside bare HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.clients import Host, Work, hosts
from benchmarks.measures.server_limit import limit
from benchmarks.rounds import alternate, ratio, spread
from benchmarks.rows import Row, at_least
from benchmarks.servers import Place, embedded
from benchmarks.setting import Setting

# Many short ones: a machine that is slow for some seconds then meets all sides alike.
ROUNDS = 3


def measure(setting: Setting) -> Iterator[Row]:
    """Let the kinds of clients take turns at the embedded server."""
    with embedded() as place:
        with hosts(setting.peers, "sdk", "taskfarm-worker") as both:
            for prefetch in (0, 1):
                yield _beside_taskfarm_worker(setting, place, both, prefetch)
        with hosts(setting.peers, "sdk", "httpx", "http.client") as three:
            for workers in (1, 4):
                yield from _beside_bare_http(setting, place, three, workers)
        for connections in (1, 4):
            yield limit(setting, place, connections)


def rate(place: Place, host: Host, work: Work) -> Callable[[], float]:
    """Return a function that works a run off, and returns how many tasks a second."""
    return lambda: host.work(place, work).tasks_per_s


def _beside_taskfarm_worker(
    setting: Setting, place: Place, both: dict[str, Host], prefetch: int
) -> Row:
    work = Work(tasks=setting.pick(150, 60), updates=1, prefetch=prefetch)
    samples = alternate(
        {kind: rate(place, host, work) for kind, host in both.items()}, ROUNDS * setting.rounds
    )
    found = ratio(samples["sdk"], samples["taskfarm-worker"])
    target, reached = at_least(found, 2.0)
    return Row(
        what=f"tasks/s, one worker{', prefetch=1' * prefetch}, one update a task",
        against="taskfarm-worker",
        figure=f"{found} x",
        target=f"{target} x",
        reached=reached,
        note=f"{spread(samples['sdk'])} against {spread(samples['taskfarm-worker'])} tasks/s",
        samples=samples,
    )


def _beside_bare_http(
    setting: Setting, place: Place, three: dict[str, Host], workers: int
) -> Iterator[Row]:
    work = Work(tasks=setting.pick(200, 60), clients=workers)
    samples = alternate(
        {kind: rate(place, host, work) for kind, host in three.items()}, ROUNDS * setting.rounds
    )
    for bare, least in (("httpx", 95), ("http.client", None)):
        found = ratio([100 * one for one in samples["sdk"]], samples[bare])
        target, reached = at_least(found, least) if least else ("", None)
        yield Row(
            what=f"tasks/s, {workers} worker{'s' * (workers > 1)}",
            against=f"two bare keep-alive requests a task, {bare}",
            figure=f"{found} %",
            target=f"{target} %" if target else "",
            reached=reached,
            note=f"{spread(samples['sdk'])} against {spread(samples[bare])} tasks/s",
            samples=samples,
        )
