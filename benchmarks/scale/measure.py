"""Measure on the real server what the simulation takes for granted, and what it foretells.

    python -m benchmarks.scale.measure

from the project's folder, on a machine with PostgreSQL's binaries. Writes `costs.json`, and prints
tasks/s as measured beside those that the simulation makes of these costs.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import attrs

from benchmarks.scale.model import Costs, Plan, tasks_per_s
from taskfarm_sdk import Farm, Run
from taskfarm_sdk.testing import LocalServer
from tests.programs import load_workers
from tests.programs.load_workers import Report
from tests.support.filling import fill
from tests.support.postgresql import PostgreSQL, running_postgresql
from tests.support.processes import members
from tests.support.programs import run_silently

COSTS = Path(__file__).with_name("costs.json")
PROCESSES, THREADS = 2, 4
TASKS = 300
# Of a run whose rate is measured.
SHARE_LEAST = 150
EXISTING = (0, 100_000, 1_000_000)
OURS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'taskfarm'"


def main() -> None:
    """Measure costs, then tasks/s."""
    with running_postgresql() as (postgres, _):
        with served(postgres, 1) as (place,):
            costs = under_load(measured_costs(place, postgres), place, postgres)
        COSTS.write_text(json.dumps(attrs.asdict(costs), indent=2) + "\n")
        print(json.dumps(attrs.asdict(costs), indent=2))
        print(f"{'workers':>8}{'runs':>6}{'servers':>8}{'measured':>10}{'simulated':>10}")
        for workers, runs, servers in (
            (1, 1, 1), (4, 1, 1), (16, 1, 1), (64, 1, 1), (16, 4, 1), (64, 4, 1), (16, 2, 2),
        ):  # fmt: skip
            with served(postgres, servers) as made:
                rate = measured_rate(made, workers, runs)
            plan = Plan(
                workers=workers,
                runs=runs,
                processes=PROCESSES * servers,
                cores=os.cpu_count() or 1,
                clients_beside=True,
            )
            foretold = tasks_per_s(costs, plan, random.Random(1))  # noqa: S311
            print(f"{workers:>8}{runs:>6}{servers:>8}{rate:>10.1f}{foretold:>10.1f}", flush=True)


class Place(NamedTuple):
    """A server and its database's name."""

    server: LocalServer
    database: str


@contextmanager
def served(postgres: PostgreSQL, count: int) -> Iterator[list[Place]]:
    """Run servers on databases of their own."""
    with ExitStack() as undo:
        made = []
        for _ in range(count):
            name = f"farm_{secrets.token_hex(4)}"
            postgres.run(f"CREATE DATABASE {name}")
            url = postgres.url(name)
            server = LocalServer(database_url=url, processes=PROCESSES, threads=THREADS)
            made.append(Place(undo.enter_context(server), name))
        yield made


def measured_costs(place: Place, postgres: PostgreSQL) -> Costs:
    """Return what requests cost with one client, where nobody waits for anybody."""
    server = place.server
    with server.farm() as farm:
        farm.login()
        run = farm.create_run(TASKS * 2)
        with run.worker() as worker:
            open_tasks = [worker.claim() for _ in range(TASKS)]  # warms up
            assert server.pid is not None
            meter = Meter(server.pid, postgres)
            claim = meter.cost(lambda: open_tasks.append(worker.claim()), TASKS)
            tasks = [task for task in open_tasks if task is not None]
            complete = meter.cost(lambda: tasks.pop().complete(), TASKS)
            while tasks:
                tasks.pop().complete()
        per_row = _count_per_row(farm, postgres, place.database)
        locked_share = _locked_share(farm.create_run(TASKS), postgres, place.database)
    # Counting cost something there too, of half as many to twice as many tasks.
    claim_database = max(0.0, claim.database - per_row * TASKS * 1.5)
    # By shares, which stay the same however busy the machine is with others.
    locked = locked_share * (claim.server + claim.database + claim.client)
    claim_locked = min(max(0.0, locked - claim.database), claim.server)
    print(f"for {locked_share:.0%} of the time of one client alone its run is locked")
    outside = (claim.server - claim_locked) / 2
    return Costs(
        claim_before=round(outside, 3),
        claim_locked=round(claim_locked, 3),
        claim_after=round(outside, 3),
        claim_database=round(claim_database, 3),
        count_per_row=round(per_row, 7),
        complete=round(complete.server, 3),
        complete_database=round(complete.database, 3),
        client=round(claim.client + complete.client, 3),
    )


