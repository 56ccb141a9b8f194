"""Slots that compute tasks of one worker, each with threads that wait for its child process."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

from taskfarm_sdk._processes.signals import STATUS_OF_SIGNALS
from taskfarm_sdk._worker.deadline import Deadline
from taskfarm_sdk._worker.held_task import HeldTask
from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.execution.outcome import Completed, Failed, Outcome, Released, settle
from taskfarm_sdk.execution.slot import HANDS, Slot, SlotTurn
from taskfarm_sdk.execution.task_limit import TaskLimit
from taskfarm_sdk.task import Task
from taskfarm_sdk.worker import Worker, core_of


class Dispatcher:
    """Keeps slots busy: each claims a task from the worker, performs it, and settles it.

    While tasks are short, the next one is claimed before its turn, and the last one is completed
    meanwhile; `slot` says how. `resize` changes the number of slots during the work.

    Args:
        worker: claims the tasks; the caller enters and leaves its `with`.
        size: how many slots; with 0 it claims nothing until `resize` or `leave` is called.
        perform: computes a task in a slot, of which no two at a time have the same number from 0,
            and returns how it is to be settled. An exception gives the task back, uncounted, and
            ends the work.
        interrupt: called once with the reason when the work is to end early: ends whatever
            `perform` waits for.
        max_tasks: how many tasks to claim at most; None for no limit.
        linger_s: how long at most to stay without a task while others compute; None for as long
            as they do.
        deadline: when the time for the work is over: no task is claimed that would not be done
            by then. The caller ends the tasks that still run at that moment.

    Attributes:
        failures: how many attempts failed.
        was_left: whether `leave` ended it, before anything else did.
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
        self._limit = TaskLimit(max_tasks)
        self._busy = 0
        self._idle_since = time.monotonic()
        self._failure: BaseException | None = None
        self._size = size
        # A claim that found nothing says nothing if the size changed meanwhile.
        self._resizes = 0
        self._has_started = self._nothing_left = False
        self._slots: list[Slot] = []
        self._hands: list[int] = []
        self._threads: list[threading.Thread] = []
        self._at_work = 0
        # Without a slot nothing would keep `run` from ending.
        self._add_slots(max(1, size))
        self._arrange()
        self._is_out_of_time = False
        self.failures: int = 0
        self.was_left: bool = False

    @property
    def limited(self) -> bool:
        """Whether `max_tasks`, `linger_s` or the deadline ended it."""
        return self._is_out_of_time or self._limit.used_up

    @property
    def size(self) -> int:
        """How many tasks are computed at a time; 0 while the work pauses."""
        return self._size

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

    def resize(self, size: int) -> None:
        """Compute so many tasks at a time from now on; 0 pauses. In any thread.

        Tasks that run go on to their end; tasks that were claimed and not begun are given back.

        Args:
            size: how many.

        Raises:
            TaskfarmError: this machine lacks threads for so many slots; it uses those that it has.
                Or failed tasks that it held back could not be given back for a pause.
        """
        self._resize(size)
        if not size:
            # All slots may compute for long, and each looks only after its task.
            self._let_go()

    def _resize(self, size: int) -> None:
        with self._changed:
            if size == self._size or self._failure is not None or not self._at_work:
                return
            if not self._size:
                # Nobody claimed while it paused.
                self._idle_since = time.monotonic()
            self._size, self._resizes = size, self._resizes + 1
            before = len(self._threads)
            self._add_slots(size)
            self._arrange()
            if self._has_started:
                self._start_from(before)

    def closes(self, slot: int) -> bool:
        """Return whether no other task begins for now in `slot`, whose task has been computed."""
        if self._size < len(self._slots):
            with self._changed:
                self._arrange(slot)
        return self._slots[slot].closed

    def leave(self) -> None:
        """Claim no more tasks, and end once those that run have ended. In any thread."""
        self.was_left = not self._core.stopping
        self._core.stop()
        self._end_closed()

    def _add_slots(self, size: int) -> None:
        """Add the slots that are missing, with threads that do not run yet."""
        for slot in range(len(self._slots), size):
            self._slots.append(Slot(self._core.options.intervals.first_beat_s))
            self._hands.append(HANDS)
            self._at_work += HANDS
            self._threads += [
                threading.Thread(
                    target=self._work, args=(slot,), name=f"taskfarm-slot-{slot}-{hand}"
                )
                for hand in range(HANDS)
            ]

    def _arrange(self, ended: int | None = None) -> None:
        """Open as many slots as are wanted, of those whose threads work.

        Slots that compute come first: nothing begins while as many tasks run as there may be.

        Args:
            ended: the slot whose task has just been computed.
        """
        working = [number for number, hands in enumerate(self._hands) if hands]
        working.sort(key=lambda number: number == ended or not self._slots[number].computing)
        for place, number in enumerate(working):
            self._slots[number].open(is_open=place < self._size)
        self._core.paused = not self._size

    def _start(self) -> None:
        with self._changed:
            self._has_started = True
            self._start_from(0)

    def _start_from(self, first: int) -> None:
        """Start the threads from a number on.

        Raises:
            TaskfarmError: this machine lacks threads for all.
        """
        for number in range(first, len(self._threads)):
            try:
                self._threads[number].start()
            except RuntimeError as error:
                wanted = len(self._threads)
                self._drop_threads(number)
                raise TaskfarmError(
                    f"this machine lets this process have {number} of {wanted} threads "
                    f"({error}), and each slot needs {HANDS}: compute fewer at a time, or "
                    "raise the limit (ulimit -u)"
                ) from error

    def _drop_threads(self, first: int) -> None:
        """Forget the threads from a number on, and slots without any."""
        for number in range(first, len(self._threads)):
            self._hands[number // HANDS] -= 1
            self._at_work -= 1
        del self._threads[first:]
        slots = -(-first // HANDS)
        del self._slots[slots:]
        del self._hands[slots:]
        self._size = min(self._size, slots)

    def _end_closed(self) -> None:
        with self._changed:
            for slot in self._slots:
                if slot.closed:
                    slot.end()

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
            # Its threads wait for the end of the pause, and not for a task.
            is_spent = not self._size and self._limit.used_up
            ended = not self._at_work
        if not ended and is_idle and (is_spent or self._has_waited_long(since)):
            self._is_out_of_time = True
            self._core.stop()
        if not ended and self._core.stopping:
            self._end_closed()
        return ended

    def _has_waited_long(self, since: float) -> bool:
        if self._linger_s is not None and self._size:
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
            self._end_hand(slot)

    def _end_hand(self, slot: int) -> None:
        """Note that a thread ends; without any, the slot makes room for a closed one."""
        with self._changed:
            self._at_work -= 1
            self._hands[slot] -= 1
            if not self._hands[slot]:
                # While something runs here, it may wait again: then a closed slot claims it.
                self._nothing_left = not self._busy
                self._arrange()
            self._changed.notify_all()
        if self._nothing_left:
            self._end_closed()

    def _go_on(self, slot: int, turns: Slot) -> bool:
        """Claim, compute and settle one task; return whether there may be more."""
        if turns.closed:
            self._let_go()
        with turns.turn() as turn:
            resizes = self._num_resizes()
            if turns.over:
                return False
            task = None if turns.closed else self._claim()
            if task is None:
                # One that a pause kept from claiming goes on when that is over.
                return turns.closed or resizes != self._num_resizes()
            try:
                if not turn.comes() or turns.closed or self._core.stopping:
                    self._give_back(task)
                    return True
                task.begin()
                with turn.compute():
                    self._see_through(task, slot, turn)
            finally:
                self._now_busy(-1)
        return True

    def _num_resizes(self) -> int:
        with self._changed:  # which a resize has until it is complete
            return self._resizes

    def _let_go(self) -> None:
        """Have nothing held back while no task is claimed here."""
        if self._core.paused and not self._core.stopping:
            self._core.ledger.retry_failed()

    def _see_through(self, task: HeldTask, slot: int, turn: SlotTurn) -> None:
        outcome: Outcome = Released()
        try:
            outcome = self._compute(task, slot)
            self.closes(slot)
        finally:
            if isinstance(outcome, Completed):
                # Completing takes a while; all else the next claim is to know of.
                turn.leave()
            settle(task, outcome)
        if isinstance(outcome, Released) and outcome.pause_s:
            self._core.pause(outcome.pause_s)

    def _claim(self) -> HeldTask | None:
        """Claim a task, with which this worker is busy from then on."""
        if not self._limit.begin():
            return None
        task = None
        try:
            task = self._core.claim(begun=False)
        finally:
            self._note_claimed(task)
        if task is None and not self._is_in_time():
            self._is_out_of_time = True
        return task

    def _note_claimed(self, task: HeldTask | None) -> None:
        # At once, for who looks whether there is work or may be more.
        with self._changed:
            if task is not None:
                self._busy += 1
                self._idle_since = time.monotonic()
            self._limit.end(found=task is not None)

    def _now_busy(self, more: int) -> None:
        with self._changed:
            self._busy += more
            self._idle_since = time.monotonic()

    def _give_back(self, task: HeldTask) -> None:
        self._limit.give_back()
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
