"""A task in a worker's hands."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import attrs

from taskfarm_sdk import _beats, _checks, _http, _lease
from taskfarm_sdk._beats import Pulse
from taskfarm_sdk._drive import Clock
from taskfarm_sdk._journal import Entry
from taskfarm_sdk._lease import Lease
from taskfarm_sdk._operations import TaskRow
from taskfarm_sdk._prefetch import Prefetcher
from taskfarm_sdk._session import log
from taskfarm_sdk.errors import TaskfarmError

if TYPE_CHECKING:
    from taskfarm_sdk.worker import Worker


class Task:
    """A task that was handed out to this worker, to be settled once.

    ```python
    with task:
        compute(task.number)
    ```

    completes it at the end of the block, counts a failed attempt on an exception (which goes on
    to the caller), and gives it back uncounted on KeyboardInterrupt or SystemExit.
    """

    def __init__(self, worker: Worker, row: TaskRow, *, begun: bool = True) -> None:
        lease = _lease.decode(row.percent)
        self._worker = worker
        self._number = row.number
        # One that carries the mark of failure was queued again by a person, and starts from 0.
        self._attempts = 0 if lease is None or lease.failed else lease.attempts
        self._percent = _lease.percent_of(row.percent)
        # Drawn for the first lease written: most short tasks write none, and a draw takes as long
        # as a fifth of what the SDK adds to a request.
        self._holder: int | None = None
        self._beat = 0
        self._held: tuple[float | None, ...] = (row.percent,)
        self._pulse = Pulse(worker.rhythm, worker.requests.now())
        self._settled: str | None = None
        self._retry_at: float | None = None
        self._lost = False
        self._finished = False
        self._writing = threading.RLock()
        self._started_at = _now()
        self._ended: tuple[datetime.datetime, float] | None = None
        self._is_begun = begun
        self._ahead: Prefetcher[Task] | None = None

    @property
    def number(self) -> int:
        """The task's number, 0 to num_tasks - 1."""
        return self._number

    @property
    def percent_completed(self) -> float:
        """How far it is: what `update` said last, or what an earlier attempt left."""
        return self._percent

    @property
    def attempts(self) -> int:
        """How many attempts were counted before this one."""
        return self._attempts

    @property
    def run_uuid(self) -> str:
        """The run that it belongs to."""
        return self._worker.run_uuid

    @property
    def started_at(self) -> datetime.datetime:
        """When its turn came, by this machine's clock: as it was handed out, or later."""
        return self._started_at

    @property
    def stop_requested(self) -> bool:
        """Whether the worker is to stop: save what you have, and come to an end."""
        return self._worker.stopping

    @property
    def settled(self) -> bool:
        """Whether it was completed, released or failed."""
        return self._settled is not None

    def update(self, percent: float) -> None:
        """Report how far it is; returns at once. 100 is not completion: call `complete` for that.

        The newest value is sent in the background, and completing supersedes it. A report that
        does not get through is dropped; the next one brings the news.

        Args:
            percent: 0 to 100; the server keeps hundredths of it.
        """
        checked = _checks.percentage(percent)
        self._refuse_if_settled("update")
        self._percent = checked
        self._pulse.has_news()
        self._worker.reporter.wake(self)

    def complete(self) -> None:
        """Mark it done; returns when the server has it. Finished work counts, whoever took it.

        With `prefetch=1` it returns at once: the server is told in the background, and what goes
        wrong then is raised with the next task, or on leaving the worker.

        Raises:
            TaskfarmError: the server could not be told; calling again tries again.
        """
        # An interruption may come in the middle of it: finished work is not given back then.
        self._finished = True
        self._refuse_if_settled("complete")
        self._ended = _now(), self._worker.requests.now() - self._pulse.handed_at
        if self._ahead is None:
            with self._settling("complete"):
                self.send_completion(None)
        else:
            self._ahead.complete(self)
            self._settled = "complete"  # no report begins any more

    def send_completion(self, clock: Clock | None) -> None:
        """Have the server know that it is done. For the prefetcher."""
        with self._writing:
            self._settled = "complete"
            self._worker.requests.complete(self.number, clock)
            self._percent = _lease.SUCCESS
        self._note("completed", answered=True)
        took_s = 0.0 if self._ended is None else self._ended[1]
        self._worker.has_completed(self, took_s=took_s, doubtful=len(self._held) > 1)

    def begin(self, ahead: Prefetcher[Task] | None = None) -> None:
        """Note that its turn has come, and who completes it. For `Worker` and `Crew`."""
        self._ahead = ahead
        if not self._is_begun:
            self._is_begun = True
            self._started_at = _now()
            self._pulse.handed_at = self._worker.requests.now()

    def release(self) -> None:
        """Give it back, waiting for anyone; the attempt is not counted."""
        with self._settling("release"):
            answered = self._give_back(self._next_lease())
        self._note("taken over" if self._lost else "released", answered=answered)
        self._worker.let_go(self)

    def fail(self, reason: str, *, final: bool = False, exit_status: int | None = None) -> None:
        """Count a failed attempt: the task will wait for another, or has failed for good.

        One that is to be tried again is held back, for the server would hand it out again at
        once: for the worker's `retry_delay_s`, or until nothing else waits.

        Args:
            reason: what went wrong; it goes to the log and the journal, for the server keeps no
                texts.
            final: failed for good, however many attempts are left.
            exit_status: a command's, for the journal.
        """
        answered = False
        with self._settling("fail"):
            counted = min(self._attempts + 1, _lease.MAX_ATTEMPTS)
            failed = final or counted >= self._worker.max_attempts
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
                answered = self._give_back(lease)
            else:
                self._retry_at = self._worker.retry_at()
        outcome = "failed for good" if failed else "failed"
        outcome = "taken over" if self._lost else outcome
        self._note(outcome, answered=answered, exit_status=exit_status, message=reason)
        self._worker.has_failed(self, held=not failed)

    def retry(self) -> None:
        """Let anyone try a failed task again that is held back. For `Worker`."""
        with self._writing:
            if self._retry_at is None:
                return
            counted = min(self._attempts + 1, _lease.MAX_ATTEMPTS)
            self._give_back(attrs.evolve(self._next_lease(), attempts=counted))
            self._retry_at = None
        self._worker.let_go(self)

    def due_at(self) -> float:
        """Return when it is to be written of next. For the reporter."""
        beat_at = self._pulse.due_at()
        return beat_at if self._retry_at is None else min(beat_at, self._retry_at)

    def beat(self) -> None:
        """Write of it, or let a failed one be tried again, if that is due. For the reporter."""
        with self._writing:
            if self._settled is not None and self._retry_at is None:
                self._worker.reporter.drop(self)
            elif self._retry_at is not None and self._worker.requests.now() >= self._retry_at:
                self.retry()
            elif self._is_ours(patiently=False):
                self._write()
            else:
                self._pulse.wrote(self._worker.requests.now())

    def _write(self) -> None:
        lease = self._next_lease()
        answered, asked_at = False, _beats.awake_s()
        try:
            answered = self._worker.requests.report(self.number, lease)
        finally:
            self._pulse.wrote(self._worker.requests.now())
            if answered:
                self._pulse.heard(asked_at)
            value = _lease.encode(lease)
            self._held = (value,) if answered else (*self._held, value)

    def _give_back(self, lease: Lease) -> bool:
        """Give it back if it is still ours to give; return whether it was."""
        if not self._is_ours(patiently=True):
            return False
        self._worker.requests.give_back(self.number, self._held, lease)
        return True

    def _is_ours(self, *, patiently: bool) -> bool:
        """Look, after a gap of our own, whether somebody took the task over meanwhile."""
        if self._lost or not self._pulse.after_gap:
            return not self._lost
        asked_at = _beats.awake_s()
        row = self._worker.requests.look(self.number, patiently=patiently)
        if row is None:
            return False
        self._lost = row.status != "computing" or row.percent not in self._held
        if self._lost:
            log.warning("task %d of run %s was taken over", self.number, self.run_uuid)
            self._worker.reporter.drop(self)
        else:
            self._pulse.heard(asked_at)
        return not self._lost

    def _next_lease(self) -> Lease:
        if self._holder is None:
            self._holder = _lease.new_holder()
        self._beat += 1
        return Lease(self._percent, self._attempts, self._beat, self._holder)

    def _note(
        self,
        outcome: str,
        *,
        answered: bool,
        exit_status: int | None = None,
        message: str | None = None,
    ) -> None:
        """Write a line to the journal, but not of a task whose turn never came.

        Args:
            outcome: what became of it.
            answered: whether this thread's last reply was the server's to it.
            exit_status: a command's.
            message: what went wrong.
        """
        if self._worker.journal is None or not self._is_begun:
            return
        entry = Entry(
            task=self.number,
            attempt=self.attempts + 1,
            worker=self._worker.uuid,
            run=self.run_uuid,
            start=self.started_at,
            end=_now() if self._ended is None else self._ended[0],
            server_end=_http.last_date() if answered else None,
            outcome=outcome,
            exit_status=exit_status,
            message=message,
        )
        self._worker.journal.write(entry)

    def _refuse_if_settled(self, what: str) -> None:
        if self._settled is not None:
            raise TaskfarmError(
                f"cannot {what} task {self.number}: it is settled ({self._settled})",
                run=self.run_uuid,
                task=self.number,
            )

    @contextmanager
    def _settling(self, how: str) -> Generator[None]:
        # A report under way has the lock: its answer is waited for, so that none lands later.
        with self._writing:
            self._refuse_if_settled(how)
            # Before the request goes: from here on no report may follow it.
            self._settled = how
            try:
                yield
            except BaseException:
                self._settled = None
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.settled:
            return
        if error is None:
            self.complete()
            return
        try:
            if isinstance(error, Exception) and not self._finished:
                self.fail(f"{type(error).__name__}: {error}")
            else:
                self._worker.hurry(error)
                self.leave()
        except TaskfarmError as trouble:
            # The caller's own error must not be hidden by ours.
            if not self.settled:  # by another thread, as when a signal comes
                log.warning("task %d could not be given back: %s", self.number, trouble)

    def leave(self) -> None:
        """Settle it as it stands: finished work as done, unfinished by giving it back."""
        if self._finished:
            self.complete()
        else:
            self.release()

    def __repr__(self) -> str:
        state = self._settled or "open"
        return f"Task({self.number}, run={self.run_uuid!r}, {self._percent:g} %, {state})"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
