"""A farm as a discrete-event simulation: workers, servers, cores, and the row lock of each run."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Generator

import attrs

WARM_UP_TASKS = 200
COUNTED_TASKS = 2000


@attrs.frozen(kw_only=True)
class Costs:
    """What a request costs, in milliseconds of a core unless said otherwise.

    Attributes:
        claim_before: a hand-out's Python before it has the row lock.
        claim_locked: its Python while it has it.
        claim_after: its Python after that.
        claim_database: PostgreSQL's part of a hand-out, under the lock.
        count_per_row: what counting a run's tasks adds to that, for each that exists.
        complete: a completion's Python.
        complete_database: PostgreSQL's part of it.
        client: what a worker's own process spends on a task.
    """

    claim_before: float
    claim_locked: float
    claim_after: float
    claim_database: float
    count_per_row: float
    complete: float
    complete_database: float
    client: float


@attrs.frozen(kw_only=True)
class Plan:
    """How a farm is arranged.

    Attributes:
        workers: how many, shared evenly among the runs.
        runs: how many, shared evenly among the servers.
        servers: each with cores and a database of its own.
        processes: of each server.
        threads: of each process.
        cores: of each server's machine.
        clients_beside: the workers use the (one) server's cores, and not their own.
        existing: how many tasks of each run exist.
        task_s: how long a task is computed, evenly spread by a tenth around it.
    """

    workers: int = 1
    runs: int = 1
    servers: int = 1
    processes: int = 2
    threads: int = 4
    cores: int = 2
    clients_beside: bool = False
    existing: int = 0
    task_s: float = 0.0


class Resource:
    """Something that so many can hold at once; who comes first is served first."""

    def __init__(self, size: int) -> None:
        self.free = size
        self.waiting: deque[Callable[[], None]] = deque()


@attrs.frozen
class Take:
    """Wait for a resource."""

    what: Resource


@attrs.frozen
class Give:
    """Give a resource back."""

    what: Resource


@attrs.frozen
class Spend:
    """Let time go by."""

    ms: float


Steps = Generator[Take | Give | Spend]


class Simulation:
    """Runs processes, which are generators of steps, in the order of simulated time."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self._due: list[tuple[float, int, Steps]] = []
        self._order = itertools.count()

    def start(self, steps: Steps) -> None:
        """Have a process take its next step now."""
        heapq.heappush(self._due, (self.now_ms, next(self._order), steps))

    def run(self, is_over: Callable[[], bool]) -> None:
        """Go on until it is over."""
        while not is_over():
            self.now_ms, _, steps = heapq.heappop(self._due)
            self._advance(steps)

    def _advance(self, steps: Steps) -> None:
        for step in steps:
            match step:
                case Spend(ms):
                    heapq.heappush(self._due, (self.now_ms + ms, next(self._order), steps))
                    return
                case Take(what) if what.free:
                    what.free -= 1
                case Take(what):
                    what.waiting.append(lambda: self.start(steps))
                    return
                case Give(what) if what.waiting:
                    what.waiting.popleft()()
                case Give(what):
                    what.free += 1


class Server:
    """One server: its cores, and the threads and the interpreter lock of each process."""

    def __init__(self, plan: Plan) -> None:
        self.cores = Resource(plan.cores)
        # A connection belongs to a process, and with it the worker that keeps it open.
        self.processes = [(Resource(plan.threads), Resource(1)) for _ in range(plan.processes)]


class Farm:
    """A farm at work.

    Attributes:
        done: how many tasks are.
    """

    def __init__(self, costs: Costs, plan: Plan, chance: random.Random) -> None:
        self._costs = costs
        self._plan = plan
        self._chance = chance
        self.simulation = Simulation()
        self.done = 0
        servers = [Server(plan) for _ in range(plan.servers)]
        locks = [Resource(1) for _ in range(plan.runs)]
        for number in range(plan.workers):
            run = number % plan.runs
            server = servers[run % plan.servers]
            process = server.processes[number // plan.servers % plan.processes]
            self.simulation.start(self._worker(server, *process, locks[run]))

    def _worker(self, server: Server, threads: Resource, gil: Resource, lock: Resource) -> Steps:
        costs, place = self._costs, (gil, server.cores)
        counting_ms = costs.count_per_row * self._plan.existing
        while True:
            yield Take(threads)
            yield from self._statements(*place, 2, costs.claim_before, 0.0)
            yield Take(lock)
            locked_ms = costs.claim_database + counting_ms
            yield from self._statements(*place, 5, costs.claim_locked, locked_ms)
            yield Give(lock)
            yield from self._statements(*place, 1, costs.claim_after, 0.0)
            yield Give(threads)
            yield Spend(self._plan.task_s * 1000 * self._chance.uniform(0.9, 1.1))
            yield Take(threads)
            yield from self._statements(*place, 4, costs.complete, costs.complete_database)
            yield Give(threads)
            if self._plan.clients_beside:
                yield from self._on(server.cores, costs.client)
            else:
                yield Spend(costs.client)
            self.done += 1

    def _statements(
        self, gil: Resource, cores: Resource, count: int, python_ms: float, database_ms: float
    ) -> Steps:
        """Ask the database so often; each answer has to wait for the interpreter lock again."""
        for _ in range(count):
            yield Take(gil)
            yield from self._on(cores, python_ms / count)
            yield Give(gil)
            if database_ms:
                yield from self._on(cores, database_ms / count)

    def _on(self, cores: Resource, ms: float) -> Steps:
        yield Take(cores)
        # As chance has it, as much as service times vary.
        yield Spend(ms * self._chance.uniform(0.5, 1.5))
        yield Give(cores)


def tasks_per_s(costs: Costs, plan: Plan, chance: random.Random) -> float:
    """Simulate a farm, and return how many tasks it does in a second."""
    farm = Farm(costs, plan, chance)
    farm.simulation.run(lambda: farm.done >= WARM_UP_TASKS)
    begun_ms, before = farm.simulation.now_ms, farm.done
    farm.simulation.run(lambda: farm.done >= before + COUNTED_TASKS)
    return 1000 * (farm.done - before) / (farm.simulation.now_ms - begun_ms)
