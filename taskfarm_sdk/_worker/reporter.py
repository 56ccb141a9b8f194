"""The thread of a worker that writes of its tasks while they are computed."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Protocol

from taskfarm_sdk._logging import log
from taskfarm_sdk.errors import TaskfarmError

# Without tasks the thread stays a moment, so that a run of quick ones does not start it each time.
IDLE_S = 0.2


class Reported(Protocol):
    """What the reporter looks after."""

    def due_at(self) -> float:
        """Return when it is to be written of next."""
        ...

    def beat(self) -> None:
        """Write of it now, if it is still in hand."""
        ...


class Reporter:
    """Calls `beat` of each of its tasks when that is due, in one thread for all of them.

    Args:
        now: the clock that the tasks' `due_at` speaks of.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._tasks: set[Reported] = set()
        self._thread: threading.Thread | None = None
        # Waking the thread costs short tasks more than the rest of it: that is done only where
        # something is due sooner than it would wake by itself.
        self._sleeps_until = -math.inf
        self._ending = False

    def add(self, task: Reported) -> None:
        """Look after a task, and see to it that the thread runs."""
        with self._changed:
            self._tasks.add(task)
            self._ending = False
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="taskfarm-reporter", daemon=True
                )
                self._thread.start()
            self._wake_for(task)

    def drop(self, task: Reported) -> None:
        """Look after a task no more."""
        with self._changed:
            self._tasks.discard(task)

    def rest(self) -> None:
        """Let the thread see whether it has tasks at all, and end soon if it has none."""
        with self._changed:
            if not self._tasks:
                self._changed.notify_all()

    def wake(self, task: Reported) -> None:
        """See anew when a task is due."""
        with self._changed:
            self._wake_for(task)

    def _wake_for(self, task: Reported) -> None:
        if task.due_at() < self._sleeps_until:
            self._changed.notify_all()

    def close(self) -> None:
        """Drop all tasks, and return when the thread has ended."""
        with self._changed:
            self._tasks.clear()
            self._ending = True
            self._changed.notify_all()
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        if thread.ident is not None:  # a signal may have come before its start
            thread.join()

    def _run(self) -> None:
        while (task := self._next_due()) is not None:
            try:
                task.beat()
            except TaskfarmError as error:
                # What is wrong will be wrong for the worker's own requests, which raise it.
                log.warning("could not report the progress of a task: %s", error)
                self.drop(task)

    def _next_due(self) -> Reported | None:
        """Return a task that is due, as soon as one is, or None when the thread is to end."""
        with self._changed:
            while not self._ending:
                if not self._tasks:
                    if not self._sleep(math.inf, IDLE_S) and not self._tasks:
                        break
                    continue
                task = min(self._tasks, key=lambda task: task.due_at())
                due_at = task.due_at()
                left_s = due_at - self._now()
                if left_s <= 0:
                    return task
                self._sleep(due_at, left_s)
            self._thread = None
            return None

    def _sleep(self, until: float, timeout_s: float) -> bool:
        """Wait for what is due before a time; return whether something woke the thread."""
        self._sleeps_until = until
        woken = self._changed.wait(timeout_s)
        self._sleeps_until = -math.inf
        return woken
