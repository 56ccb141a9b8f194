"""The core of a worker: claiming, prefetching, lingering for others' tasks, and leaving."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress

from taskfarm_sdk import _validation
from taskfarm_sdk._flows import claims
from taskfarm_sdk._flows.recovery import Sweeper
from taskfarm_sdk._logging import log
from taskfarm_sdk._models import counted
from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._processes.signals import ENDING
from taskfarm_sdk._sansio.clock import Clock, Stopped
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._worker import in_hand
from taskfarm_sdk._worker.deadline import Deadline
from taskfarm_sdk._worker.hand_outs import HandOuts
from taskfarm_sdk._worker.held_task import HeldTask, Terms
from taskfarm_sdk._worker.idle import Lingering
from taskfarm_sdk._worker.in_hand import InHand
from taskfarm_sdk._worker.journal import Journal
from taskfarm_sdk._worker.killed import KilledWorkers
from taskfarm_sdk._worker.ledger import Ledger
from taskfarm_sdk._worker.options import WorkerOptions
from taskfarm_sdk._worker.prefetch import Prefetcher
from taskfarm_sdk._worker.reporter import Reporter
from taskfarm_sdk._worker.requests import ENDING_AT_ONCE_S, Requests
from taskfarm_sdk._worker.vain import Vain
from taskfarm_sdk.errors import ConnectionFailed, ServerError


class WorkerCore:
    """The implementation of a `Worker`, apart from its public methods and its signals.

    Args:
        link: the connections.
        run_uuid: the run's.
        num_tasks: how many tasks the run has.
        options: the worker's options.

    Attributes:
        before_giving_back: ends computing elsewhere, if the main thread is late to do it.
        vain: since when it claims in vain.
        deadline: ends claiming before the process's time is over; None for no time limit.
        paused: whether no task is claimed for now, though the worker goes on.
        link: the connections.
        num_tasks: how many tasks the run has.
    """

    def __init__(self, link: Link, run_uuid: str, num_tasks: int, options: WorkerOptions) -> None:
        _validation.sound_run(run_uuid, num_tasks)
        self.link: Link = link
        self.run_uuid: str = run_uuid
        self.options: WorkerOptions = options
        self.num_tasks: int = num_tasks
        self._sweeper = (
            Sweeper(
                run_uuid,
                num_tasks,
                options.stale_after,
                options.max_attempts,
                keeps_position=options.keeps_position,
            )
            if options.linger
            else None
        )
        self.before_giving_back: Callable[[], None] = lambda: None
        self.deadline: Deadline | None = None
        self.paused: bool = False
        self._stop = threading.Event()
        self._clock: Clock = link.session.clock.stopped_by(self._stop)
        self.uuid: str = uuid.uuid4().hex
        self._journal = None if options.journal is None else Journal(options.journal)
        self._begin()
        renew_in_children(self)

    def _begin(self) -> None:
        options = self.options
        self._registering = threading.Lock()
        self._is_registered = False
        self._hand_outs = HandOuts()
        self.vain: Vain = Vain()
        self._ahead: Prefetcher[HeldTask] | None = None
        self.requests: Requests = Requests(self.link, self.run_uuid, options.give_up_after_s)
        self.reporter: Reporter = Reporter(self.requests.now)
        # A forked child leaves the parent's file locked: its copy of the descriptor stays open.
        place = in_hand.place(self.link.session.url, self.run_uuid)
        self._in_hand = InHand(place)
        self._killed = KilledWorkers(
            self.requests.link,
            self.run_uuid,
            self.num_tasks,
            place,
            options.max_attempts,
            options.intervals.first_beat_s,
            keeps_position=options.keeps_position,
        )
        self.ledger: Ledger = Ledger(
            options.halt_after,
            self.requests,
            self.reporter,
            self._stop.is_set,
            self._has_failed_too_often,
        )
        self._terms = Terms(
            self.run_uuid,
            options.intervals,
            options.max_attempts,
            options.retry_delay_s,
            options.keeps_position,
            self.requests,
            self.reporter,
            self._in_hand,
            self._journal,
            self._stop,
            self.ledger.settle,
        )
        self._lingering: Lingering[HeldTask] = Lingering(
            self.requests.link,
            self._clock,
            self.ledger.open_tasks,
            self._killed,
            self._sweeper,
            may_claim=self._may_claim,
            hand_out=self._handed_out,
            retry_failed=self.ledger.retry_failed,
        )

    def after_fork(self) -> None:
        """Become a new worker in a forked child: the parent settles the open tasks."""
        self._begin()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Claim no more tasks. Call it from any thread."""
        self._stop.set()
        if self._ahead is not None:
            self._ahead.stop()
        self.ledger.open_tasks.wake()

    def pause(self, pause_s: float) -> None:
        """Wait for a time, or less if the worker is to stop."""
        self._stop.wait(pause_s)

    def claim(self, *, begun: bool) -> HeldTask | None:
        """Claim a task; None if no task is left, or none may be claimed.

        Args:
            begun: whether its turn is now; else the caller calls its `begin` later.
        """
        open_tasks = self.ledger.open_tasks
        asked_at, changes = self.requests.now(), open_tasks.changes
        task = self.vain.first_try(lambda: self._handed_out(begun))
        if task is None:
            task = self._lingering.stay(
                asked_at, changes, begun=begun, longest_s=lambda: self.ledger.longest_s
            )
        if task is not None:
            self.reporter.add(task)
        return task

    def next(self) -> HeldTask | None:
        """Return the next task of an iteration, prefetched if the options say so."""
        if not self.options.prefetch:
            return self.claim(begun=True)
        if self._ahead is None:
            self._ahead = Prefetcher(
                lambda clock: None if self.stopping else self._take(clock, begun=False),
                self.ledger.release,
                self.requests.now,
                self.options.intervals.first_beat_s,
            )
        task = self._ahead.take()
        if task is not None and self.stopping:
            self.ledger.release(task)
            return None
        task = task or self.claim(begun=True)
        if task is not None:
            task.begin(self._ahead)
            self.reporter.add(task)
            self._ahead.begin()
        return task

    def rest(self) -> None:
        """End an iteration: complete finished tasks, give back prefetched ones, end the threads."""
        self._close_ahead()
        self.reporter.rest()

    def close(self) -> None:
        """Give back open tasks, queue failed tasks for a retry, make sure of completed tasks."""
        with ExitStack() as whatever_happens:
            whatever_happens.callback(self._killed.close)
            whatever_happens.callback(self._in_hand.close)
            whatever_happens.callback(self.reporter.close)
            whatever_happens.callback(self.ledger.finish)
            self._close_ahead()

    def give_back_at_once(self) -> None:
        """Leave the worker after a signal, while the main thread runs C code."""
        self.requests.hurry()
        try:
            self.before_giving_back()
            self.close()
        except Exception:  # noqa: BLE001 - whatever it is, the process is to end
            log.exception("not all tasks of this worker could be given back")

    def hurry_for(self, error: BaseException) -> None:
        """Try requests only for a moment more, in all, if the exception ends the process."""
        if isinstance(error, ENDING):
            self.requests.hurry()

    def end_at_once(self) -> None:
        """End the requests of the worker, which was told twice to end."""
        self.requests.hurry(ENDING_AT_ONCE_S)

    def _close_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def _has_failed_too_often(self, failures: int) -> None:
        if self.stopping:
            return
        log.error(
            "%s in a row failed in this worker, so it stops: is something wrong on this machine?",
            counted(failures, "task"),
        )
        self.stop()

    def _may_claim(self) -> bool:
        if self.stopping or self.paused:
            return False
        return self.deadline is None or self.deadline.may_claim

    def _handed_out(self, begun: bool) -> HeldTask | None:
        if not self._may_claim():
            return None
        try:
            return self._take(self._clock, begun=begun)
        except Stopped:
            return None

    def _take(self, clock: Clock, *, begun: bool) -> HeldTask | None:
        if self._killed.is_due():
            self._look_at_killed(clock)
        with self.ledger.open_tasks.claiming():
            registered, highest_before = self._registered(), self._hand_outs.highest
            row = self.requests.claim(registered, clock)
            if row is None:
                return None
            if row.number >= self.num_tasks:
                url = self.link.session.url
                raise claims.no_such_task(url, self.run_uuid, self.num_tasks, row.number)
            if self._sweeper is not None:
                self._sweeper.note(row)
            is_new = self._hand_outs.is_new(row, highest_before)
            task = HeldTask(row, self._terms, self.uuid, begun=begun, is_new=is_new)
            self.ledger.add(task)
            return task

    def _registered(self) -> str:
        with self._registering:
            if not self._is_registered:
                # What they held is handed out again with the first claims.
                self._look_at_killed(self._clock)
                self.uuid = self.requests.register(self.options.fleet_size, self._clock)
                self._is_registered = True
            return self.uuid

    def _look_at_killed(self, clock: Clock) -> None:
        # The next request waits for a server that is away, and tells what is wrong.
        with suppress(ConnectionFailed, ServerError):
            self._killed.look(clock)
