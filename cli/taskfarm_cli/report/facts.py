"""The facts that the journal of a run tells, gathered in one pass and in bounded memory."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from taskfarm_cli.outcomes.attempt import FAILURES, Attempt
from taskfarm_cli.outcomes.journal import JournalReader
from taskfarm_cli.outcomes.rates import rates_of
from taskfarm_cli.outcomes.states import MOST_TASKS, TaskStates
from taskfarm_cli.report.causes import Causes
from taskfarm_cli.report.failed import FailedAttempts
from taskfarm_cli.report.hosts import Hosts
from taskfarm_sdk.charts import Timeline

MOST_SLOWEST = 15
_PARTS = 240
# Attempts beyond so many have their durations left out of the histogram: eight bytes each.
_MOST_DURATIONS = 4_000_000


class JournalFacts:
    """What happened to a run, by its attempts.

    Args:
        num_tasks: the number of the run's tasks.
    """

    def __init__(self, num_tasks: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self.completed_by_attempt: Counter[int] = Counter()
        self.completions = Timeline(_PARTS)
        self.durations_s = array("d")
        self.causes = Causes()
        self.hosts = Hosts()
        self.states = TaskStates(num_tasks) if num_tasks <= MOST_TASKS else None
        self.failed = FailedAttempts(self.states)
        self.shifted = 0
        self.begin_s = float("inf")
        self.end_s = 0.0
        self._slowest: list[tuple[float, int, int, Attempt]] = []
        self._count = 0

    def add_all(self, attempts: Iterable[Attempt]) -> None:
        """Take note of attempts."""
        for attempt in attempts:
            self.add(attempt)

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt."""
        self._count += 1
        self.outcomes[attempt.outcome] += 1
        self.shifted += attempt.is_shifted
        self.begin_s = min(self.begin_s, attempt.begin_s)
        self.end_s = max(self.end_s, attempt.end_s)
        self.hosts.add(attempt)
        if self.states is not None:
            self.states.add(attempt)
        if attempt.outcome == "completed":
            self._completed(attempt)
        elif attempt.outcome in FAILURES:
            self.causes.add(attempt.task, attempt.message, attempt.exit_status)
            self.failed.add(attempt)

    @property
    def attempts(self) -> int:
        """How many attempts there were."""
        return self._count

    def slowest(self) -> Sequence[Attempt]:
        """Return the completed attempts that took longest, the slowest first."""
        return [attempt for *_, attempt in sorted(self._slowest, reverse=True)]

    def throughput(self) -> list[tuple[float, float]]:
        """Return the completed tasks per second over time."""
        if not self.outcomes["completed"]:
            return []
        most = min(_PARTS // 2, max(2, self.outcomes["completed"] // 4))
        return rates_of(self.completions, self.begin_s, self.end_s, most=most)

    def _completed(self, attempt: Attempt) -> None:
        self.completed_by_attempt[min(attempt.number, 10)] += 1
        self.completions.add(attempt.end_s)
        took_s = attempt.end_s - attempt.begin_s
        if took_s < 0:
            return
        if len(self.durations_s) < _MOST_DURATIONS:
            self.durations_s.append(took_s)
        # The count tells equal ones apart, so that attempts need no order.
        if len(self._slowest) < MOST_SLOWEST:
            heapq.heappush(self._slowest, (took_s, -attempt.task, -self._count, attempt))
        elif took_s > self._slowest[0][0]:
            heapq.heapreplace(self._slowest, (took_s, -attempt.task, -self._count, attempt))


def read_journal(folder: Path, run_uuid: str, num_tasks: int) -> tuple[JournalFacts, JournalReader]:
    """Read the journal of a run.

    Args:
        folder: the journal's folder.
        run_uuid: the run's UUID.
        num_tasks: the number of its tasks.

    Returns:
        What the attempts tell, and the reader, which counted what it passed over.

    Raises:
        OSError: the folder cannot be read.
    """
    reader = JournalReader(folder, run_uuid, num_tasks)
    facts = JournalFacts(num_tasks)
    facts.add_all(reader.attempts())
    return facts, reader
