"""The trial of `chunk="auto"`: the first items are computed where the work will run, and timed."""

from __future__ import annotations

import datetime
import secrets
import shutil
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import cast

import attrs

from taskfarm_sdk._caught import Caught, caught
from taskfarm_sdk._items.items import Items
from taskfarm_sdk._items.sizes import LONG_ITEM_S, auto_size
from taskfarm_sdk._pickles import pack_value
from taskfarm_sdk._processes.cpus import usable_cpus
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.places import Places
from taskfarm_sdk._results.reader import RecordReader
from taskfarm_sdk._results.record import Outcome
from taskfarm_sdk._results.writer import ResultsWriter
from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.execution.children.copies import EndCopies
from taskfarm_sdk.execution.executors.engines import Engine
from taskfarm_sdk.execution.function import packed, unpacked
from taskfarm_sdk.execution.mapping.item_function import Call, ItemFunction, failure_of
from taskfarm_sdk.execution.outcome import Failed
from taskfarm_sdk.execution.work_off import Place
from taskfarm_sdk.task import Task

# Long enough to time short items, short beside any work that chunks are of use for.
TRIAL_S = 0.5
MOST_ITEMS = 1_000
# They are all sent before the first is computed.
MOST_BYTES = 16 << 20
ATTEMPT = 1


def size_by_trial(
    folder: Folder, computes: ItemFunction, items: Items[object], place: Place, grace_s: float
) -> int:
    """Return how many items make a chunk, by the time that the first ones take.

    Their results are kept in the folder. An item of over 5 s is interrupted in a child process, and
    computed again; an executor goes on with it.

    Args:
        folder: the results folder.
        computes: the function.
        items: all items.
        place: where the work will run.
        grace_s: for the executor.

    Raises:
        ConfigurationError: the function cannot be sent to where it is to be computed.
        TaskfarmError: no process can compute there, or the folder cannot be written.
    """
    engine = place.engine(grace_s)
    with _kept_in(folder, computes) as kept:
        trial = _Trial(kept, computes, _first_of(items))
        if engine is None:
            _try_in_child(trial, place)
        else:
            _try_in_executor(trial, engine)
        durations_s = _durations_s(kept, len(trial.values))
    if not durations_s:
        return 1  # the first item takes long, failed, or ended its process
    workers = engine.loops if engine is not None else place.workers or usable_cpus()
    return auto_size(durations_s, len(items), workers)


@contextmanager
def _kept_in(folder: Folder, computes: ItemFunction) -> Generator[Folder]:
    """Return the folder that a trial's results are written to.

    Seeds are made of the run's UUID, and there is no run yet: what may have used one is not kept.
    """
    if not computes.pass_item or computes.seed is not None:
        yield folder
        return
    path = folder.path / f".trial-{secrets.token_hex(8)}"
    try:
        with Folder.create(path) as apart:
            yield apart
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _first_of(items: Items[object]) -> tuple[object, ...]:
    """Return the items to try, fewer if they are large."""
    first: list[object] = []
    size = 0
    for value in islice(items, MOST_ITEMS):
        first.append(value)
        # What cannot be pickled is told once all are packed.
        with suppress(Exception):
            size += len(pack_value(value))
        if size >= MOST_BYTES:
            break
    return tuple(first)


def _try_in_child(trial: _Trial, place: Place) -> None:
    from taskfarm_sdk.execution.children.pool import Pool
    from taskfarm_sdk.execution.children.script import pack

    with closing(Pool(pack(trial), 1, place.threads_per_task)) as pool:
        pool.start()
        timer = threading.Timer(LONG_ITEM_S, pool.interrupt, (TimeoutError(),))
        timer.start()
        try:
            outcome = pool.perform(Task(_TrialHandle()), 0)
        finally:
            timer.cancel()
    _raise_for(outcome.caught if isinstance(outcome, Failed) else None)


