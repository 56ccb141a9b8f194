"""Commands, four at a time: ones that do nothing, and ones of 100 ms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import attrs

from benchmarks.clients import Work, hosts
from benchmarks.commands import GNUParallel, HyperQueue, HyperShell, Run, WorkTF
from benchmarks.measures.tasks_per_second import rate
from benchmarks.peers import Missing, debian
from benchmarks.rounds import Samples, alternate, ratio, spread, timed
from benchmarks.rows import Row, at_least, missing
from benchmarks.servers import Place, embedded
from benchmarks.setting import Setting

JOBS = 4
COMMAND_S = 0.1
WITH_DATABASE = "HyperShell with its database"
WITHOUT_DATABASE = "HyperShell without its database"
HYPERQUEUE, PARALLEL, BARE = "HyperQueue", "GNU parallel", "two bare requests a task (httpx)"
# In how many times as many tasks/s, or which part; None is only reported.
QUICK_TARGETS = {
    WITH_DATABASE: 3.0,
    WITHOUT_DATABASE: 1.5,
    HYPERQUEUE: None,
    PARALLEL: None,
    BARE: 0.8,
}


@attrs.frozen
class _There:
    """Who is there to run commands, and why others are not."""

    runners: dict[str, Run]
    problems: dict[str, str]


def measure(setting: Setting) -> Iterator[Row]:
    """Let all take turns, each as a user would start it."""
    with embedded() as place, ExitStack() as stack:
        there = _who_is_there(setting, place, stack)
        yield from _that_do_nothing(setting, place, there)
        yield from _of_100_ms(setting, there)


def _who_is_there(setting: Setting, place: Place, stack: ExitStack) -> _There:
    def hyperqueue() -> Run:
        return stack.enter_context(HyperQueue(setting.peers, JOBS))

    def hypershell(*, database: bool) -> Run:
        setting.peers.program("hypershell")
        return HyperShell(setting.peers, JOBS, database)

    def parallel() -> Run:
        debian("parallel")
        return GNUParallel(JOBS)

    makers: dict[str, Callable[[], Run]] = {
        "workTF": lambda: WorkTF(setting.peers, place, JOBS),
        WITH_DATABASE: lambda: hypershell(database=True),
        WITHOUT_DATABASE: lambda: hypershell(database=False),
        HYPERQUEUE: hyperqueue,
        PARALLEL: parallel,
    }
    there = _There({}, {})
    for name, make in makers.items():
        try:
            there.runners[name] = make()
        except Missing as error:
            there.problems[name] = str(error)
    return there


def _that_do_nothing(setting: Setting, place: Place, there: _There) -> Iterator[Row]:
    tasks = setting.pick(500, 60)
    sides = {name: _rate_of(run, tasks, "true") for name, run in there.runners.items()}
    with hosts(setting.peers, "httpx") as bare:
        sides[BARE] = rate(place, bare["httpx"], Work(tasks=tasks, clients=JOBS))
        samples = alternate(sides, setting.pick(3, 1))
    # What it takes to start and end, which a longer list of commands would hide.
    start_s = {
        name: timed(lambda run=run: run(JOBS, "true"))()  # type: ignore[misc]
        for name, run in there.runners.items()
    }
    what = f"workTF, {tasks} commands that do nothing, {JOBS} at a time"
    for name, least in QUICK_TARGETS.items():
        if name in there.problems:
            yield missing(what, name, there.problems[name])
            continue
        found = ratio(samples["workTF"], samples[name])
        target, reached = at_least(found, least) if least else ("", None)
        yield Row(
            what=what,
            against=name,
            figure=f"{found} x",
            target=f"{target} x" if target else "",
            reached=reached,
            note=_note(samples, name, start_s, tasks),
            samples={side: samples[side] for side in ("workTF", name)},
        )


def _note(samples: Samples, name: str, start_s: dict[str, float], tasks: int) -> str:
    text = f"{spread(samples['workTF'])} against {spread(samples[name])} tasks/s"
    if name not in start_s:
        return text
    ours, theirs = (
        (tasks - JOBS) / (tasks / spread(samples[side]).median - start_s[side])
        for side in ("workTF", name)
    )
    return (
        f"{text}; start and end take {start_s['workTF']:.2f} s and {start_s[name]:.2f} s, without "
        f"which it is {ours:.0f} against {theirs:.0f}"
    )


def _of_100_ms(setting: Setting, there: _There) -> Iterator[Row]:
    tasks = setting.pick(500, 40)
    ideal = JOBS / COMMAND_S
    names = [name for name in ("workTF", PARALLEL, HYPERQUEUE) if name in there.runners]
    samples = alternate(
        {name: _rate_of(there.runners[name], tasks, f"sleep {COMMAND_S}") for name in names},
        setting.pick(3, 1),
    )
    samples["the ideal"] = [ideal] * len(samples["workTF"])
    what = f"workTF, {tasks} commands of 100 ms, {JOBS} at a time"
    for name, least in (("the ideal", 95), (PARALLEL, 100), (HYPERQUEUE, 100)):
        if name in there.problems:
            yield missing(what, name, there.problems[name])
            continue
        found = ratio([100 * one for one in samples["workTF"]], samples[name])
        target, reached = at_least(found, least)
        yield Row(
            what=what,
            against=name,
            figure=f"{found} %",
            target=f"{target} %",
            reached=reached,
            note=f"{spread(samples['workTF'])} against {spread(samples[name])} commands/s",
            samples={side: samples[side] for side in ("workTF", name)},
        )


def _rate_of(run: Run, tasks: int, command: str) -> Callable[[], float]:
    measure_s = timed(lambda: run(tasks, command))
    return lambda: tasks / measure_s()
