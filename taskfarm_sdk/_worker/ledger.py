"""Records of one worker: open, held back and doubtful tasks, and failures in a row."""

from __future__ import annotations

import threading
from collections.abc import Callable

from taskfarm_sdk._logging import log
from taskfarm_sdk._worker.held_task import HeldTask, Settled
from taskfarm_sdk._worker.open_tasks import OpenTasks
from taskfarm_sdk._worker.reporter import Reporter
from taskfarm_sdk._worker.requests import Requests
from taskfarm_sdk.errors import TaskfarmError

# A sick node that fails everything must not keep a run to itself.
MAX_HELD = 10


class Ledger:
    """Keeps a worker's open tasks; safe among threads.

    Args:
        halt_after: how many tasks in a row that failed for the first time here are too many.
        requests: sends the requests.
        reporter: the thread that reports on open tasks.
        stopping: whether the worker is to stop.
        on_too_many: called when so many have failed.
    """

    def __init__(
        self,
        halt_after: int,
        requests: Requests,
        reporter: Reporter,
        stopping: Callable[[], bool],
        on_too_many: Callable[[int], None],
    ) -> None:
        self._halt_after = halt_after
        self._requests = requests
        self._reporter = reporter
        self._on_too_many = on_too_many
        self._lock = threading.RLock()
        self._open: set[HeldTask] = set()
        self._held_back: list[HeldTask] = []
        self._doubtful: set[int] = set()
        self._failures_in_a_row = 0
        self._has_failed: set[int] = set()
        self._longest_s: float | None = None
        self.open_tasks: OpenTasks = OpenTasks(lambda: len(self._open), stopping)

    def __len__(self) -> int:
        return len(self._open)

    @property
    def longest_s(self) -> float | None:
        """How long the longest completed task took; None before one was."""
        return self._longest_s

    def add(self, task: HeldTask) -> None:
        """Note a task that was handed out."""
        with self._lock:
            self._open.add(task)

    def settle(self, task: HeldTask, how: Settled) -> None:
        """Note how a task was settled."""
        match how:
            case Settled.COMPLETED:
                with self._lock:
                    self._longest_s = max(self._longest_s or 0.0, task.took_s)
                    self._failures_in_a_row = 0
                    if task.doubtful:
                        self._doubtful.add(task.number)
                self._let_go(task, waits=False)
            case Settled.RELEASED | Settled.RETRIED:
                self._let_go(task, waits=True)
            case Settled.HELD_BACK | Settled.FAILED:
                self._note_failure(task, held=how is Settled.HELD_BACK)

    def _note_failure(self, task: HeldTask, *, held: bool) -> None:
        with self._lock:
            # A repeated failure says something about the task, not about this machine.
            if task.advanced:
                self._failures_in_a_row = 0
            elif task.number not in self._has_failed:
                self._has_failed.add(task.number)
                self._failures_in_a_row += 1
            failures = self._failures_in_a_row
            if held:
                self._held_back.append(task)
            surplus = self._held_back[:-MAX_HELD]
        if not held:
            self._let_go(task, waits=True)
        self._reporter.wake(task)
        for oldest in surplus:
            oldest.retry()
        if failures >= self._halt_after:
            self._on_too_many(failures)

    def _let_go(self, task: HeldTask, *, waits: bool) -> None:
        """Forget a settled task, which may now wait for any worker."""
        self._reporter.drop(task)
        with self._lock:
            self._open.discard(task)
            if task in self._held_back:
                self._held_back.remove(task)
            # Both change at once for code that reads both: tasks held back, and tasks waiting.
            self.open_tasks.has_gone(waits=waits)

    def retry_failed(self) -> bool:
        """Set the tasks held back waiting again; return whether there were any."""
        with self._lock:
            held = list(self._held_back)
        for task in held:
            task.retry()
        return bool(held)

    def release(self, task: HeldTask) -> None:
        """Give a task back if it is open; errors are logged, not raised."""
        if task.settled is not None:
            return
        try:
            task.give_up()
        except TaskfarmError as trouble:
            if task.settled is None:  # else by another thread, as when a signal comes
                log.warning("task %d could not be given back: %s", task.number, trouble)

    def finish(self) -> None:
        """Give back open tasks, queue failed tasks for a retry, complete doubtful ones."""
        with self._lock:
            still_open = [task for task in self._open if task.settled is None]
        for task in still_open:
            self.release(task)
        self.retry_failed()
        self.complete_doubtful()

    def complete_doubtful(self) -> None:
        """Make sure that completed tasks with an unanswered report stay complete."""
        with self._lock:
            doubtful, self._doubtful = self._doubtful, set()
        for number in sorted(doubtful):
            self._requests.still_complete(number)
