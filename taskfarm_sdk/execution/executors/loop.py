"""The loop that runs in the caller's executor: it computes tasks until none is left.

A loop creates its worker where it runs, so that a loop that is lost and run again elsewhere gets a
new worker; loops in the same process share one. Threads get the function itself, other executors a
pickled copy.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple, cast

import attrs

from taskfarm_sdk._caught import describe
from taskfarm_sdk._failures import SeenFailure
from taskfarm_sdk._logging import log
from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._session.link import Link
from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.execution.executors.cancellation import CancelWatcher, Poll
from taskfarm_sdk.execution.function import Function, caught_in, explained, never_run, unpacked
from taskfarm_sdk.hidden import Veil
from taskfarm_sdk.task import Task, handle_of
from taskfarm_sdk.worker import Worker, core_of

# How often to look whether a claim that takes long has its answer.
LOOK_EVERY_S = 0.1


class LoopLost(Exception):
    """A loop ended early, because its process was told to end."""


class LoopSpec(NamedTuple):
    """The work of a loop.

    Attributes:
        make_worker: makes its worker.
        link: the worker's connections.
        function: called with each task.
        linger_s: how long at most to stay without a task.
    """

    make_worker: Callable[[], Worker]
    link: Link
    function: Function
    linger_s: float | None


@attrs.frozen
class LoopPayload:
    """The work of a loop: as it is, or packed for another process.

    Attributes:
        key: the same for all loops of one work, and for no others.
        find: makes the poll of a loop's cancel requests, in its thread; None if it cannot ask.
    """

    key: str
    _content: LoopSpec | bytes = attrs.field(repr=False)
    find: Callable[[str], Poll | None]

    @property
    def has_travelled(self) -> bool:
        """Whether no other code uses its connections."""
        return isinstance(self._content, bytes)

    def opened(self) -> LoopSpec:
        """Return the work in it.

        Raises:
            TaskfarmError: it cannot be used here.
        """
        if not isinstance(self._content, bytes):
            return self._content
        try:
            # Below, what came holds the token of the link.
            with Veil():
                return cast("LoopSpec", unpacked(self._content))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise TaskfarmError(
                f"the function cannot be used in process {os.getpid()} of the executor: "
                f"{describe(error)}; what it needs must be importable there too"
            ) from error


class _Shared:
    """A worker that loops of one process share.

    Attributes:
        worker: the worker.
        watch: polls whether its loops are to go on.
        loops: how many use it.
        excused: whether it was stopped for a reason other than failures.
        gave_back: whether it gave back its open tasks because its process was to end.
    """

    def __init__(self, worker: Worker, own: Link | None) -> None:
        self.worker = worker
        self.watch = CancelWatcher(self.stop, self.give_back)
        self._own = own
        self.loops = 0
        self.excused = self.gave_back = False
        self._busy = 0
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Make it claim no more tasks."""
        self.excused = True
        self.worker.stop()

    def give_back(self) -> None:
        """Give back its open tasks."""
        self.gave_back = True
        core_of(self.worker).hurry_for(KeyboardInterrupt())
        self.worker.close()

    @contextmanager
    def next_task(self, linger_s: float | None) -> Generator[Task | None]:
        """Claim a task, and stay for at most `linger_s` if there is none."""
        with self._impatient(linger_s):
            task = self.worker.claim()
        self._now_busy(1)
        try:
            yield task
        finally:
            self._now_busy(-1)

    def take_failures(self) -> tuple[SeenFailure, ...]:
        """Return the failures since the last call, if the caller's process cannot see them."""
        return () if self._own is None else tuple(self._own.session.shared.failures.take())

    def close(self) -> None:
        """Leave the worker, with the error that is being handled, if any."""
        try:
            self.watch.close()
            self.worker.__exit__(*sys.exc_info())
        finally:
            if self._own is not None:
                self._own.wire.close()

    @contextmanager
    def _impatient(self, linger_s: float | None) -> Generator[None]:
        if linger_s is None:
            yield
            return
        claimed = threading.Event()
        threading.Thread(
            target=self._stop_after, args=(linger_s, claimed), name="taskfarm-linger", daemon=True
        ).start()
        try:
            yield
        finally:
            claimed.set()

    def _stop_after(self, linger_s: float, claimed: threading.Event) -> None:
        vain, since = core_of(self.worker).vain, time.monotonic()
        left_s = linger_s
        while not claimed.wait(left_s):
            # With others at work here it stays: it will be their turn to wait.
            if self._busy:
                return
            idle_s = vain.idle_s(since)
            if idle_s is not None and idle_s >= linger_s:
                self.stop()
                return
            left_s = max(linger_s - (idle_s or 0.0), LOOK_EVERY_S)

    def _now_busy(self, more: int) -> None:
        with self._lock:
            self._busy += more


