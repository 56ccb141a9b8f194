"""Take back at once the tasks of killed workers of this host, from the workers' own records."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Generic, TypeVar

import attrs

from taskfarm_sdk._flows import recovery
from taskfarm_sdk._flows.tasks import read, surely_existing
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.steps import Flow
from taskfarm_sdk._session.session import Session
from taskfarm_sdk.errors import TaskNotFound

K = TypeVar("K")


@attrs.frozen
class KilledHold:
    """A worker's record of an open task.

    Attributes:
        number: the task's.
        value: the task's number on the server at its hand-out; NaN for none.
        holder: the holder in the lease of this hand-out; None if no lease was written.
        leaving: whether the worker was about to let go of the task.
    """

    number: int
    value: float
    holder: int | None
    leaving: bool


class Verdict(Enum):
    """Whose a task is that a killed worker had in hand."""

    THEIRS = "the killed worker's"
    MAYBE = "the killed worker's, unless somebody was handed it out since"
    NO_MORE = "somebody else's, or nobody's"


def judge(hold: KilledHold, row: TaskRow) -> Verdict:
    """Return who holds a task, from the worker's record and the server's row."""
    if row.status != "computing":
        return Verdict.NO_MORE
    lease = leases.decode(row.percent)
    if lease is not None and lease.holder == hold.holder:
        return Verdict.MAYBE if hold.leaving else Verdict.THEIRS
    held = math.nan if row.percent is None else row.percent
    return Verdict.MAYBE if leases.same(held, hold.value) else Verdict.NO_MORE


@attrs.define
class Reclaimer(Generic[K]):
    """Checks the tasks of killed workers, and takes them back.

    Attributes:
        run: the run's uuid.
        num_tasks: how many tasks it has.
        max_attempts: after how many counted attempts a task has failed for good.
        apart_s: how long a task without a lease must stand still: a live worker would have
            written of it.
        keeps_position: whether a percentage without a lease counts as 0.
    """

    run: str
    num_tasks: int
    max_attempts: int
    apart_s: float
    keeps_position: bool = attrs.field(default=False, kw_only=True)
    _first_looks: dict[K, tuple[float | None, float]] = attrs.field(
        factory=dict[K, tuple[float | None, float]], init=False
    )

    def due_at(self) -> float:
        """Return when a second look is due; infinite if none is."""
        looked_at = [at for _, at in self._first_looks.values()]
        return min(looked_at, default=math.inf) + self.apart_s

    def forget(self, key: K) -> None:
        """Stop checking a task."""
        self._first_looks.pop(key, None)

    def round(
        self, farm: Session, holds: Mapping[K, KilledHold], settle: Callable[[K], None]
    ) -> Flow[int]:
        """Check each task once, and take back those that a killed worker surely held.

        Args:
            farm: the session.
            holds: the record of each task.
            settle: called with each record that needs no further check.

        Returns:
            How many were taken back.
        """
        taken = 0
        # Reading a task that does not exist yet would create it, and break the run.
        surely = yield from surely_existing(farm, self.run, self.num_tasks)
        for key, hold in list(holds.items()):
            if not 0 <= hold.number < surely:
                continue
            try:
                row = yield from read(farm, self.run, hold.number)
            except TaskNotFound:
                self._settle(key, settle)
                continue
            if self._is_theirs(key, hold, row, farm.clock.now()):
                yield from recovery.take_back(
                    farm,
                    self.run,
                    row,
                    self.max_attempts,
                    "was held by a worker killed here",
                    keeps_position=self.keeps_position,
                )
                taken += 1
            elif key in self._first_looks:
                continue
            self._settle(key, settle)
        return taken

    def _settle(self, key: K, settle: Callable[[K], None]) -> None:
        self.forget(key)
        settle(key)

    def _is_theirs(self, key: K, hold: KilledHold, row: TaskRow, now: float) -> bool:
        """Return whether a task can be taken back now; note the time if a second look is needed."""
        verdict = judge(hold, row)
        if verdict is not Verdict.MAYBE:
            self.forget(key)
            return verdict is Verdict.THEIRS
        first = self._first_looks.get(key)
        if first is None or not leases.same(first[0], row.percent):
            self._first_looks[key] = (row.percent, now)
            return False
        return now - first[1] >= self.apart_s
