"""How far one server goes, and what several servers or runs give: a simulation of a farm.

    python -m benchmarks.scale --output build/scale

prints the tables of docs/explanation/scale.md and writes the plot. Nothing is measured here: what a
request costs is in `costs.json`, which `measure` measures on the real server. The same seed gives
the same numbers.

The model: workers ask for a task, compute it, and complete it. A request waits for one of its
server's threads. Its Python holds the process's interpreter lock and one of the machine's cores;
the database's part holds a core. A hand-out also holds its run's row lock, from the first statement
that takes it to the commit, and counts all tasks of the run that exist so far meanwhile.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from benchmarks.scale.model import Costs, Plan, tasks_per_s
from benchmarks.scale.plot import Curve, plot

COSTS = Path(__file__).with_name("costs.json")
SEED = 1
WORKERS = (1, 4, 16, 64, 256)
TASK_S = (0.0, 0.1, 1.0, 10.0, 60.0)
PROCESSES = (1, 2, 4, 8)
EXISTING = (0, 10_000, 100_000, 1_000_000)


def main() -> None:
    """Print the tables and write the plot."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder of the plot")
    output: Path = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    costs = Costs(**json.loads(COSTS.read_text()))
    curves = _over_workers(costs)
    _over_existing(costs)
    _over_processes(costs)
    _over_task_length(costs)
    plot(output / "scale.svg", curves, "workers, tasks of no length", "tasks/s")
    print(f"\nwrote {output / 'scale.svg'}")


def _over_workers(costs: Costs) -> list[Curve]:
    """Return tasks/s over the number of workers, for several ways to arrange a farm."""
    beside = Plan(cores=2, clients_beside=True)
    roomy = Plan(cores=16, processes=8)
    plans = {
        "2 cores with the clients, 1 run": beside,
        "2 cores with the clients, 4 runs": attrs.evolve(beside, runs=4),
        "16 cores, 8 processes, 1 run": roomy,
        "16 cores, 8 processes, 4 runs": attrs.evolve(roomy, runs=4),
        "4 such servers, 1 run each": attrs.evolve(roomy, servers=4, runs=4),
    }
    curves = []
    print(_head("tasks/s, tasks of no length", WORKERS))
    for name, plan in plans.items():
        rates = [_rate(costs, attrs.evolve(plan, workers=workers)) for workers in WORKERS]
        print(_row(name, rates))
        curves.append(Curve(name, [*zip(WORKERS, rates, strict=True)]))
    return curves


def _over_existing(costs: Costs) -> None:
    print(_head("\ntasks/s by tasks of the run that exist, 64 workers", EXISTING))
    for name, plan in (
        ("2 cores, 1 run", Plan(cores=2, workers=64)),
        ("16 cores, 8 processes, 1 run", Plan(cores=16, processes=8, workers=64)),
        ("16 cores, 8 processes, 4 runs", Plan(cores=16, processes=8, runs=4, workers=64)),
    ):
        rates = [_rate(costs, attrs.evolve(plan, existing=existing)) for existing in EXISTING]
        print(_row(name, rates))


def _over_processes(costs: Costs) -> None:
    """Print what becomes of 8 threads on 16 cores, by the processes they are in."""
    print(_head("\ntasks/s by processes, 8 threads in all, 64 workers", PROCESSES))
    for runs in (1, 4):
        plans = [
            Plan(workers=64, runs=runs, cores=16, processes=processes, threads=8 // processes)
            for processes in PROCESSES
        ]
        print(_row(f"16 cores, {runs} runs", [_rate(costs, plan) for plan in plans]))


def _over_task_length(costs: Costs) -> None:
    """Print how many workers of which task length a server feeds."""
    print(_head("\nworkers that are fed, by a task's length in s", TASK_S[1:]))
    for name, plan in (
        ("2 cores, 1 run", Plan(cores=2, workers=256)),
        ("16 cores, 8 processes, 1 run", Plan(cores=16, processes=8, workers=256)),
    ):
        limit = _rate(costs, plan)
        print(_row(name, [limit * task_s for task_s in TASK_S[1:]]))


def _rate(costs: Costs, plan: Plan) -> float:
    return tasks_per_s(costs, plan, random.Random(SEED))  # noqa: S311 - not for secrets


def _head(title: str, columns: Iterable[float]) -> str:
    return _row(title, columns)


def _row(name: str, values: Iterable[float]) -> str:
    blank = "\n" if name.startswith("\n") else ""
    return f"{blank}{name.strip():<52}" + "".join(f"{value:>11,.4g}" for value in _rounded(values))


def _rounded(values: Iterable[float]) -> Sequence[float]:
    return [round(value) if value >= 100 else value for value in values]


if __name__ == "__main__":
    main()
