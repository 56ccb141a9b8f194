"""`Run.work` in an executor of the caller's: loops that each take tasks, wherever they run.

A loop makes its worker where it runs, so that one which is lost and run again elsewhere is another
worker; loops in the same process share one. Which executor it is matters little: threads are given
the function as it is, and the processes of a pool are told when the work is cancelled.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing.process import BaseProcess
from typing import NamedTuple, cast

import attrs

from taskfarm_sdk import _asking, _checks, _waiting
from taskfarm_sdk._forks import renew_in_children
from taskfarm_sdk._link import Link
from taskfarm_sdk._session import log
from taskfarm_sdk._signals import Ending
from taskfarm_sdk.crew.functions import Function, described, explained, packed, unpacked
from taskfarm_sdk.crew.working import Work
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.task import Task
from taskfarm_sdk.worker import Worker

LOOK_EVERY_S = 0.5
# For so long processes that were told to end try to give their tasks back, and a little longer.
ENDED_WITHIN_S = 6.0
# What a signal told them by itself is begun by then.
TOLD_WITHIN_S = 0.5
# Naming open tasks takes a request for each task handed out so far.
NAMED_MOST = 5000


class What(NamedTuple):
    """What a loop does.

    Attributes:
        make_worker: makes its worker.
        link: what that talks to the server with.
        function: is called with each task.
        linger_s: for how long at most to stay with nothing to do.
    """

    make_worker: Callable[[], Worker]
    link: Link
    function: Function
    linger_s: float | None


@attrs.frozen
class Parcel:
    """What a loop is to do: as it is, or packed for another process.

    Attributes:
        key: the same for all loops of one work, and for no others.
    """

    key: str
    _content: What | bytes = attrs.field(repr=False)

    @property
    def has_travelled(self) -> bool:
        """Whether its connections are nobody else's."""
        return isinstance(self._content, bytes)

    def opened(self) -> What:
        """Return what is in it.

        Raises:
            TaskfarmError: it cannot be used here.
        """
        if not isinstance(self._content, bytes):
            return self._content
        try:
            return cast("What", unpacked(self._content))
        except Exception as error:
            raise TaskfarmError(
                f"the function cannot be used in process {os.getpid()} of the executor: "
                f"{described(error)}; what it needs must be importable there too"
            ) from error


class _Shared:
    """A worker that loops of one process share.

    Attributes:
        worker: it.
        loops: how many use it.
        limited: whether `linger_s` ended it.
    """

    def __init__(self, worker: Worker, own: Link | None) -> None:
        self.worker = worker
        self._own = own
        self.loops = 0
        self.limited = False
        self._busy = 0
        self._lock = threading.Lock()

    @contextmanager
    def next_task(self, linger_s: float | None) -> Generator[Task | None]:
        """Claim a task, and stay so long at most where there is none."""
        with self._impatient(linger_s):
            task = self.worker.claim()
        self._now_busy(1)
        try:
            yield task
        finally:
            self._now_busy(-1)

    def close(self) -> None:
        """Leave the worker, with the error that is being handled, if any."""
        try:
            self.worker.__exit__(*sys.exc_info())
        finally:
            if self._own is not None:
                self._own.wire.close()

    @contextmanager
    def _impatient(self, linger_s: float | None) -> Generator[None]:
        if linger_s is None:
            yield
            return
        timer = threading.Timer(linger_s, self._has_waited)
        timer.name = "taskfarm-linger"
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _has_waited(self) -> None:
        # With others at work here it stays: it will be their turn to wait.
        if self._busy == 0:
            self.limited = True
            self.worker.stop()

    def _now_busy(self, more: int) -> None:
        with self._lock:
            self._busy += more


class _Workers:
    """The workers of this process, by the key of their work."""

    def __init__(self) -> None:
        self.after_fork()
        renew_in_children(self)

    def after_fork(self) -> None:
        """Know none of the parent's."""
        self._lock = threading.Lock()
        self._shared: dict[str, _Shared] = {}

    @contextmanager
    def of(self, parcel: Parcel, what: What) -> Generator[_Shared]:
        """Share the worker of a work; who leaves last closes it."""
        key = parcel.key
        with self._lock:
            shared = self._shared.get(key)
            if shared is None:
                own = what.link if parcel.has_travelled else None
                shared = self._shared[key] = _Shared(what.make_worker(), own)
                shared.worker.__enter__()
            shared.loops += 1
        try:
            yield shared
        finally:
            with self._lock:
                shared.loops -= 1
                is_last = shared.loops == 0
                if is_last:
                    del self._shared[key]
            if is_last:
                shared.close()

    def stop(self, key: str) -> None:
        """Have the worker of a work claim nothing any more, if there is one here."""
        if (worker := self._worker(key)) is not None:
            worker.stop()

    def give_back(self, key: str) -> None:
        """Give back what the worker of a work has in hand, if there is one here."""
        if (worker := self._worker(key)) is not None:
            worker.hurry(KeyboardInterrupt())
            worker.close()

    def _worker(self, key: str) -> Worker | None:
        with self._lock:
            shared = self._shared.get(key)
        return None if shared is None else shared.worker


_workers = _Workers()


