"""The threads of a worker that claim the next task, and complete the last, while one is computed.

They work for one iteration over the worker. `_short_tasks` says when a task is taken ahead.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar

from taskfarm_sdk._sansio.clock import Clock, StoppableClock, Stopped
from taskfarm_sdk._worker.short_tasks import ShortTasks

# How many finished tasks may wait to be completed while another is claimed: a killed worker loses
# them.
UNSENT_MOST = 3


class Completed(Protocol):
    """What the thread completes."""

    def send_completion(self, clock: Clock | None) -> None:
        """Complete it, and return when the server has it; the clock may end a wait."""
        ...


T = TypeVar("T", bound=Completed)


class Prefetcher(Generic[T]):
    """Claims and completes tasks in the background, in order.

    Args:
        fetch: claims a task, if one is handed out; the clock may end its waits.
        give_back: gives back a task that was claimed in vain; never raises.
        now: the time, by the clock that tasks are measured by.
        long_after_s: from when on a task is long.
    """

    def __init__(
        self,
        fetch: Callable[[Clock], T | None],
        give_back: Callable[[T], None],
        now: Callable[[], float],
        long_after_s: float,
    ) -> None:
        self._fetch_one = fetch
        self._give_back = give_back
        self._tasks = ShortTasks(long_after_s, now)
        self._changed = threading.Condition()
        self._closing = threading.RLock()
        self._unsent: deque[T] = deque()
        self._fetched: T | None = None
        self._is_wanted = self._is_fetching = False
        self._failure: BaseException | None = None
        self._no_more = threading.Event()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def take(self) -> T | None:
        """Return the next task, now that the current one is settled; None if none was fetched.

        Raises:
            TaskfarmError: an earlier task could not be completed, or no other could be claimed.
        """
        with self._changed:
            self._tasks.end()
            self._changed.wait_for(
                lambda: self._failure is not None or not (self._is_wanted or self._is_fetching)
            )
            if self._failure is not None:
                raise self._failure
            task, self._fetched = self._fetched, None
            return task

    def begin(self) -> None:
        """Note that a task is computed from now on, and fetch the next meanwhile."""
        with self._changed:
            self._tasks.begin()
            self._is_wanted = self._tasks.may_claim_ahead and not self._no_more.is_set()
            if not self._threads:
                self._start()
            self._changed.notify_all()

    def _start(self) -> None:
        for name, next_job in (("prefetch", self._next_to_fetch), ("complete", self._next_to_send)):
            thread = threading.Thread(
                target=self._run, args=(next_job,), name=f"taskfarm-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def complete(self, task: T) -> None:
        """Complete a task in the background, after those that came before."""
        with self._changed:
            if task not in self._unsent:
                self._unsent.append(task)
            self._changed.notify_all()

    def stop(self) -> None:
        """Fetch no more tasks."""
        self._no_more.set()

    def close(self) -> None:
        """Complete the remaining tasks in this thread, and give back the fetched one.

        Raises:
            TaskfarmError: a task could not be completed.
        """
        with self._closing:
            self.stop()
            with self._changed:
                self._ending.set()
                self._changed.notify_all()
            for thread in self._threads:
                if thread.ident is not None:  # a signal may have come before its start
                    thread.join()
            if self._fetched is not None:
                self._give_back(self._fetched)
            self._send_all()

    def _send_all(self) -> None:
        failure: Exception | None = None
        # Left in its place until it is sent: an interruption comes here once more.
        while self._unsent:
            try:
                self._unsent[0].send_completion(None)
            except Exception as error:  # noqa: BLE001 - raised after the others had their turn
                failure = failure or error
            self._unsent.popleft()
        if failure is not None:
            raise failure

    def _run(self, next_job: Callable[[], Callable[[], None] | None]) -> None:
        try:
            while (job := next_job()) is not None:
                job()
        except Stopped:
            pass  # `close` sees to the rest
        except BaseException as error:  # noqa: BLE001 - raised where the next task is taken
            self._failure = error
        finally:
            with self._changed:
                self._is_wanted = self._is_fetching = False
                self._changed.notify_all()

    def _next_to_send(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._unsent or self._ending.is_set())
            return None if self._ending.is_set() else self._send

    def _next_to_fetch(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._ending.is_set():
                if self._is_wanted and len(self._unsent) <= UNSENT_MOST:
                    self._is_wanted, self._is_fetching = False, True
                    return self._fetch
                if self._fetched is not None and self._tasks.is_long:
                    task, self._fetched = self._fetched, None
                    return partial(self._give_back, task)
                self._changed.wait(None if self._fetched is None else self._tasks.long_in_s())
            return None

    def _send(self) -> None:
        self._unsent[0].send_completion(StoppableClock(self._ending))
        with self._changed:
            self._unsent.popleft()
            self._changed.notify_all()

    def _fetch(self) -> None:
        try:
            fetched = self._fetch_one(StoppableClock(self._no_more))
        except Stopped:
            fetched = None
        with self._changed:
            self._fetched, self._is_fetching = fetched, False
            self._changed.notify_all()
