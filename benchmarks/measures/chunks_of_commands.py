"""Commands that do nothing by the ten thousand, in chunks, four at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from benchmarks.commands import GNUParallel, HyperQueue, Run, WorkTF, Xargs
from benchmarks.peers import Missing, debian
from benchmarks.rounds import alternate, cpu_of_children, ratio, spread
from benchmarks.rows import Row, at_least, missing
from benchmarks.servers import embedded
from benchmarks.setting import Setting

JOBS = 4
CHUNK = 100
WORKTF, PARALLEL, HYPERQUEUE, XARGS = "workTF", "GNU parallel", "HyperQueue", f"xargs -P{JOBS}"
TARGETS = {PARALLEL: 2.0, HYPERQUEUE: 1.5, XARGS: 0.8}


def measure(setting: Setting) -> Iterator[Row]:
    """Let all take turns, each as a user would start it."""
    commands = setting.pick(10_000, 200)
    what = f"workTF --chunk {CHUNK}, {commands:,} commands that do nothing, {JOBS} at a time"
    runs: dict[str, Run] = {}
    problems: dict[str, str] = {}
    with embedded() as place, ExitStack() as stack:
        runs[WORKTF] = WorkTF(setting.peers, place, JOBS, chunk=CHUNK)
        makers: dict[str, Callable[[], Run]] = {
            PARALLEL: _parallel,
            HYPERQUEUE: lambda: stack.enter_context(HyperQueue(setting.peers, JOBS)),
            XARGS: lambda: Xargs(JOBS),
        }
        for name, make in makers.items():
            try:
                runs[name] = make()
            except Missing as error:
                problems[name] = str(error)
        cpu_us: dict[str, list[float]] = {name: [] for name in runs}
        samples = alternate(
            {name: _rate_of(run, commands, cpu_us[name]) for name, run in runs.items()},
            setting.pick(3, 1),
        )
    for name, least in TARGETS.items():
        if name in problems:
            yield missing(what, name, problems[name])
            continue
        found = ratio(samples[WORKTF], samples[name])
        target, reached = at_least(found, least)
        # HyperQueue's processes are not waited for here.
        theirs = "" if name == HYPERQUEUE else f" against {spread(cpu_us[name])}"
        yield Row(
            what=what,
            against=name,
            figure=f"{found} x",
            target=f"{target} x",
            reached=reached,
            note=f"{spread(samples[WORKTF])} against {spread(samples[name])} commands/s; CPU "
            f"{spread(cpu_us[WORKTF])}{theirs} µs a command",
            samples={side: samples[side] for side in (WORKTF, name)},
        )


def _parallel() -> Run:
    debian("parallel")
    return GNUParallel(JOBS)


def _rate_of(run: Run, commands: int, cpu_us: list[float]) -> Callable[[], float]:
    def rate() -> float:
        wall_s, cpu_s = cpu_of_children(lambda: run(commands, "true"))
        cpu_us.append(1e6 * cpu_s / commands)
        return commands / wall_s

    return rate
