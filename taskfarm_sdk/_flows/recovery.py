"""Recovery of stale tasks: when a computing task is stale, and how it is taken back.

The server takes no task back by itself. A worker that finds no task waiting while others compute
may linger: it finds their tasks, watches the percentage of each, and sets a task waiting again when
its percentage has not changed for too long.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Literal

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._flows.claims import give_back
from taskfarm_sdk._flows.idle_notice import IdleNotice
from taskfarm_sdk._flows.runs import count
from taskfarm_sdk._flows.tasks import BATCH, read, read_batch
from taskfarm_sdk._flows.waiting import REST_PER_REQUEST
from taskfarm_sdk._logging import log
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol.lease import Lease
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.retry import DICE
from taskfarm_sdk._sansio.steps import Flow, sleep
from taskfarm_sdk._session.session import Session
from taskfarm_sdk._text import shown
from taskfarm_sdk.errors import ConfigurationError

LEAST_HEARTBEATS = 3
LEAST_LOOKS = 4
# A look missed because of sleep or an outage of either side proves nothing about the holder.
LOOKS_APART_S = 45.0
START_SPREAD_S = 5.0
LEAST_REST_S = 1.0
MOST_REST_S = 15.0
# For tasks that show no lease: another client's, or of a worker that died in its first seconds.
UNLEASED_AT_FIRST_S = 1200.0
UNLEASED_FACTOR = 10.0
UNLEASED_MOST_S = 3600.0


@attrs.frozen
class StaleAfter:
    """After how long without a sign of life a task is stale.

    Attributes:
        stale_after_s: one with a lease.
        unleased_after_s: one without; None derives it from the longest task finished here.
        all_beat: whether all workers of the run send heartbeats, as far as the caller knows: then
            both are the same, until a number of another client is seen.
    """

    stale_after_s: float
    unleased_after_s: float | None
    all_beat: bool = False

    def for_task(
        self, value: float | None, longest_s: float | None, *, foreign_seen: bool = False
    ) -> float:
        """Return the patience with a task that shows this number, in seconds.

        Args:
            value: the task's number.
            longest_s: how long the longest task took that was finished here.
            foreign_seen: whether a number of another client was seen in the run.
        """
        if leases.decode(value) is not None or (self.all_beat and not foreign_seen):
            return self.stale_after_s
        if self.unleased_after_s is not None:
            return self.unleased_after_s
        if longest_s is None:
            return UNLEASED_AT_FIRST_S
        return min(max(UNLEASED_FACTOR * longest_s, self.stale_after_s), UNLEASED_MOST_S)


def stale_after(
    stale_after_s: float,
    unleased_after_s: float | Literal["auto", "stale_after_s"],
    heartbeat_s: float,
) -> StaleAfter:
    """Return a patience that is longer than any live worker's silence.

    Raises:
        ConfigurationError: it is too short, or no number of seconds.
    """
    least_s = LEAST_HEARTBEATS * heartbeat_s
    stale_after_s = _validation.seconds("stale_after_s", stale_after_s)
    if stale_after_s < least_s:
        raise ConfigurationError(
            f"stale_after_s must be at least {LEAST_HEARTBEATS} times heartbeat_s, so that no live "
            f"task is taken: {least_s:g} or more, not {stale_after_s!r}"
        )
    if isinstance(unleased_after_s, str):
        if unleased_after_s in ("auto", "stale_after_s"):
            return StaleAfter(stale_after_s, None, all_beat=unleased_after_s == "stale_after_s")
        raise ConfigurationError(
            'unleased_after_s must be a number of seconds, "auto" or "stale_after_s", not '
            f"{shown(unleased_after_s)}"
        )
    return StaleAfter(stale_after_s, _validation.seconds("unleased_after_s", unleased_after_s))


@attrs.define
class _Seen:
    value: float | None
    since: float
    last: float
    looks: int = 1


@attrs.define
class Watchlist:
    """The tasks that others compute, and since when the percentage of each is unchanged."""

    _seen: dict[int, _Seen] = attrs.field(factory=dict[int, _Seen], init=False)

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the tasks watched."""
        return sorted(self._seen)

    def look(self, row: TaskRow, now: float) -> bool:
        """Note a task's state; return whether it changed."""
        before = self._seen.get(row.number)
        if row.status != "computing":
            return self._seen.pop(row.number, None) is not None
        if before is None or not leases.same(before.value, row.percent):
            self._seen[row.number] = _Seen(row.percent, now, now)
            return True
        if now - before.last > LOOKS_APART_S:
            before.since, before.looks = now, 0
        before.last = now
        before.looks += 1
        return False

    def forget(self, number: int) -> None:
        """Stop watching a task."""
        self._seen.pop(number, None)

    def stale(self, patience_s: Callable[[float | None], float]) -> list[int]:
        """Return the tasks that are stale, by the patience with each one's number."""
        return [
            number
            for number, seen in sorted(self._seen.items())
            if seen.looks >= LEAST_LOOKS and seen.last - seen.since >= patience_s(seen.value)
        ]

    def next_due_at(self, patience_s: Callable[[float | None], float]) -> float:
        """Return when the next task without a heartbeat becomes stale; infinite for none."""
        due_at = (seen.since + patience_s(seen.value) for seen in self._seen.values())
        return min(due_at, default=math.inf)