def _try_in_executor(trial: _Trial, engine: Engine) -> None:
    shipped = trial if engine.is_here else packed(trial).content
    future = engine.executor.submit(_run, shipped)
    try:
        fault = future.result(LONG_ITEM_S)
    except TimeoutError:
        future.cancel()
        return
    except BrokenExecutor as error:
        raise TaskfarmError(f"the executor broke as the first items were tried: {error}") from error
    _raise_for(fault)


def _run(shipped: _Trial | bytes) -> Caught | None:
    """Run a trial in an executor; return why it ended, if that was not the time."""
    try:
        trial = cast("_Trial", unpacked(shipped)) if isinstance(shipped, bytes) else shipped
        trial(Task(_TrialHandle()))
    except Exception as error:  # noqa: BLE001 - of unpickling, or of writing
        return caught(error, error.__traceback__)
    return None


def _raise_for(fault: Caught | None) -> None:
    if fault is not None:
        raise TaskfarmError(f"the first items cannot be computed: {fault.type}: {fault.text}")


def _durations_s(folder: Folder, most: int) -> list[float]:
    """Return how long each of the first items took that have a value."""
    places = Places(folder, most)
    places.read_on()
    durations_s: list[float] = []
    with RecordReader(folder) as reader:
        for number in range(most):
            place = places.place(number)
            if place is None or places.outcome(number) != Outcome.SUCCESS:
                break
            durations_s.append(reader.read(*place, number)[3])
    return durations_s


@attrs.frozen
class _Trial:
    """Computes the first items, for a while; can be pickled.

    Attributes:
        folder: the results folder.
        computes: the function.
        values: the first items.
    """

    folder: Folder
    computes: ItemFunction
    values: tuple[object, ...]

    def __call__(self, task: Task) -> None:
        """Compute items until the time is over.

        Raises:
            TaskfarmError: the folder cannot be written.
        """
        with closing(ResultsWriter(self.folder)) as writer:
            ends_at = time.monotonic() + TRIAL_S
            call = self.computes.caller(task, ATTEMPT)
            for number, value in enumerate(self.values):
                is_done = _compute(call, task, writer, number, value)
                if not is_done or time.monotonic() >= ends_at:
                    break


def _compute(call: Call, task: Task, writer: ResultsWriter, number: int, value: object) -> bool:
    """Compute an item; return whether it has a value."""
    began = time.monotonic()
    try:
        with EndCopies():
            returned = call(number, value)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it failed
        failure = failure_of(error, task)
        writer.failure(number, ATTEMPT, failure, time.monotonic() - began)
        return False
    return writer.success(number, ATTEMPT, returned, time.monotonic() - began) is None


@attrs.define
class _TrialHandle:
    """Stands for a task: the run is not there yet."""

    number: int = 0
    run_uuid: str = ""
    attempts: int = 0
    percent: float = 0.0
    started_at: datetime.datetime = attrs.field(factory=lambda: datetime.datetime.now(datetime.UTC))
    stop_requested: bool = False
    settled: str | None = None
    is_new: bool = True
    lost_items: tuple[int, ...] = ()
    interrupted: bool = True

    def begin_item(self, number: int, /) -> bool:  # noqa: ARG002 - a lost process ends the trial
        """Return whether an item may be computed."""
        return not self.stop_requested

    def end_items(self) -> None:
        """Do nothing: nothing was noted."""

    def ends_soon(self) -> bool:
        """Return False: what fails in the trial is tried again."""
        return False

    def report(self, percent: float) -> None:
        """Do nothing."""

    def keep(self, percent: float) -> None:
        """Do nothing."""

    def complete(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""

    def fail(
        self,
        reason: str,
        *,
        final: bool = False,
        exit_status: int | None = None,
        caught: Caught | None = None,
        advanced: bool = False,
        failed_items: Sequence[int] = (),
    ) -> None:
        """Do nothing: the items' outcomes are in the folder."""

    def leave(self, error: BaseException | None) -> None:
        """Do nothing."""