def under_load(alone: Costs, place: Place, postgres: PostgreSQL) -> Costs:
    """Return what requests cost where many come, by what they cost all together."""
    assert place.server.pid is not None
    meter = Meter(place.server.pid, postgres)
    busy = meter.cost(lambda: measured_rate([place], 16, 4), 1)
    by_one = (
        alone.claim_before + alone.claim_locked + alone.claim_after + alone.claim_database
        + alone.complete + alone.complete_database
    )  # fmt: skip
    factor = (busy.server + busy.database) / (4 * SHARE_LEAST) / by_one
    print(f"a request under load costs {factor:.2f} times as much as one alone")
    return Costs(**{name: round(cost * factor, 7) for name, cost in attrs.asdict(alone).items()})


@attrs.frozen
class Cost:
    """Processor time of one request, in milliseconds."""

    server: float
    database: float
    client: float


class Meter:
    """Reads what processor time the parties of a request have had."""

    def __init__(self, group: int, postgres: PostgreSQL) -> None:
        self._group = group
        self._postgres = postgres

    def cost(self, ask: Callable[[], object], times: int) -> Cost:
        """Ask so many times, and return what each time cost."""
        before = self._read()
        for _ in range(times):
            ask()
        spent = [(now - then) / times for now, then in zip(self._read(), before, strict=True)]
        return Cost(*spent)

    def _read(self) -> tuple[float, float, float]:
        servers = [process.pid for process in members(self._group)]
        backends = [int(str(pid)) for (pid,) in self._postgres.run(OURS)]
        return _cpu_ms(servers), _cpu_ms(backends), 1000 * time.process_time()


def _cpu_ms(pids: Sequence[int]) -> float:
    found = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += int((thread / "schedstat").read_text().split()[0])
    return found / 1e6


def _count_per_row(farm: Farm, postgres: PostgreSQL, database: str) -> float:
    """Return by how much a hand-out takes longer for each task that exists, in ms."""
    took_ms = []
    for existing in EXISTING:
        run = farm.create_run(existing + 100)
        fill(postgres, database, run, existing)
        with run.worker() as worker:
            times = []
            for _ in range(20):
                began_at = time.perf_counter()
                task = worker.claim()
                times.append(1000 * (time.perf_counter() - began_at))
                assert task is not None
                task.complete()
        # The quickest, which nothing else on the machine has held up.
        took_ms.append(min(times))
        print(f"a hand-out beside {existing} tasks of its run: {took_ms[-1]:.1f} ms")
        run.delete()
    return max(0.0, took_ms[-1] - took_ms[-2]) / (EXISTING[-1] - EXISTING[-2])


def _locked_share(run: Run, postgres: PostgreSQL, database: str) -> float:
    """Return how much of the time one client's hand-outs hold their run's row."""
    over = threading.Event()
    looks: list[bool] = []

    def look() -> None:
        with closing(postgres.connect(database)) as connection:
            while not over.is_set():
                free = connection.execute(
                    "SELECT 1 FROM runs WHERE id = %s FOR UPDATE SKIP LOCKED", (run.id,)
                )
                looks.append(free.fetchone() is None)
                over.wait(random.uniform(0.001, 0.004))  # noqa: S311

    with run.worker() as worker:
        worker.claim()
        watcher = threading.Thread(target=look)
        watcher.start()
        for _ in range(TASKS - 1):
            worker.claim()
        over.set()
        watcher.join()
    return sum(looks) / len(looks)


def measured_rate(places: Sequence[Place], workers: int, runs: int) -> float:
    """Return tasks/s of workers in two processes, from their second task on to the last but one."""
    with ExitStack() as undo:
        farms = [undo.enter_context(place.server.farm()) for place in places]
        shared = [farms[number % len(farms)] for number in range(runs)]
        share = max(SHARE_LEAST, 400 // runs)
        told = [
            {
                "url": farm.url, "token": farm.login(), "run": farm.create_run(share).uuid,
                "threads": workers // runs, "fleet_size": 1,
            }
            for farm in shared
        ]  # fmt: skip
        with ThreadPoolExecutor(runs) as pool:
            reports = list(pool.map(_work, told))
    done_at = sorted(moment for report in reports for moment in report["done_at"])
    # While all work: from when each has begun to when the first finds nothing any more.
    begin = max(sorted(report["done_at"])[workers // runs - 1] for report in reports)
    end = min(max(report["done_at"]) for report in reports)
    return sum(begin < moment <= end for moment in done_at) / (end - begin)


def _work(told: dict[str, object]) -> Report:
    (line,) = run_silently(load_workers.__file__, told=told, timeout_s=None)
    report: Report = json.loads(line)
    return report


if __name__ == "__main__":
    main()
