"""The policy of `--keep`: how many workers a run needs, and when to submit no more. No I/O here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from taskfarm_cli.work.slurm.cli import Element
    from taskfarm_sdk import RunStatus

# An array that was seen running for this long has not died at once.
AT_ONCE_S = 10.0
MOST_IN_A_ROW = 3
# The least growth of all tasks' percentages together that counts as progress, beyond the decimals
# that workers write into each of them.
LEAST_PROGRESS = 1.0
LEASE_DECIMALS = 0.01
# While nothing changes, the time between looks grows, up to this multiple.
SLOWER = 1.5
RAREST = 4


class Decision(NamedTuple):
    """The workers to submit or cancel now.

    Attributes:
        submit: how many workers to submit.
        cancel: the names of queued workers to cancel, which would find no task.
    """

    submit: int
    cancel: tuple[str, ...]


def decide(status: RunStatus, alive: Sequence[Element], *, workers: int, jobs: int) -> Decision:
    """Return how many workers to submit, or which to cancel.

    Args:
        status: how the run stands.
        alive: its workers in the queue, waiting or running.
        workers: how many there may be.
        jobs: how many tasks each of them computes at a time.
    """
    waiting = [element for element in alive if element.waits]
    running = len(alive) - len(waiting)
    # Other workers compute the tasks that exceed the slots of the running ones.
    in_hand = min(status.computing, running * jobs)
    needed = min(workers, math.ceil((status.waiting + in_hand) / jobs)) if status.waiting else 0
    if needed >= len(alive):
        return Decision(needed - len(alive), ())
    # The youngest wait longest.
    surplus = min(len(alive) - needed, len(waiting))
    return Decision(0, tuple(element.name for element in waiting[len(waiting) - surplus :]))


def next_rest_s(rest_s: float, every_s: float, *, calm: bool) -> float:
    """Return how long to rest before the next look.

    Args:
        rest_s: how long the last rest was.
        every_s: the least rest.
        calm: whether nothing has happened.
    """
    return min(rest_s * SLOWER, every_s * RAREST) if calm else every_s


class Limits(NamedTuple):
    """The time limits of a worker.

    Attributes:
        lead_s: how long before its job's time limit a worker ends.
        early_s: how much earlier Slurm's signal may come.
        stop_after_s: the worker's --stop-after-s, or None.
    """

    lead_s: float = 0.0
    early_s: float = 0.0
    stop_after_s: float | None = None

    def of(self, element: Element) -> float:
        """Return the shortest time after which a worker's time can be over."""
        job_s = math.inf if element.limit_s is None else element.limit_s
        asked_s = math.inf if self.stop_after_s is None else self.stop_after_s
        return max(0.0, min(job_s - self.lead_s - self.early_s, asked_s))


class _Array:
    def __init__(self, workers: int, status: RunStatus, generation: int) -> None:
        self.workers = workers
        self.done = status.done
        self.generation = generation
        self.lived = self.is_dying = self.reached_limit = self.saw_progress = False
        self.was_needed = True
        self.last_seen: dict[str, Element] = {}


class History:
    """The arrays that died at once, or reached their time limit without progress, in a row.

    Args:
        limits: the time limits of a worker.
    """

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._open: dict[str, _Array] = {}
        self._deaths: list[str] = []
        self._expired: list[str] = []
        self._generations = 0
        self._done = 0
        self._furthest = 0.0
        self._looked_at: float | None = None

    def submitted(self, job: str, workers: int, status: RunStatus) -> None:
        """Note an array that was just submitted, of so many workers, and how the run stood then."""
        self._open[job] = _Array(workers, status, self._generations + 1)

    def look(self, status: RunStatus, alive: Iterable[Element], now_s: float | None = None) -> None:
        """Note how the arrays stand now.

        Args:
            status: how the run stands.
            alive: the workers in the queue.
            now_s: the time, by a monotonic clock; None where no time has passed.
        """
        self._note_progress(status)
        there = list(alive)
        passed_s = 0.0 if now_s is None or self._looked_at is None else now_s - self._looked_at
        self._looked_at = now_s
        for job, array in list(self._open.items()):
            elements = [element for element in there if element.array == job]
            array.lived |= any(element.ran_s >= AT_ONCE_S for element in elements)
            array.is_dying = (
                not array.lived
                and len(elements) < array.workers
                and not all(element.waits for element in elements)
            )
            # If others claimed the last tasks in the meantime, the array had none to finish.
            array.was_needed &= status.waiting > 0
            array.reached_limit |= self._has_reached_limit(array, elements, passed_s)
            array.last_seen = {element.task: element for element in elements}
            if not elements:
                del self._open[job]
                self._ended(job, array, status)

    def _note_progress(self, status: RunStatus) -> None:
        """Reset the counts if more tasks are done, or tasks are further than ever before."""
        is_more_done, self._done = status.done > self._done, status.done
        percent = status.percent_done * status.num_tasks
        least = self._furthest + LEAST_PROGRESS + LEASE_DECIMALS * status.num_tasks
        is_further = math.isfinite(percent) and percent >= least
        if is_further:
            self._furthest = percent
        if not is_more_done and not is_further:
            return
        self._expired.clear()
        self._generations = 0
        for array in self._open.values():
            array.saw_progress = True

    def _has_reached_limit(
        self, array: _Array, elements: Sequence[Element], passed_s: float
    ) -> bool:
        """Return whether a worker that is gone now may have reached its time limit."""
        there = {element.task for element in elements}
        return any(
            not element.waits and element.ran_s + passed_s >= self._limits.of(element)
            for task, element in array.last_seen.items()
            if task not in there
        )

    def _ended(self, job: str, array: _Array, status: RunStatus) -> None:
        if array.reached_limit and status.waiting:
            self._deaths.clear()
            # Arrays that replace the workers of one array one by one count as one.
            if array.generation > self._generations and not array.saw_progress:
                self._generations = array.generation
                self._expired.append(job)
        elif array.lived or not array.was_needed or status.done > array.done:
            self._deaths.clear()
        else:
            self._deaths.append(job)

    @property
    def deaths(self) -> Sequence[str]:
        """The latest arrays that died at once, all in a row, having finished nothing."""
        return self._deaths

    @property
    def expired(self) -> Sequence[str]:
        """The latest arrays that reached their time limit, with no progress since before them."""
        return self._expired

    @property
    def is_hopeless(self) -> bool:
        """Whether another one would most likely die as well."""
        return len(self._deaths) >= MOST_IN_A_ROW

    @property
    def is_too_short(self) -> bool:
        """Whether another one would most likely run out of time as well."""
        return len(self._expired) >= MOST_IN_A_ROW

    @property
    def is_doubtful(self) -> bool:
        """Whether an array may be dying: some of its workers are gone, others have just begun."""
        return any(array.is_dying for array in self._open.values())

    @property
    def is_settling(self) -> bool:
        """Whether some array may still die at once."""
        return any(not array.lived for array in self._open.values())
