"""The thread of a worker that takes the next task, and completes the last, while one is computed.

It works for one iteration over the worker. The next task is taken only where the last one was
short, and given back where the current one proves long: while it waits for its turn nobody else can
have it, and it shows no sign of life.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar

from taskfarm_sdk._drive import Clock, StoppableClock, Stopped


class Completed(Protocol):
    """What the thread completes."""

    def send_completion(self, clock: Clock | None) -> None:
        """Complete it, and return when the server has it; the clock may end a wait."""
        ...


T = TypeVar("T", bound=Completed)


class Prefetcher(Generic[T]):
    """Takes and completes tasks ahead of whoever computes them, in order.

    Args:
        fetch: takes a task, if one is handed out; the clock may end its waits.
        give_back: gives a task back that was taken in vain; never raises.
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
        self._now = now
        self._long_after_s = long_after_s
        self._changed = threading.Condition()
        self._closing = threading.RLock()
        self._unsent: deque[T] = deque()
        self._fetched: T | None = None
        self._is_wanted = self._is_fetching = False
        self._is_short = False
        self._begun_at: float | None = None
        self._failure: BaseException | None = None
        self._no_more = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> T | None:
        """Return the next task, now that the current one is settled; None if none was fetched.

        Raises:
            TaskfarmError: an earlier task could not be completed, or no other could be taken.
        """
        with self._changed:
            if self._begun_at is not None:
                self._is_short = not self._is_long()
                self._begun_at = None
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
            self._begun_at = self._now()
            self._is_wanted = self._is_short and not self._no_more.is_set()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="taskfarm-prefetch", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def complete(self, task: T) -> None:
        """Complete a task in the background, after those that came before."""
        with self._changed:
            if task not in self._unsent:
                self._unsent.append(task)
            self._changed.notify_all()

    def stop(self) -> None:
        """Fetch nothing any more."""
        self._no_more.set()

    def close(self) -> None:
        """Complete what is left, here and now, and give back what was fetched.

        Raises:
            TaskfarmError: something could not be completed.
        """
        with self._closing:
            self.stop()
            with self._changed:
                self._ending.set()
                self._changed.notify_all()
            if self._thread is not None:
                self._thread.join()
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

    def _run(self) -> None:
        try:
            while (job := self._next_job()) is not None:
                job()
        except Stopped:
            pass  # `close` sees to the rest
        except BaseException as error:  # noqa: BLE001 - raised where the next task is taken
            self._failure = error
        finally:
            with self._changed:
                self._is_wanted = self._is_fetching = False
                self._changed.notify_all()

    def _next_job(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._ending.is_set():
                if self._unsent:
                    return self._send
                if self._is_wanted:
                    self._is_wanted, self._is_fetching = False, True
                    return self._fetch
                if self._fetched is not None and self._is_long():
                    task, self._fetched = self._fetched, None
                    return partial(self._give_back, task)
                self._changed.wait(self._long_in_s() if self._fetched is not None else None)
            return None

    def _send(self) -> None:
        self._unsent[0].send_completion(StoppableClock(self._ending))
        with self._changed:
            self._unsent.popleft()

    def _fetch(self) -> None:
        try:
            fetched = self._fetch_one(StoppableClock(self._no_more))
        except Stopped:
            fetched = None
        with self._changed:
            self._fetched, self._is_fetching = fetched, False
            self._changed.notify_all()

    def _long_in_s(self) -> float | None:
        if self._begun_at is None:
            return None
        return self._begun_at + self._long_after_s - self._now()

    def _is_long(self) -> bool:
        left_s = self._long_in_s()
        return left_s is not None and left_s <= 0