class Workers:
    """The workers of this process, by the key of their work."""

    def __init__(self) -> None:
        self.after_fork()
        renew_in_children(self)

    def after_fork(self) -> None:
        """Forget the parent's workers."""
        self._lock = threading.Lock()
        self._shared: dict[str, _Shared] = {}

    @contextmanager
    def of(self, payload: LoopPayload, spec: LoopSpec) -> Generator[_Shared]:
        """Share the worker of a work; the last loop to leave closes it."""
        key = payload.key
        with self._lock:
            shared = self._shared.get(key)
            if shared is None:
                own = spec.link if payload.has_travelled else None
                shared = self._shared[key] = _Shared(spec.make_worker(), own)
                shared.worker.__enter__()
            shared.loops += 1
        try:
            with _asking(shared.watch, payload.find(key)):
                yield shared
        finally:
            with self._lock:
                shared.loops -= 1
                is_last = shared.loops == 0
                if is_last:
                    del self._shared[key]
            if is_last:
                shared.close()

    def are_at_work(self, key: str) -> bool:
        """Return whether there is a worker of a work here."""
        return self._get(key) is not None

    def stop(self, key: str) -> None:
        """Make the worker of a work claim no more tasks, if there is one here."""
        if (shared := self._get(key)) is not None:
            shared.stop()

    def give_back(self, key: str) -> None:
        """Give back the open tasks of a work's worker, if there is one here."""
        if (shared := self._get(key)) is not None:
            shared.give_back()

    def _get(self, key: str) -> _Shared | None:
        with self._lock:
            return self._shared.get(key)


workers: Workers = Workers()


def workers_at_work(key: str) -> bool:
    """Return whether this process has a worker of a work; other processes are sent this call."""
    return workers.are_at_work(key)


@contextmanager
def _asking(watch: CancelWatcher, poll: Poll | None) -> Generator[None]:
    if poll is None:
        yield
        return
    watch.add(poll)
    try:
        yield
    finally:
        watch.remove(poll)


@attrs.frozen
class LoopEnd:
    """The result of a loop.

    Attributes:
        halted: whether it stopped before the last task, after too many failures in a row.
        failures: the failures of its process that no other loop has returned, unless the process
            is the caller's.
    """

    halted: bool
    failures: tuple[SeenFailure, ...] = ()


def loop(_index: int, payload: LoopPayload) -> LoopEnd:
    """Compute tasks until none is left; executors run this function.

    Args:
        _index: tells loops apart for executors that run equal calls once.
        payload: the work.

    Raises:
        LoopLost: the loop stopped early, because its process is to end.
    """
    spec = payload.opened()
    with workers.of(payload, spec) as shared:
        more = True
        while more:
            with shared.next_task(spec.linger_s) as task:
                more = task is not None
                if task is not None:
                    _compute(spec.function, task, shared.worker, travels=payload.has_travelled)
        if shared.gave_back:
            raise LoopLost(f"process {os.getpid()} was told to end")
        halted = shared.worker.stopping and not shared.excused
        return LoopEnd(halted, shared.take_failures())


def _compute(function: Function, task: Task, worker: Worker, *, travels: bool) -> None:
    with task:
        failure: BaseException | None
        try:
            failure = never_run(function(task))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it failed
            failure = error
        if failure is None:
            return
        # No other thread gets signals.
        if isinstance(failure, KeyboardInterrupt) and handle_of(task).interrupted:
            raise failure
        leaves = isinstance(failure, SystemExit) and worker.stopping
        if leaves and threading.current_thread() is threading.main_thread():
            raise failure  # a signal's, which ends the process
        if task.settled:
            log.warning("after task %d was settled: %s", task.number, explained(failure))
        elif leaves:
            task.release()  # a thread has only others' processes to end, as workers of Dask's
        else:
            caught = caught_in(failure, travels=travels)
            handle_of(task).fail(caught.explained, caught=caught)