def loop(_index: int, parcel: Parcel) -> bool:
    """Take tasks until none is left; what executors run.

    Args:
        _index: tells loops apart for executors that run equal calls once.
        parcel: what to do.

    Returns:
        Whether it stopped before that, after too many failures in a row.
    """
    what = parcel.opened()
    with _workers.of(parcel, what) as shared:
        more = True
        while more:
            with shared.next_task(what.linger_s) as task:
                more = task is not None
                if task is not None:
                    _compute(what.function, task, shared.worker)
        return shared.worker.stopping and not shared.limited


def _compute(function: Function, task: Task, worker: Worker) -> None:
    with task:
        try:
            function(task)
        except (Exception, SystemExit) as error:
            # A signal's SystemExit ends the worker; a function's own is a failure of it.
            if isinstance(error, SystemExit) and worker.stopping:
                raise
            failure = explained(error)
            if task.settled:
                log.warning("after task %d was settled: %s", task.number, failure)
            else:
                task.fail(failure)


def by_executor(work: Work, executor: Executor, workers: int | None, grace_s: float) -> bool:
    """Compute with loops in an executor until nothing is left for any of them.

    Returns:
        Whether one stopped before that, after too many failures in a row.
    """
    size = _size(executor, workers)
    parcel = _parcel(work, executor)
    futures: list[Future[bool]] = []

    def cancel() -> None:
        for future in futures:
            future.cancel()
        _workers.stop(parcel.key)

    # Signals are handled from after the start on: forked processes begin with handlers of ours.
    # A pool's processes have a grace of their own.
    own_grace_s = 0.0 if isinstance(executor, ProcessPoolExecutor) else grace_s
    ending = Ending(cancel, lambda: None, own_grace_s)
    try:
        futures += [executor.submit(loop, index, parcel) for index in range(size)]
        ending.install()
        return _all_done(work, futures)
    except BrokenExecutor as error:
        raise _broken(work, error) from error
    except BaseException as error:
        cancel()
        if isinstance(executor, ThreadPoolExecutor):
            _let_threads_end(futures, parcel.key)
        elif isinstance(executor, ProcessPoolExecutor):
            # Ctrl-C reaches all processes of the terminal, and a second signal ends the grace.
            told_s = grace_s if isinstance(error, KeyboardInterrupt) else 0
            _let_processes_end(executor, futures, told_s, grace_s)
        raise
    finally:
        ending.remove()


def _all_done(work: Work, futures: Sequence[Future[bool]]) -> bool:
    halted = False
    left = set(futures)
    while left:
        done, left = wait(left, LOOK_EVERY_S, FIRST_COMPLETED)
        for future in done:
            halted |= _result(future)
        work.look()
    return halted


def _result(future: Future[bool]) -> bool:
    if future.cancelled():
        return False
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, Exception):
        raise error
    # A signal ended it there, and its task was given back. It is not ours to end of.
    log.warning("a loop of run.work was ended: %s", described(error))
    return False


def _size(executor: Executor, workers: int | None) -> int:
    if workers is not None:
        return _checks.at_least_one("workers", workers)
    if isinstance(executor, ThreadPoolExecutor | ProcessPoolExecutor):
        # Private, but there is no other way to ask; it has been there since Python 3.2.
        size = getattr(executor, "_max_workers", None)
        if isinstance(size, int):
            return size
    raise ConfigurationError(
        f"how many tasks {type(executor).__name__} can compute at a time is not known here: give "
        "work() the number, workers=…"
    )


def _parcel(work: Work, executor: Executor) -> Parcel:
    key = uuid.uuid4().hex
    what = What(work.make_worker, work.link, work.function, work.linger_s)
    work.make_worker()  # arguments that are wrong show here, before anything is sent
    if isinstance(executor, ThreadPoolExecutor):
        return Parcel(key, what)
    packed(work.function)  # what cannot travel shows before a password is sent
    if work.link.session.token is None:
        work.link.drive(_asking.login(work.link.session))
    return Parcel(key, packed(what))


def _let_threads_end(futures: Sequence[Future[bool]], key: str) -> None:
    # Python does not end before its threads' functions do, so their work may as well count.
    try:
        wait(futures)
    except BaseException:
        _workers.give_back(key)
        raise


def _let_processes_end(
    executor: ProcessPoolExecutor, futures: Sequence[Future[bool]], told_s: float, grace_s: float
) -> None:
    """Have the loops in a pool's processes give their tasks back, before the farm is closed."""
    if not wait(futures, told_s + TOLD_WITHIN_S).not_done:
        return
    # Private, but for methods of later Pythons: a loop can be reached by no other way.
    processes = cast("Mapping[int, BaseProcess] | None", getattr(executor, "_processes", None))
    for pid in list(processes or ()):
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    wait(futures, grace_s + ENDED_WITHIN_S)


def _broken(work: Work, error: BrokenExecutor) -> TaskfarmError:
    named = ""
    with suppress(TaskfarmError):  # the server may be what is in trouble
        named = _named(work)
    return TaskfarmError(
        f"the executor broke, most often since one of its processes was killed: {error}. {named}"
        f"A new work() on run {work.run.uuid} with a new executor goes on, and takes back what "
        "nobody computes any more",
        run=work.run.uuid,
    )


def _named(work: Work) -> str:
    status = work.run.status()
    if status.computing == 0:
        return ""
    if status.rows > NAMED_MOST:
        return f"{status.computing} tasks were open. "
    infos = islice(work.run.task_infos("computing"), status.computing)
    numbers = tuple(info.number for info in infos)
    return f"Tasks that were open: {_waiting.shorten(numbers)}. "
