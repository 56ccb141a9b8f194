"""A task that a worker holds: its reports, its lease, and the one request that settles it."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Protocol

import attrs

from taskfarm_sdk import _failures
from taskfarm_sdk._caught import Caught, caught, describe
from taskfarm_sdk._handle import already_settled
from taskfarm_sdk._logging import log
from taskfarm_sdk._processes.signals import ENDING, ends_process
from taskfarm_sdk._protocol import lease as leases
from taskfarm_sdk._protocol.lease import Lease
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._sansio.clock import Clock
from taskfarm_sdk._worker import heartbeat
from taskfarm_sdk._worker.heartbeat import HeartbeatIntervals, HeartbeatSchedule
from taskfarm_sdk._worker.in_hand import InHand
from taskfarm_sdk._worker.items_here import ItemsHere
from taskfarm_sdk._worker.journal import Entry, Journal
from taskfarm_sdk._worker.reporter import Reporter
from taskfarm_sdk._worker.requests import Requests
from taskfarm_sdk.errors import TaskfarmError


class Settled(Enum):
    """What became of a task that is no longer open."""

    COMPLETED = "completed"
    RELEASED = "released"
    # Failed, and held back until it may be tried again.
    HELD_BACK = "held back"
    # Held back before, and waiting for anyone now.
    RETRIED = "retried"
    FAILED = "failed for good"


class Completer(Protocol):
    """Sends completions in the background."""

    def complete(self, task: HeldTask) -> None:
        """Send the completion of a task, after those that came before."""
        ...


@attrs.frozen
class Terms:
    """The settings and helpers that all tasks of a worker share.

    Attributes:
        run_uuid: the run's.
        intervals: how often the worker reports on a task.
        max_attempts: after how many counted attempts a task has failed for good.
        retry_delay_s: how long a failed task is held back.
        keeps_position: whether a percentage without a lease counts as 0.
        requests: sends the requests.
        reporter: the thread that reports on open tasks.
        in_hand: the record of open tasks, for the next worker after a kill.
        journal: gets a line for each attempt; None for no journal.
        stop: set once the worker is to stop.
        on_settled: called with each settled task, and how it was settled.
    """

    run_uuid: str
    intervals: HeartbeatIntervals
    max_attempts: int
    retry_delay_s: float
    keeps_position: bool
    requests: Requests
    reporter: Reporter
    in_hand: InHand
    journal: Journal | None
    stop: threading.Event
    on_settled: Callable[[HeldTask, Settled], None]


class HeldTask(ItemsHere):
    """The worker's side of a `Task`.

    Args:
        row: the task as it was handed out.
        terms: shared by all tasks of the worker.
        worker_uuid: the worker's UUID on the server.
        begun: whether its turn is now; else `begin` says so.
        is_new: whether surely nobody had it before.
    """

    def __init__(
        self,
        row: TaskRow,
        terms: Terms,
        worker_uuid: str,
        *,
        begun: bool = True,
        is_new: bool = False,
    ) -> None:
        lease = leases.decode(row.percent)
        self._terms = terms
        self._worker_uuid = worker_uuid
        self.number: int = row.number
        self.is_new: bool = is_new
        # One that carries the mark of failure was queued again by a person, and starts from 0.
        self.attempts: int = 0 if lease is None or lease.failed else lease.attempts
        self.percent: float = leases.kept_in(row.percent, leased_only=terms.keeps_position)
        # Drawn for the first lease written: most short tasks write none, and a draw takes as long
        # as a fifth of what the SDK adds to a request.
        self._holder: int | None = None
        self._beat = 0
        self._held: tuple[float | None, ...] = (row.percent,)
        self._heartbeat = HeartbeatSchedule(terms.intervals, terms.requests.now())
        self.settled: str | None = None
        # Whether a part of a failed task succeeded.
        self.advanced: bool = False
        self._retry_at: float | None = None
        self._lost = False
        self._finished = False
        self._writing = threading.RLock()
        self.started_at: datetime.datetime = _now()
        self._ended_at: datetime.datetime | None = None
        self.took_s: float = 0.0
        self._is_begun = begun
        self._completer: Completer | None = None
        self._noted_as = terms.in_hand.note(row.number, row.percent)

    @property
    def run_uuid(self) -> str:
        """The UUID of the task's run."""
        return self._terms.run_uuid

    @property
    def stop_requested(self) -> bool:
        """Whether the worker is to stop."""
        return self._terms.stop.is_set()

    @property
    def doubtful(self) -> bool:
        """Whether a report was not answered, and may still arrive after the completion."""
        return len(self._held) > 1

    def report(self, percent: float) -> None:
        """Have the reporter send the percentage."""
        self.percent = percent
        self._heartbeat.has_news()
        self._terms.reporter.wake(self)

    def keep(self, percent: float) -> None:
        """Have the next beat carry the percentage, or what settles the task."""
        self.percent = percent

    def complete(self) -> None:
        """Mark it done, here or in the background."""
        # An interruption may come in the middle of it: finished work is not given back then.
        self._finished = True
        self._ended_at = _now()
        self.took_s = self._terms.requests.now() - self._heartbeat.handed_at
        if self._completer is None:
            with self._settling("complete"):
                self.send_completion(None)
        else:
            self._completer.complete(self)
            self.settled = "complete"  # no report begins any more

    def send_completion(self, clock: Clock | None) -> None:
        """Complete the task on the server, and return when the server has it.

        Args:
            clock: the clock to wait by, if the wait may be interrupted.
        """
        with self._writing:
            self.settled = "complete"
            date = self._terms.requests.complete(self.number, clock)
            self.percent = leases.SUCCESS
        self._note("completed", date)
        self._tell(Settled.COMPLETED)

    def begin(self, completer: Completer | None = None) -> None:
        """Note that its turn has come, and what completes it if not its own thread."""
        self._completer = completer
        if not self._is_begun:
            self._is_begun = True
            self.started_at = _now()
            self._heartbeat.handed_at = self._terms.requests.now()

    def release(self) -> None:
        """Give it back, uncounted."""
        with self._settling("release"):
            date = self._give_back(self._next_lease())
        self._note("taken over" if self._lost else "released", date)
        self._tell(Settled.RELEASED)

    def fail(
        self,
        reason: str,
        *,
        final: bool = False,
        exit_status: int | None = None,
        caught: Caught | None = None,
        advanced: bool = False,
        failed_items: Sequence[int] = (),
    ) -> None:
        """Count a failed attempt, with the description of its exception."""
        date = None
        self.advanced = advanced
        with self._settling("fail"):
            counted = min(self.attempts + 1, leases.MAX_ATTEMPTS)
            failed = final or counted >= self._terms.max_attempts
            log.warning(
                "task %d of run %s failed (attempt %d%s): %s",
                self.number,
                self.run_uuid,
                counted,
                ", the last" if failed else "",
                reason,
            )
            if failed:
                lease = attrs.evolve(self._next_lease(), attempts=counted, failed=True)
                date = self._give_back(lease)
            else:
                self._retry_at = self._terms.requests.now() + self._terms.retry_delay_s
        failure = _failures.seen(self.run_uuid, self.number, counted, reason, caught)
        self._terms.requests.link.session.shared.failures.add(failure)
        outcome = "failed for good" if failed else "failed"
        outcome = "taken over" if self._lost else outcome
        self._note(
            outcome, date, exit_status=exit_status, message=reason, failed_items=failed_items
        )
        self._tell(Settled.FAILED if failed else Settled.HELD_BACK)

    def retry(self) -> None:
        """Set a failed task waiting again that is held back."""
        with self._writing:
            if self._retry_at is None:
                return
            counted = min(self.attempts + 1, leases.MAX_ATTEMPTS)
            self._give_back(attrs.evolve(self._next_lease(), attempts=counted))
            self._retry_at = None
        self._tell(Settled.RETRIED)

    def give_up(self) -> None:
        """Settle it as it stands: finished work as done, unfinished by giving it back."""
        if self._finished:
            self.complete()
        else:
            self.release()

    def leave(self, error: BaseException | None) -> None:
        """Settle it at the end of its `with`, which an error may have ended."""
        if error is None:
            self.complete()
            return
        try:
            if isinstance(error, ENDING):
                self._terms.requests.hurry()
            if self._finished or ends_process(error, stopping=self.stop_requested):
                self.give_up()
            else:
                self.fail(describe(error), caught=caught(error, error.__traceback__))
        except TaskfarmError as trouble:
            # This error must not hide the caller's own.
            if self.settled is None:  # else by another thread, as when a signal comes
                log.warning("task %d could not be given back: %s", self.number, trouble)

    def due_at(self) -> float:
        """Return when the next report is due."""
        beat_at = self._heartbeat.due_at()
        return beat_at if self._retry_at is None else min(beat_at, self._retry_at)

    def beat(self) -> None:
        """Send a report, or set a held back task waiting again, if that is due."""
        with self._writing:
            if self.settled is not None and self._retry_at is None:
                self._terms.reporter.drop(self)
            elif self._retry_at is not None and self._terms.requests.now() >= self._retry_at:
                self.retry()
            elif self._is_ours(patiently=False):
                self._write()
            else:
                self._heartbeat.wrote(self._terms.requests.now())

    def _write(self) -> None:
        lease = self._next_lease()
        answered, asked_at = False, heartbeat.awake_s()
        try:
            answered = self._terms.requests.report(self.number, lease)
        finally:
            self._heartbeat.wrote(self._terms.requests.now())
            if answered:
                self._heartbeat.heard(asked_at)
            value = leases.encode(lease)
            self._held = (value,) if answered else (*self._held, value)

    def _give_back(self, lease: Lease) -> str | None:
        """Give the task back if this worker still holds it; return the reply's `Date`."""
        if not self._is_ours(patiently=True):
            return None
        self._terms.in_hand.note_holder(self._noted_as, lease.holder, leaving=True)
        return self._terms.requests.give_back(self.number, self._held, lease)

    def _is_ours(self, *, patiently: bool) -> bool:
        """Check, after a gap in the reports, whether another worker took the task over."""
        if self._lost or not self._heartbeat.after_gap:
            return not self._lost
        asked_at = heartbeat.awake_s()
        row = self._terms.requests.look(self.number, patiently=patiently)
        if row is None:
            return False
        untouched = any(leases.same(row.percent, value) for value in self._held)
        self._lost = row.status != "computing" or not untouched
        if self._lost:
            log.warning("task %d of run %s was taken over", self.number, self.run_uuid)
            self._terms.reporter.drop(self)
        else:
            self._heartbeat.heard(asked_at)
        return not self._lost

    def _tell(self, how: Settled) -> None:
        if how is not Settled.HELD_BACK:
            self._terms.in_hand.clear(self._noted_as)
            self._noted_as = None
        self._terms.on_settled(self, how)

    def _next_lease(self) -> Lease:
        if self._holder is None:
            self._holder = leases.new_holder()
            self._terms.in_hand.note_holder(self._noted_as, self._holder, leaving=False)
        self._beat += 1
        return Lease(self.percent, self.attempts, self._beat, self._holder)

    def _note(
        self,
        outcome: str,
        date: str | None,
        *,
        exit_status: int | None = None,
        message: str | None = None,
        failed_items: Sequence[int] = (),
    ) -> None:
        """Write a line to the journal, but not of a task whose turn never came.

        Args:
            outcome: how the attempt ended.
            date: the `Date` of the server's reply to it.
            exit_status: a command's.
            message: what went wrong.
            failed_items: the items that failed.
        """
        if self._terms.journal is None or not self._is_begun:
            return
        entry = Entry(
            task=self.number,
            attempt=self.attempts + 1,
            worker=self._worker_uuid,
            run=self.run_uuid,
            start=self.started_at,
            end=self._ended_at or _now(),
            server_end=date,
            outcome=outcome,
            exit_status=exit_status,
            message=message,
            failed_items=sorted(failed_items),
        )
        self._terms.journal.write(entry)

    @contextmanager
    def _settling(self, how: str) -> Generator[None]:
        # A report under way has the lock: waiting for its answer keeps it from arriving later.
        with self._writing:
            if self.settled is not None:
                raise already_settled(self, how)
            # Before the request goes: from here on no report may follow it.
            self.settled = how
            try:
                yield
            except BaseException:
                self.settled = None
                raise


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
