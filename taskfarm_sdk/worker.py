"""Workers: who is handed out tasks."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import NoReturn, Self

from taskfarm_sdk import _checks, _lease
from taskfarm_sdk._beats import Rhythm
from taskfarm_sdk._deadline import Deadline
from taskfarm_sdk._drive import Clock, Stopped
from taskfarm_sdk._forks import renew_in_children
from taskfarm_sdk._in_hand import InHand
from taskfarm_sdk._journal import Journal
from taskfarm_sdk._lingering import Lingering
from taskfarm_sdk._link import Link
from taskfarm_sdk._prefetch import Prefetcher
from taskfarm_sdk._recovery import Patience, Sweeper
from taskfarm_sdk._reporter import Reporter
from taskfarm_sdk._requests import Requests
from taskfarm_sdk._session import log
from taskfarm_sdk._signals import Ending
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.task import Task

# A sick node that fails everything must not keep a run to itself.
MAX_HELD = 10


class Worker:
    """Takes tasks of a run, one after the other or many at once. `Run.worker` makes them.

    ```python
    with run.worker() as worker:
        for task in worker:
            with task:
                compute(task.number)
    ```

    Work is done at least once: a task whose worker is lost is computed again, by somebody. Safe
    among threads. It makes itself known to the server with its first claim, and leaving its
    `with` gives back what is still open.
    """

    def __init__(
        self,
        link: Link,
        run_uuid: str,
        num_tasks: int,
        *,
        prefetch: int,
        rhythm: Rhythm,
        max_attempts: int,
        retry_delay_s: float,
        halt_after: int,
        linger: bool,
        patience: Patience,
        grace_s: float,
        give_up_after_s: float,
        journal: str | os.PathLike[str] | None,
        fleet_size: int,
    ) -> None:
        if num_tasks < 1:
            raise ConfigurationError(
                f"run {run_uuid} has no sound number of tasks, so nobody can work on it: another "
                "client made it; delete it, or leave it alone"
            )
        self._link = link
        self.run_uuid = run_uuid
        self._prefetch = _checks.one_or_none("prefetch", prefetch)
        self.rhythm: Rhythm = rhythm
        self.max_attempts: int = _lease.max_attempts(max_attempts)
        self._retry_delay_s = _checks.seconds("retry_delay_s", retry_delay_s, zero=True)
        self._halt_after = _checks.at_least_one("halt_after", halt_after)
        self._give_up_after_s = _checks.seconds(
            "give_up_after_s", give_up_after_s, zero=True, endless=True
        )
        self._sweeper = (
            Sweeper(run_uuid, num_tasks, patience, self.max_attempts) if linger else None
        )
        self._fleet_size = _checks.at_least_one("fleet_size", fleet_size)
        grace_s = _checks.seconds("grace_s", grace_s, zero=True)
        self._ending = Ending(self.stop, self._give_back_at_once, grace_s)
        # Ends what computes elsewhere, where the main thread is late to. For `Crew`.
        self.before_giving_back: Callable[[], None] = lambda: None
        # Ends claiming before the time of the process is over. For `Crew`.
        self.deadline: Deadline | None = None
        self._stop = threading.Event()
        self._clock: Clock = link.session.clock.stopped_by(self._stop)
        self._uuid = uuid.uuid4().hex
        self.journal: Journal | None = None if journal is None else Journal(journal)
        self._begin()
        renew_in_children(self)

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._in_hand = InHand(lambda: len(self._open), self._stop.is_set)
        self._is_entered = self._is_registered = False
        self._open: set[Task] = set()
        self._ahead: Prefetcher[Task] | None = None
        self._failed: list[Task] = []
        self._failures_in_a_row = 0
        self._doubtful: set[int] = set()
        self._longest_s: float | None = None
        self._lingering: Lingering[Task] = Lingering(
            self._link,
            lambda: self._clock,
            self._in_hand,
            self._sweeper,
            may_claim=self._may_claim,
            hand_out=self._handed_out,
            retry_failed=self._retry_failed,
        )
        self.requests: Requests = Requests(self._link, self.run_uuid, self._give_up_after_s)
        self.reporter: Reporter = Reporter(self.requests.now)

    def after_fork(self) -> None:
        """Be a worker of one's own in a forked child: what is open is the parent's to settle."""
        self._begin()

    @property
    def uuid(self) -> str:
        """What the server knows the worker by, once it has claimed a task."""
        return self._uuid

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Claim nothing any more: iterating ends with the task at hand. From any thread."""
        self._stop.set()
        if self._ahead is not None:
            self._ahead.stop()
        self._in_hand.wake()

    def claim(self) -> Task | None:
        """Be handed out a task. `prefetch` is for iterating alone, and does nothing here.

        Returns:
            The task, or None once nothing is left to hand out, the worker was stopped, or its
            time is too short for another.

        Raises:
            RunBroken: the server cannot hand out the tasks that are left.
            TaskfarmError: the server could not be asked for as long as `give_up_after_s`.
        """
        return self.claim_ahead(begun=True)

    def claim_ahead(self, *, begun: bool = False) -> Task | None:
        """Claim a task whose turn comes later, with its `begin`. For `Crew`."""
        asked_at, changes = self.requests.now(), self._in_hand.changes
        task = self._handed_out(begun)
        if task is None:
            task = self._lingering.stay(
                asked_at, changes, begun=begun, longest_s=lambda: self._longest_s
            )
        if task is not None:
            self.reporter.add(task)
        return task

    def _may_claim(self) -> bool:
        return not self.stopping and (self.deadline is None or self.deadline.may_claim)

    def _handed_out(self, begun: bool) -> Task | None:
        if not self._may_claim():
            return None
        try:
            return self._take(self._clock, begun=begun)
        except Stopped:
            return None

    def _take(self, clock: Clock, *, begun: bool) -> Task | None:
        with self._in_hand.claiming():
            row = self.requests.claim(self._registered(), clock)
            if row is None:
                return None
            task = Task(self, row, begun=begun)
            with self._lock:
                self._open.add(task)
            return task

    def __iter__(self) -> Iterator[Task]:
        is_entered = self._is_entered
        try:
            while (task := self._next()) is not None:
                try:
                    yield task
                except GeneratorExit:
                    self._release(task)
                    raise
                if not task.settled:
                    self._refuse_to_go_on(task)
            is_entered = False
        finally:
            # Broken off inside `with worker:`, its end does this, and knows how long it may take.
            if not is_entered:
                self._close_ahead()
                self.reporter.rest()
        self._retry_failed()
        self._complete_the_doubtful()

    def _next(self) -> Task | None:
        if not self._prefetch:
            return self.claim()
        if self._ahead is None:
            self._ahead = Prefetcher(
                lambda clock: None if self.stopping else self._take(clock, begun=False),
                self._release,
                self.requests.now,
                self.rhythm.first_beat_s,
            )
        task = self._ahead.take()
        if task is not None and self.stopping:
            self._release(task)
            return None
        task = task or self.claim()
        if task is not None:
            task.begin(self._ahead)
            self.reporter.add(task)
            self._ahead.begin()
        return task

    def _close_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def close(self) -> None:
        """Give back what is open, let failed tasks be tried again, make sure of completed ones."""
        with ExitStack() as whatever_happens:
            whatever_happens.callback(self.reporter.close)
            whatever_happens.callback(self._settle_all)
            self._close_ahead()

    def _settle_all(self) -> None:
        with self._lock:
            still_open = [task for task in self._open if not task.settled]
        for task in still_open:
            self._release(task)
        self._retry_failed()
        self._complete_the_doubtful()

    def _give_back_at_once(self) -> None:
        """Do what leaving does after a signal, while the main thread is in C code."""
        self.requests.hurry()
        try:
            self.before_giving_back()
            self.close()
        except Exception:  # noqa: BLE001 - whatever it is, the process is to end
            log.exception("not all tasks of this worker could be given back")

    def retry_at(self) -> float:
        """Return when a task that fails now may be tried again. For `Task`."""
        return self.requests.now() + self._retry_delay_s

    def has_failed(self, task: Task, *, held: bool) -> None:
        """Take a failed task, and stop after too many in a row. For `Task`.

        Args:
            task: which.
            held: whether it is to be tried again and held back until then.
        """
        with self._lock:
            self._failures_in_a_row += 1
            too_many = self._failures_in_a_row >= self._halt_after
            if held:
                self._failed.append(task)
            surplus = self._failed[:-MAX_HELD]
        if not held:
            self.let_go(task)
        self.reporter.wake(task)
        for oldest in surplus:
            oldest.retry()
        if too_many and not self.stopping:
            log.error(
                "%d tasks in a row failed in this worker, so it stops: is something wrong here?",
                self._failures_in_a_row,
            )
            self.stop()

    def _retry_failed(self) -> bool:
        """Let anyone try the held tasks again; return whether there were any."""
        with self._lock:
            held = list(self._failed)
        for task in held:
            task.retry()
        return bool(held)

    def has_completed(self, task: Task, *, took_s: float, doubtful: bool) -> None:
        """Take a completed task. For `Task`.

        Args:
            task: which.
            took_s: how long it was computed.
            doubtful: a report of it was not answered, and may still land on the finished task.
        """
        with self._lock:
            self._longest_s = max(self._longest_s or 0.0, took_s)
            self._failures_in_a_row = 0
            if doubtful:
                self._doubtful.add(task.number)
        self.let_go(task, waits=False)

    def let_go(self, task: Task, *, waits: bool = True) -> None:
        """Forget a settled task. For `Task`.

        Args:
            task: which.
            waits: whether it may wait for anyone now.
        """
        self.reporter.drop(task)
        with self._lock:
            self._open.discard(task)
            if task in self._failed:
                self._failed.remove(task)
            # At the same time for who looks at both: what is held, and what has come to wait.
            self._in_hand.has_gone(waits=waits)

    def hurry(self, error: BaseException) -> None:
        """Try the server only for a moment more, in all, if the process is to end. For `Task`."""
        if not isinstance(error, Exception):
            self.requests.hurry()

    def _registered(self) -> str:
        with self._lock:
            if not self._is_registered:
                self._uuid = self.requests.register(self._fleet_size, self._clock)
                self._is_registered = True
            return self._uuid

    def _release(self, task: Task) -> None:
        if task.settled:
            return
        try:
            task.leave()
        except TaskfarmError as trouble:
            if not task.settled:  # by another thread, as when a signal comes
                log.warning("task %d could not be given back: %s", task.number, trouble)

    def _refuse_to_go_on(self, task: Task) -> NoReturn:
        self._release(task)
        raise TaskfarmError(
            f"task {task.number} was neither completed, released nor failed, so it was given "
            "back: put the work on it into `with task:`",
            run=self.run_uuid,
            task=task.number,
        )

    def _complete_the_doubtful(self) -> None:
        with self._lock:
            doubtful, self._doubtful = self._doubtful, set()
        for number in sorted(doubtful):
            self.requests.still_complete(number)

    def __enter__(self) -> Self:
        self._ending.install()
        self._is_entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                self.hurry(error)
            self.close()
        except TaskfarmError as trouble:
            # The caller's own error must not be hidden by ours.
            if error is None:
                raise
            log.error("the server was not told all of run %s: %s", self.run_uuid, trouble)
        finally:
            self._is_entered = False
            self._ending.remove()

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "a worker holds tasks and does not travel: send the run, and call run.worker() there"
        )

    def __repr__(self) -> str:
        return f"Worker(run={self.run_uuid!r}, {len(self._open)} open)"
