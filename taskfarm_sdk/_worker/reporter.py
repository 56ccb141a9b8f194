"""The thread of a worker that reports on its tasks while they are computed."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Protocol

from taskfarm_sdk._logging import log
from taskfarm_sdk.errors import TaskfarmError

# Without tasks the thread stays for a moment, so that short tasks do not start it each time.
IDLE_S = 0.2


class Reported(Protocol):
    """A task that the reporter reports on."""

    def due_at(self) -> float:
        """Return when the next report is due."""
        ...

    def beat(self) -> None:
        """Send a report now, if the task is still open."""
        ...


class Reporter:
    """Calls `beat` of each of its tasks when that is due, in one thread for all of them.

    Args:
        now: the clock of the tasks' `due_at`.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._tasks: set[Reported] = set()
        self._thread: threading.Thread | None = None
        # Waking the thread costs short tasks more than the rest: do so only for a task that is
        # due before the thread would wake by itself.
        self._sleeps_until = -math.inf
        self._ending = False

    def add(self, task: Reported) -> None:
        """Add a task, and start the thread if it does not run."""
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
        """Remove a task."""
        with self._changed:
            self._tasks.discard(task)

    def rest(self) -> None:
        """Wake the thread, so that it ends soon if it has no tasks."""
        with self._changed:
            if not self._tasks:
                self._changed.notify_all()

    def wake(self, task: Reported) -> None:
        """Check again when a task is due."""
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
                # The worker's own requests will meet the same error, and raise it.
                log.warning("could not report the progress of a task: %s", error)
                self.drop(task)

    def _next_due(self) -> Reported | None:
        """Return the next task that is due, or None when the thread is to end."""
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
        """Wait until a time; return whether the thread was woken before."""
        self._sleeps_until = until
        woken = self._changed.wait(timeout_s)
        self._sleeps_until = -math.inf
        return woken
