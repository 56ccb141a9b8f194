"""Slots that compute tasks of one worker, each with threads that wait for its child process."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from taskfarm_sdk._processes.signals import STATUS_OF_SIGNALS
from taskfarm_sdk._worker.deadline import Deadline
from taskfarm_sdk._worker.held_task import HeldTask
from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.execution.outcome import Completed, Failed, Outcome, Released, settle
from taskfarm_sdk.execution.slot import HANDS, Slot, SlotTurn
from taskfarm_sdk.task import Task
from taskfarm_sdk.worker import Worker, core_of


class Dispatcher:
    """Keeps slots busy: each claims a task from the worker, performs it, and settles it.

    While tasks are short, the next one is claimed before its turn, and the last one is completed
    meanwhile; `slot` says how.

    Args:
        worker: claims the tasks; the caller enters and leaves its `with`.
        size: how many slots, at least 1.
        perform: computes a task in a slot (0 to size - 1), and returns how it is to be settled. An
            exception gives the task back, uncounted, and ends the work.
        interrupt: called once with the reason when the work is to end early: ends whatever
            `perform` waits for.
        max_tasks: how many tasks to claim at most; None for no limit.
        linger_s: how long at most to stay without a task while others compute; None for as long
            as they do.
        deadline: when the time for the work is over: no task is claimed that would not be done
            by then. The caller ends the tasks that still run at that moment.

    Attributes:
        limited: whether `max_tasks`, `linger_s` or the deadline ended it.
        failures: how many attempts failed.
    """

    def __init__(
        self,
        worker: Worker,
        size: int,
        perform: Callable[[Task, int], Outcome],
        *,
        interrupt: Callable[[BaseException], None],
        max_tasks: int | None = None,
        linger_s: float | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        self._core = core_of(worker)
        self._deadline = deadline
        self._perform = perform
        self._interrupt = interrupt
        self._linger_s = linger_s
        self._changed = threading.Condition()
        self._left = max_tasks
        self._busy = 0
        self._idle_since = time.monotonic()
        self._failure: BaseException | None = None
        self._slots = [Slot(self._core.options.intervals.first_beat_s) for _ in range(size)]
        self._threads = [
            threading.Thread(target=self._work, args=(slot,), name=f"taskfarm-slot-{slot}-{hand}")
            for hand in range(HANDS)
            for slot in range(size)
        ]
        self._at_work = len(self._threads)
        self.limited: bool = False
        self.failures: int = 0

    @property
    def busy(self) -> int:
        """How many slots compute a task."""
        return sum(turns.computing for turns in self._slots)

    def run(self, tick: Callable[[], None] = lambda: None, every_s: float = 1.0) -> None:
        """Work until no task is left for this worker; call it in the thread that gets signals.

        Args:
            tick: called meanwhile, to show progress.
            every_s: how often.

        Raises:
            TaskfarmError: this machine lacks threads for so many slots.
            BaseException: the interruption, or the error given to `abort`; the slots have ended
                and settled their tasks by then.
        """
        self._core.before_giving_back = self._end
        self._core.deadline = self._deadline
        try:
            self._start()
            while not self._has_ended(every_s):
                tick()
        except BaseException as error:
            self.abort(error)
            self._core.hurry_for(error)
            self._join(error)
            raise
        self._join(None)
        if self._failure is not None:
            raise self._failure

    def _start(self) -> None:
        for number, thread in enumerate(self._threads):
            try:
                thread.start()
            except RuntimeError as error:
                raise TaskfarmError(
                    f"this machine lets this process have {number} of {len(self._threads)} threads "
                    f"({error}), and each slot needs {HANDS}: compute fewer at a time, or "
                    "raise the limit (ulimit -u)"
                ) from error

    def abort(self, error: BaseException) -> None:
        """End the work, and have `run` raise `error`. In any thread; the first error counts."""
        with self._changed:
            if self._failure is not None:
                return
            self._failure = error
            self._changed.notify_all()
        self._core.stop()
        for turns in self._slots:
            turns.end()
        self._interrupt(error)

    def _end(self) -> None:
        """End all slots from another thread, after a signal that the main thread gets late."""
        self.abort(SystemExit(STATUS_OF_SIGNALS + signal.SIGTERM))
        self._join(None)

    def _has_ended(self, within_s: float) -> bool:
        with self._changed:
            if self._at_work:
                self._changed.wait(within_s)
            is_idle, since = self._busy == 0, self._idle_since
            ended = not self._at_work
        if not ended and is_idle and self._has_waited_long(since):
            self.limited = True
            self._core.stop()
        return ended

    def _has_waited_long(self, since: float) -> bool:
        if self._linger_s is not None:
            idle_s = self._core.vain.idle_s(since)
            if idle_s is not None and idle_s > self._linger_s:
                return True
        # A lingering slot would notice only at its next look at the others.
        return not self._is_in_time()

    def _is_in_time(self) -> bool:
        return self._deadline is None or self._deadline.may_claim

    def _join(self, error: BaseException | None) -> None:
        for thread in self._threads:
            while thread.ident is not None and thread.is_alive():
                try:
                    thread.join()
                except BaseException as again:  # noqa: BLE001 - a second signal hurries the first
                    self._core.end_at_once()
                    self._interrupt(again if error is None else error)

    def _work(self, slot: int) -> None:
        try:
            while self._go_on(slot, self._slots[slot]):
                pass
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for the slots
            self.abort(error)
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    def _go_on(self, slot: int, turns: Slot) -> bool:
        """Claim, compute and settle one task; return whether there may be more."""
        with turns.turn() as turn:
            task = self._claim()
            if task is None:
                return False
            with self._busy_with():
                if not turn.comes() or self._core.stopping:
                    self._give_back(task)
                    return True
                task.begin()
                with turn.compute():
                    self._see_through(task, slot, turn)
        return True

    def _see_through(self, task: HeldTask, slot: int, turn: SlotTurn) -> None:
        outcome: Outcome = Released()
        try:
            outcome = self._compute(task, slot)
        finally:
            if isinstance(outcome, Completed):
                # Completing takes a while; all else the next claim is to know of.
                turn.leave()
            settle(task, outcome)
        if isinstance(outcome, Released) and outcome.pause_s:
            self._core.pause(outcome.pause_s)

    def _claim(self) -> HeldTask | None:
        with self._changed:
            if self._left == 0:
                self.limited = True
                return None
            if self._left is not None:
                self._left -= 1
        task = self._core.claim(begun=False)
        if task is None and not self._is_in_time():
            self.limited = True
        return task

    @contextmanager
    def _busy_with(self) -> Generator[None]:
        self._now_busy(1)
        try:
            yield
        finally:
            self._now_busy(-1)

    def _now_busy(self, more: int) -> None:
        with self._changed:
            self._busy += more
            self._idle_since = time.monotonic()

    def _give_back(self, task: HeldTask) -> None:
        with self._changed:
            if self._left is not None:
                self._left += 1
        settle(task, Released())

    def _compute(self, task: HeldTask, slot: int) -> Outcome:
        began = time.monotonic()
        outcome = self._perform(Task(task), slot)
        # Before the slot is free: the next claim is to know of it.
        if self._deadline is not None and isinstance(outcome, Completed):
            self._deadline.took(time.monotonic() - began)
        if isinstance(outcome, Failed):
            with self._changed:
                self.failures += 1
        return outcome
