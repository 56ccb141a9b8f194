"""A slot and the turns of its two threads: one computes, the other claims ahead.

Two threads share a slot. While one computes, the other claims the next task; while that is
computed, the first completes its own: so the slot waits for no request. `_short_tasks` says when a
task is claimed ahead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from taskfarm_sdk._worker.short_tasks import ShortTasks

HANDS = 2
# How long to wait for the other thread to begin; it needs less, unless it fails.
LET_BEGIN_S = 0.05
# How soon after its begin a task reaches the child that computes it, on an idle machine.
# Without this pause tasks of 20 ms that use a whole CPU ran for 90 % of the time, with it for 97 %.
LET_SEND_S = 0.0005


class Slot:
    """The turns of one slot.

    Args:
        long_after_s: from when on a task is long.
        now: the time, in seconds.
    """

    def __init__(self, long_after_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._tasks = ShortTasks(long_after_s, now)
        self._changed = threading.Condition()
        self._is_taken = self._is_awaited = False
        self._is_over = self._is_closed = False
        # The thread that has a task for the slot and has not begun it.
        self._next: int | None = None

    @property
    def computing(self) -> bool:
        """Whether a task is computed."""
        return self._tasks.computing

    @contextmanager
    def turn(self) -> Generator[SlotTurn]:
        """Return when a task may be claimed, for this slot or ahead of its turn."""
        turn = SlotTurn(self, has_slot=self.take())
        try:
            yield turn
        finally:
            turn.leave()

    @property
    def closed(self) -> bool:
        """Whether no task may be begun."""
        return self._is_closed

    @property
    def over(self) -> bool:
        """Whether all waits have ended, and no task is to be claimed."""
        return self._is_over

    def end(self) -> None:
        """End all waits."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def open(self, *, is_open: bool) -> None:
        """Let tasks be begun again, or none: one that is computed goes on to its end."""
        with self._changed:
            self._is_closed = not is_open
            self._changed.notify_all()

    def take(self) -> bool:
        """Take the slot; False if a task may be claimed ahead instead."""
        with self._changed:
            # A thread does not claim with the slot while the other has a task for it, or is about
            # to: its claim may wait for the end of that very task.
            while not self._is_over and (self._is_closed or self._is_taken or self._is_awaited):
                tasks = self._tasks
                is_next = not self._is_closed and not self._is_awaited
                if is_next and tasks.may_claim_ahead and self._in_time():
                    break
                self._changed.wait()
            is_ahead = self._is_taken or self._is_awaited or self._is_over
            self._is_awaited |= is_ahead
            self._is_taken |= not is_ahead
            return not is_ahead

    def wait(self) -> bool:
        """Take the slot once it is free; False if the other's task is long, or the slot closes."""
        with self._changed:
            self._next = threading.get_ident()
            while self._is_taken and not self._is_over and not self._is_closed:
                if self._tasks.is_long:
                    return False
                self._changed.wait(self._tasks.long_in_s())
            if self._is_over or self._is_closed:
                return False
            self._is_taken, self._is_awaited = True, False
            return True

    def leave(self, *, has_slot: bool) -> None:
        """Leave the slot, or the place before it, and let the other thread begin."""
        with self._changed:
            if has_slot:
                self._is_taken = False
                self._tasks.end()
            else:
                self._is_awaited = False
            if self._next == threading.get_ident():
                self._next = None
            self._changed.notify_all()
            if self._next is not None:
                # The threads share one interpreter, and this one's next steps can wait.
                self._changed.wait_for(lambda: self._next is None, LET_BEGIN_S)
                self._changed.wait(LET_SEND_S)

    def begin(self) -> None:
        """Note that a task is computed from now on, until the slot is left."""
        with self._changed:
            self._tasks.begin()
            self._next = None
            self._changed.notify_all()

    def _in_time(self) -> bool:
        """Whether a task is computed that is not long yet."""
        return self._tasks.computing and not self._tasks.is_long


class SlotTurn:
    """One turn of one thread: the slot, or the place before it.

    Args:
        turns: the slot's.
        has_slot: whether the slot is taken, and not the place before it.
    """

    def __init__(self, turns: Slot, *, has_slot: bool) -> None:
        self._turns = turns
        self._has_slot = has_slot
        self._is_over = False

    def comes(self) -> bool:
        """Wait for the slot with a task; False if the task is to be given back."""
        if not self._has_slot:
            self._has_slot = self._turns.wait()
        return self._has_slot

    @contextmanager
    def compute(self) -> Generator[None]:
        """Compute a task in the slot, which is left at the end if it was not before."""
        self._turns.begin()
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Leave the turn to the other thread."""
        if not self._is_over:
            self._is_over = True
            self._turns.leave(has_slot=self._has_slot)
