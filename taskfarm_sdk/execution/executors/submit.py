"""`Run.work` in the caller's executor: loops are submitted, waited for and recalled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import suppress
from itertools import islice

from taskfarm_sdk import _validation
from taskfarm_sdk._caught import describe
from taskfarm_sdk._failures import arrived
from taskfarm_sdk._flows import waiting
from taskfarm_sdk._logging import log
from taskfarm_sdk._processes.signals import SignalHandling
from taskfarm_sdk._session import request
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.execution.executors import dask, mpi
from taskfarm_sdk.execution.executors.engines import Engine, Processes, Threads
from taskfarm_sdk.execution.executors.loop import LoopEnd, LoopPayload, LoopSpec, loop
from taskfarm_sdk.execution.function import packed
from taskfarm_sdk.execution.pickling import warn_of_generators
from taskfarm_sdk.execution.work import Work

LOOK_EVERY_S = 0.5
# Naming open tasks takes a request for each task handed out so far.
NAMED_MOST = 5000
OFTEN = "usually because one of its processes was killed"

# In this order: the first that knows an executor.
ENGINES: tuple[tuple[Callable[[Executor], bool], type[Engine]], ...] = (
    (lambda executor: isinstance(executor, ThreadPoolExecutor), Threads),
    (lambda executor: isinstance(executor, ProcessPoolExecutor), Processes),
    (mpi.knows, mpi.Ranks),
    (dask.knows, dask.Cluster),
    (lambda _: True, Engine),
)


def engine_of(executor: object, workers: int | None, grace_s: float) -> Engine:
    """Return the engine of an executor, with the number of loops to run in it.

    Args:
        executor: the caller's.
        workers: how many; None for as many as can run at a time.
        grace_s: how long after a signal open tasks may go on computing.

    Raises:
        ConfigurationError: it is no executor, or would never run a loop, or the number is wrong
            or unknown.
    """
    if not isinstance(executor, Executor):
        raise ConfigurationError(
            "executor must be of concurrent.futures' kind, such as a ProcessPoolExecutor or a Dask "
            f"client's client.get_executor(), not a {type(executor).__name__}"
        )
    engine = next(kind for knows, kind in ENGINES if knows(executor))(executor)
    engine.refuse()
    engine.loops = _number_of_loops(engine, workers)
    engine.grace_s = _validation.seconds("grace_s", grace_s, zero=True)
    return engine


def refuse_threads(executor: object, threads_per_task: int | None) -> None:
    """Refuse a number of threads for processes that the SDK does not start.

    Raises:
        ConfigurationError: there is an executor, and a number.
    """
    if executor is not None and threads_per_task is not None:
        raise ConfigurationError(
            "threads_per_task is for child processes: with an executor, set OMP_NUM_THREADS where "
            "its processes are started"
        )


def _number_of_loops(engine: Engine, workers: int | None) -> int:
    if workers is not None:
        return _validation.at_least_one("workers", workers)
    size = engine.size()
    if size is None:
        raise ConfigurationError(
            f"{type(engine.executor).__name__} does not say how many tasks it computes at a time: "
            "give work() the number, workers=…"
        )
    return size


def by_executor(work: Work, engine: Engine) -> bool:
    """Compute with loops in an executor until no task is left for any of them.

    Returns:
        Whether one stopped before that, after too many failures in a row.
    """
    return _Loops(work, engine).run()


class _Loops:
    """The loops of one work."""

    def __init__(self, work: Work, engine: Engine) -> None:
        self._work = work
        self._engine = engine
        self._lost: list[str] = []
        self._is_told = self._is_recalled = False

    def run(self) -> bool:
        """Submit them, and wait for them; see `by_executor`."""
        engine = self._engine
        payload = _payload(self._work, engine)
        # Handle signals only after the start: forked processes would inherit the SDK's handlers.
        handling = SignalHandling(self._tell, lambda: None, engine.grace_here_s)
        try:
            self._submit(payload)
            handling.install()
            halted = self._all_done()
        except BrokenExecutor as error:
            raise _broken(self._work, f"the executor broke ({OFTEN}): {error}") from error
        except BaseException as error:
            self._recall()
            # Ctrl-C reaches all processes of the terminal.
            engine.all_told = isinstance(error, KeyboardInterrupt)
            engine.let_end()
            raise
        finally:
            engine.end_broken()
            handling.remove()
        if self._lost and not self._is_recalled and not self._work.status().finished:
            lost = f"{len(self._lost)} of {engine.loops} loops of this work were lost ({OFTEN})"
            raise _broken(self._work, f"{lost}: {self._lost[-1]}")
        return halted

    def _submit(self, payload: LoopPayload) -> None:
        engine = self._engine
        try:
            for index in range(engine.loops):
                engine.futures.append(engine.executor.submit(loop, index, payload))
        except RuntimeError as error:
            # All executors raise this then, each with its own text.
            if "after shutdown" not in str(error):
                raise
            raise ConfigurationError(
                f"the executor accepts no more work ({error}): give work() one that was not shut "
                "down"
            ) from error

    def _tell(self) -> None:
        # A signal handler may do only this: the rest takes locks that its own thread may hold.
        self._is_told = True

    def _recall(self) -> None:
        self._is_recalled = True
        self._engine.recall()

    def _all_done(self) -> bool:
        halted = False
        left = set(self._engine.futures)
        while left:
            done, left = wait(left, LOOK_EVERY_S, FIRST_COMPLETED)
            for future in done:
                halted |= self._result(future)
            if self._is_told and not self._is_recalled:
                self._recall()
            self._work.look()
        if self._is_recalled:
            self._engine.let_finish()
        return halted

    def _result(self, future: Future[LoopEnd]) -> bool:
        if future.cancelled():
            if not self._is_recalled:
                self._lost.append("the executor cancelled it")
            return False
        error = future.exception()
        if error is None:
            return self._see(future.result())
        if not self._engine.is_lost(error):
            raise error
        # Its tasks were given back, or others take them back: the work goes on.
        self._lost.append(describe(error))
        log.warning("a loop of run.work was lost: %s", describe(error))
        return False

    def _see(self, end: LoopEnd) -> bool:
        for failure in end.failures:
            self._work.link.session.shared.failures.add(arrived(failure))
        return end.halted


def _payload(work: Work, engine: Engine) -> LoopPayload:
    what = LoopSpec(work.make_worker, work.link, work.function, work.linger_s)
    work.make_worker()  # arguments that are wrong show here, before anything is sent
    if engine.is_here:
        return LoopPayload(engine.key, what, engine.find)
    # A function that cannot be pickled shows before a password is sent.
    warn_of_generators(packed(work.function).generators)
    if work.link.session.shared.token is None:
        work.link.drive(request.login(work.link.session))
    return LoopPayload(engine.key, packed(what).content, engine.find)


def _broken(work: Work, why: str) -> TaskfarmError:
    named = ""
    with suppress(TaskfarmError):  # the server may be what is in trouble
        named = _named(work)
    return TaskfarmError(
        f"{why}. {named}A new work() on run {work.uuid} with a new executor goes on, and takes "
        "back the tasks of lost workers",
        run=work.uuid,
    )


def _named(work: Work) -> str:
    status = work.status()
    if status.computing == 0:
        return ""
    if status.rows > NAMED_MOST:
        return f"Tasks that were open: {status.computing}. "
    infos = islice(work.computing(), status.computing)
    numbers = tuple(info.number for info in infos)
    return f"Tasks that were open: {waiting.shorten(numbers)}. "