def is_foreign(row: TaskRow) -> bool:
    """Say whether a task's number is another client's: neither a lease, nor untouched, nor success.

    No worker of this SDK writes such a number, and the other clients send no heartbeats.
    """
    if leases.decode(row.percent) is not None:
        return False
    return row.percent != leases.SUCCESS if row.status == "done" else row.percent not in (None, 0)


class Computing(Enum):
    """Whose tasks are computed where nothing waits."""

    NONE = "nobody's, and all is done"
    NONE_NOW = "nobody's, but not all was done a moment ago"
    OURS = "this worker's own"
    OTHERS = "others' too"


@attrs.define
class Sweeper:
    """Watches the tasks that others compute, one round after another.

    Attributes:
        run: the run's uuid.
        num_tasks: how many tasks it has, all of which exist.
        stale_after: after how long a task is stale.
        max_attempts: after how many counted attempts a task has failed for good.
        keeps_position: whether a percentage without a lease counts as 0.
    """

    run: str
    num_tasks: int
    stale_after: StaleAfter
    max_attempts: int
    keeps_position: bool = attrs.field(default=False, kw_only=True)
    _watched: Watchlist = attrs.field(factory=Watchlist, init=False)
    _notice: IdleNotice = attrs.field(init=False)
    _foreign_seen: bool = attrs.field(default=False, init=False)
    _rest_s: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._notice = IdleNotice(self.run)

    def note(self, row: TaskRow) -> None:
        """Note whether a task's number is another client's."""
        self._foreign_seen = self._foreign_seen or is_foreign(row)

    def has_work(self) -> None:
        """Note that the worker no longer waits."""
        self._notice.ends()

    def round(
        self, farm: Session, ours: Callable[[], int], longest_s: float | None
    ) -> Flow[Computing]:
        """Look once at all tasks that others compute, take back stale ones, and rest.

        Args:
            farm: the session.
            ours: returns how many open tasks the worker itself has; if no other task computes,
                the round ends without a look or a rest.
            longest_s: how long the longest task took that was finished here; None before one was.
        """
        # First, because at the end of a run each worker of a fleet needs only this.
        if (yield from count(farm, self.run, "numDone")) >= self.num_tasks:
            return Computing.NONE
        asked_at, before = farm.clock.now(), ours()
        computing = yield from count(farm, self.run, "numComputing")
        latency_s = farm.clock.now() - asked_at
        if computing == 0:
            # One that was computed is done by now, or has come to wait again.
            yield from sleep(REST_PER_REQUEST * latency_s)
            return Computing.NONE_NOW
        # Meanwhile this worker may have claimed or settled a task, counted above or not.
        if computing <= max(before, ours()):
            return Computing.OURS
        self._notice.begins(farm.clock.now(), is_idle=ours() == 0)
        if self._rest_s == 0.0:
            yield from sleep(DICE.uniform(0, START_SPREAD_S))
        news = yield from self._look(farm, computing)
        if not (yield from self._take_back(farm, longest_s)):
            least_s = max(REST_PER_REQUEST * latency_s, LEAST_REST_S)
            rest_s = least_s if news else max(2 * self._rest_s, least_s)
            self._rest_s = min(rest_s, MOST_REST_S)
            yield from self._rest(farm, least_s, longest_s)
        return Computing.OTHERS

    def _rest(self, farm: Session, least_s: float, longest_s: float | None) -> Flow[None]:
        """Rest until the next look, at the latest when a task is stale; log why, if due."""
        now = farm.clock.now()
        stale_at = self._watched.next_due_at(self._patience(longest_s))
        rest_s = min(self._rest_s, max(stale_at - now, least_s))
        silent_s = self._notice.due_at() - now
        if silent_s <= rest_s:
            yield from sleep(max(silent_s, 0.0))
            self._notice.say(farm.clock.now(), self._watched.numbers, stale_at)
            rest_s -= max(silent_s, 0.0)
        yield from sleep(rest_s)

    def _patience(self, longest_s: float | None) -> Callable[[float | None], float]:
        return partial(
            self.stale_after.for_task, longest_s=longest_s, foreign_seen=self._foreign_seen
        )

    def _look(self, farm: Session, computing: int) -> Flow[bool]:
        news = False
        numbers = self._watched.numbers
        for start in range(0, len(numbers), BATCH):
            news |= yield from self._look_at(farm, numbers[start : start + BATCH])
        if len(self._watched) < computing:
            news |= yield from self._find(farm, computing)
        return news

    def _find(self, farm: Session, computing: int) -> Flow[bool]:
        """Read all tasks from the last one down, until all that compute are found."""
        news = False
        for end in range(self.num_tasks, 0, -BATCH):
            if len(self._watched) >= computing:
                break
            begun_at = farm.clock.now()
            news |= yield from self._look_at(farm, range(max(0, end - BATCH), end))
            yield from sleep(farm.clock.now() - begun_at)
        return news

    def _look_at(self, farm: Session, numbers: range | list[int]) -> Flow[bool]:
        rows = yield from read_batch(farm, self.run, numbers)
        now = farm.clock.now()
        for row in rows:
            self.note(row)
        news = [self._watched.look(row, now) for row in rows]
        return any(news)

    def _take_back(self, farm: Session, longest_s: float | None) -> Flow[bool]:
        taken = False
        stale = self._watched.stale(self._patience(longest_s))
        for number in stale:
            taken |= yield from self._take_back_one(farm, number)
        return taken

    def _take_back_one(self, farm: Session, number: int) -> Flow[bool]:
        row = yield from read(farm, self.run, number)
        # The last look before the step: a live worker has written since.
        if self._watched.look(row, farm.clock.now()):
            return False
        yield from take_back(
            farm,
            self.run,
            row,
            self.max_attempts,
            "has shown no sign of life",
            keeps_position=self.keeps_position,
        )
        self._watched.forget(number)
        return True


def take_back(
    farm: Session,
    run: str,
    row: TaskRow,
    max_attempts: int,
    why: str,
    *,
    keeps_position: bool = False,
) -> Flow[None]:
    """Count an attempt for the task of a lost worker, and set it waiting or failed for good.

    Args:
        farm: the session.
        run: the run's uuid.
        row: the task's state on the server.
        max_attempts: after how many counted attempts it has failed for good.
        why: the reason, for the log.
        keeps_position: whether a percentage without a lease counts as 0. It gets a lease here,
            with which it would be a position.
    """
    lease = leases.decode(row.percent)
    attempts = 1 + (lease.attempts if lease is not None and not lease.failed else 0)
    failed = attempts >= max_attempts
    log.warning(
        "task %d of run %s %s: attempt %d is counted, and it %s",
        row.number,
        run,
        why,
        attempts,
        "has failed" if failed else "waits again",
    )
    percent = leases.kept_in(row.percent, leased_only=keeps_position)
    left = Lease(percent, attempts, 0, leases.new_holder(), failed=failed)
    yield from give_back(farm, run, row.number, (row.percent,), left, farm.deadline())
