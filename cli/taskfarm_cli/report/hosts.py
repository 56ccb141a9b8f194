"""The attempts of each worker, or of each host if there are many, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from taskfarm_cli.common.text import counted
from taskfarm_cli.outcomes.attempt import FAILURES, Attempt
from taskfarm_cli.report.markup import clipped
from taskfarm_sdk.charts import Row, Timeline

# So many rows can be read; of more workers only their hosts have one.
MOST_ROWS = 64
# Hosts beyond so many are counted together, and workers beyond so many no longer.
MOST_HOSTS = 1000
MOST_WORKERS = 100_000
OTHER_HOSTS = "other hosts"
# A machine's own name has at most 64 characters.
MOST_LABEL_BYTES = 80
_PARTS = 120


@attrs.define
class Working:
    """What a worker, or all workers of a host, did.

    Attributes:
        name: its name.
        host: its host's.
        attempts: how many attempts it ended.
        completed: how many of them completed their task.
        failed: how many of them failed.
        busy_s: the time of all together.
        begin_s: when the first began.
        end_s: when the last ended.
    """

    name: str
    host: str
    attempts: int = 0
    completed: int = 0
    failed: int = 0
    busy_s: float = 0.0
    begin_s: float = float("inf")
    end_s: float = 0.0
    timeline: Timeline = attrs.field(factory=lambda: Timeline(_PARTS), repr=False)

    def add(self, attempt: Attempt) -> None:
        """Count an attempt."""
        begin_s, end_s, outcome = attempt.begin_s, attempt.end_s, attempt.outcome
        self.attempts += 1
        if outcome == "completed":
            self.completed += 1
        elif outcome in FAILURES:
            self.failed += 1
        self.begin_s = min(self.begin_s, begin_s)
        self.end_s = max(self.end_s, end_s)
        if end_s > begin_s:
            self.busy_s += end_s - begin_s
            self.timeline.add_span(begin_s, end_s)

    def add_all(self, other: Working) -> None:
        """Count what another one did, too."""
        self.attempts += other.attempts
        self.completed += other.completed
        self.failed += other.failed
        self.begin_s = min(self.begin_s, other.begin_s)
        self.end_s = max(self.end_s, other.end_s)
        self.busy_s += other.busy_s
        self.timeline.add_all(other.timeline)


class Hosts:
    """Counts attempts by worker, or by host from the first worker on that has no row."""

    def __init__(self) -> None:
        self._workers: dict[str, Working] | None = {}
        self._hosts: dict[str, Working] = {}
        # Their hashes: names need more, and none of so few is another's.
        self._seen: set[int] = set()

    def add(self, attempt: Attempt) -> None:
        """Count an attempt."""
        worker, workers = attempt.worker, self._workers
        if workers is not None and (found := workers.get(worker)) is not None:
            found.add(attempt)
            return
        if len(self._seen) < MOST_WORKERS:
            self._seen.add(hash(worker))
        if workers is not None and len(workers) < MOST_ROWS:
            workers[worker] = Working(_name(attempt), attempt.host)
            workers[worker].add(attempt)
            return
        if workers is not None:
            self._workers = None
            _fold(workers.values(), self._hosts)
        _of_host(attempt.host, self._hosts).add(attempt)

    @property
    def num_workers(self) -> str:
        """The number of workers, for a sentence."""
        count = len(self._seen)
        said = counted(f"{count:,}", "worker")
        return said if count < MOST_WORKERS else f"at least {said}"

    @property
    def hosts(self) -> Sequence[Working]:
        """The hosts, by name."""
        hosts = self._hosts
        if self._workers is not None:
            hosts = dict[str, Working]()
            _fold(self._workers.values(), hosts)
        return sorted(hosts.values(), key=lambda host: host.name)

    @property
    def shows_workers(self) -> bool:
        """Whether workers have rows of their own; else their hosts have."""
        return self._workers is not None

    def rows(self, begin_s: float, end_s: float) -> tuple[list[Row], int]:
        """Return the rows of the chart, and how many hosts have none.

        Args:
            begin_s: the time at the left.
            end_s: the time at the right.
        """
        shown = self.hosts if self._workers is None else list(self._workers.values())
        left_out = max(0, len(shown) - MOST_ROWS)
        if left_out:
            shown = sorted(shown, key=lambda one: -one.busy_s)[:MOST_ROWS]
        width_s = max(end_s - begin_s, 1e-3) / _PARTS
        rows = [
            Row(
                name=clipped(one.name, 2 * MOST_LABEL_BYTES),
                busy=[
                    amount / width_s
                    for amount in one.timeline.amounts(begin_s, begin_s + width_s * _PARTS, width_s)
                ],
            )
            for one in sorted(shown, key=lambda one: one.name)
        ]
        return rows, left_out


def _name(attempt: Attempt) -> str:
    job = f" · job {attempt.slurm}" if attempt.slurm else ""
    # The end of a long name is cut off on a phone.
    host = clipped(attempt.host.partition(".")[0], MOST_LABEL_BYTES)
    return f"{host} · {attempt.pid}{job}"


def _of_host(name: str, hosts: dict[str, Working]) -> Working:
    if name not in hosts and len(hosts) >= MOST_HOSTS:
        name = OTHER_HOSTS
    found = hosts.get(name)
    if found is None:
        found = hosts[name] = Working(name, name)
    return found


def _fold(workers: Iterable[Working], hosts: dict[str, Working]) -> None:
    for worker in workers:
        _of_host(worker.host, hosts).add_all(worker)
