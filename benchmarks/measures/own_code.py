"""Which share of the time a worker's own code runs, with tasks of 20 ms; and of other lengths."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.clients import Host, Work, hosts
from benchmarks.commands import WorkTF
from benchmarks.rounds import alternate, spread
from benchmarks.rows import Curve, Result, Row, at_least
from benchmarks.servers import Place, embedded
from benchmarks.setting import Setting

TASK_S = 0.02
LEAST = 95
SHORT_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
# Clients that sleep so long do not disturb each other, and need not take turns.
LONG_S = (1.0, 3.0, 10.0)


def measure(setting: Setting) -> Iterator[Result]:
    """Let the clients take turns at the embedded server."""
    with (
        embedded() as place,
        hosts(setting.peers, "sdk", "run.work", "taskfarm-worker") as three,
    ):
        yield from _tasks_of_20_ms(setting, place, three)
        yield from _over_length(setting, place, three)


def _tasks_of_20_ms(setting: Setting, place: Place, three: dict[str, Host]) -> Iterator[Row]:
    tasks = setting.pick(150, 40)
    sleeping = Work(tasks=tasks, task_s=TASK_S, prefetch=1)
    sides = {
        "a worker with prefetch=1, sleeping": _share(place, three["sdk"], sleeping),
        "run.work, code that holds the GIL": _share(
            place, three["run.work"], Work(tasks=tasks, task_s=TASK_S, busy=True)
        ),
        "workTF": lambda: _share_of_worktf(setting, place, tasks),
        "taskfarm-worker": _share(
            place, three["taskfarm-worker"], Work(tasks=tasks, task_s=TASK_S, updates=1)
        ),
    }
    samples = alternate(sides, setting.rounds)
    theirs = spread(samples.pop("taskfarm-worker"))
    for side, values in samples.items():
        found = spread(values)
        target, reached = at_least(found, LEAST)
        yield Row(
            what=f"share of the time that tasks of 20 ms run: {side}",
            against=f"taskfarm-worker: {theirs} %",
            figure=f"{found} %",
            target=f"{target} %",
            reached=reached,
            samples={side: values},
        )


def _share(place: Place, host: Host, work: Work) -> Callable[[], float]:
    return lambda: 100 * host.work(place, work).own_share


def _share_of_worktf(setting: Setting, place: Place, tasks: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "joblog"
        WorkTF(setting.peers, place, jobs=1)(tasks, f"sleep {TASK_S}", "--joblog", str(log))
        lines = [line.split("\t") for line in log.read_text().splitlines()[1:]]
    spans = [(float(line[2]), float(line[3])) for line in lines]
    whole_s = max(sum(span) for span in spans) - min(begin for begin, _ in spans)
    return 100 * sum(took for _, took in spans) / whole_s


def _over_length(setting: Setting, place: Place, three: dict[str, Host]) -> Iterator[Curve]:
    def sides(task_s: float) -> dict[str, Callable[[], float]]:
        # About a second of each, but a few tasks at least.
        tasks = max(3, min(100, round(1 / task_s)))
        return {
            "worker": _share(place, three["sdk"], Work(tasks=tasks, task_s=task_s)),
            "worker, prefetch=1": _share(
                place, three["sdk (prefetch)"], Work(tasks=tasks, task_s=task_s, prefetch=1)
            ),
            "taskfarm-worker": _share(
                place, three["taskfarm-worker"], Work(tasks=tasks, task_s=task_s, updates=1)
            ),
        }

    with hosts(setting.peers, "sdk") as another:
        three["sdk (prefetch)"] = another["sdk"]
        points: dict[str, list[tuple[float, float]]] = {side: [] for side in sides(1)}
        for task_s in SHORT_S:
            for side, values in alternate(sides(task_s), setting.pick(3, 1)).items():
                points[side].append((task_s, spread(values).median))
        for task_s in LONG_S[: setting.pick(3, 1)]:
            with ThreadPoolExecutor() as together:
                running = {side: together.submit(act) for side, act in sides(task_s).items()}
            for side, future in running.items():
                points[side].append((task_s, future.result()))
    for side, line in points.items():
        yield Curve(plot="efficiency over task length", side=side, points=line)
