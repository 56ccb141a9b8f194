"""Idle threads of a worker: one watches the tasks of others, the rest wait."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from taskfarm_sdk._flows.recovery import Computing, Sweeper
from taskfarm_sdk._sansio.clock import Clock, Stopped
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._worker.killed import KilledWorkers
from taskfarm_sdk._worker.open_tasks import OpenTasks
from taskfarm_sdk.errors import ConnectionFailed, ServerError

T = TypeVar("T")


class Lingering(Generic[T]):
    """Waits while there may be tasks again, with one thread at a time that watches.

    Args:
        link: the connections.
        clock: the clock to wait by; ends a wait when the worker is to stop.
        open_tasks: counts the worker's own tasks.
        killed: takes back the tasks of killed workers of this host.
        sweeper: watches the tasks of others; None for a worker that does not linger.
        may_claim: whether another task may be claimed at all.
        hand_out: claims a task.
        retry_failed: sets failed tasks waiting that are held back; returns whether there were
            any.
    """

    def __init__(
        self,
        link: Link,
        clock: Clock,
        open_tasks: OpenTasks,
        killed: KilledWorkers,
        sweeper: Sweeper | None,
        *,
        may_claim: Callable[[], bool],
        hand_out: Callable[[bool], T | None],
        retry_failed: Callable[[], bool],
    ) -> None:
        self._link = link
        self._clock = clock
        self._open_tasks = open_tasks
        self._killed = killed
        self._sweeper = sweeper
        self._may_claim = may_claim
        self._hand_out = hand_out
        self._retry_failed = retry_failed
        self._alone = threading.Lock()
        self._nothing_left_at = -math.inf

    def stay(
        self, since: float, changes: int, *, begun: bool, longest_s: Callable[[], float | None]
    ) -> T | None:
        """Return a task as soon as one waits again, or None when no task is left.

        Args:
            since: when this thread last claimed in vain.
            changes: the count of changes to open tasks at that time.
            begun: whether the task's turn is now; for `hand_out`.
            longest_s: how long the worker's longest task took so far.
        """
        is_first = self._alone.acquire(blocking=False)
        if not is_first:
            self._alone.acquire()
        try:
            # What another thread has found since then holds for this one too.
            while self._may_claim() and self._nothing_left_at < since:
                # What this one found may have changed while it waited for the other.
                if is_first and not self._something_may_wait(changes, longest_s()):
                    self._nothing_left_at = self._link.session.clock.now()
                    break
                is_first = True
                changes = self._open_tasks.changes
                if (task := self._hand_out(begun)) is not None:
                    if self._sweeper is not None:
                        self._sweeper.has_work()
                    return task
            return None
        finally:
            self._alone.release()

    def _something_may_wait(self, changes: int, longest_s: float | None) -> bool:
        # A failed task that was held back may wait again since the last claim. Nothing else shows
        # it then: it is not held back any more, and no worker computes it.
        return self._retry_failed() or self._open_tasks.changes != changes or self._look(longest_s)

    def _look(self, longest_s: float | None) -> bool:
        """Watch the tasks of others for a while; return whether to claim again."""
        changes = self._open_tasks.changes
        try:
            if self._killed.look_to_the_end(self._clock):
                return True
            if self._sweeper is None:
                return False
            self._open_tasks.wait_until_claimed()
            flow = self._sweeper.round(self._link.session, self._open_tasks.count, longest_s)
            computing = self._link.drive(flow, self._clock)
        except Stopped:
            return False
        except (ConnectionFailed, ServerError):
            return True  # the next claim waits for the server, and gives up where that is due
        if computing is Computing.OURS:
            self._open_tasks.wait_for_change(changes)
        return computing is not Computing.NONE
