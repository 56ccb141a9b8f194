"""The function that `Farm.map` has called with each task: it computes the items of its chunk."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic

from taskfarm_sdk._caught import Caught
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._processes.forks import renew_in_children
from taskfarm_sdk._results.index import Index
from taskfarm_sdk.errors import TaskfarmError
from taskfarm_sdk.execution.attempt_plan import in_order, is_hopeless, reason
from taskfarm_sdk.execution.children.copies import end_copy
from taskfarm_sdk.execution.mapping.item_function import ItemFunction, failure_of
from taskfarm_sdk.execution.mapping.workplace import Workplace, workplaces
from taskfarm_sdk.task import Task, handle_of

# The percentage is for people, who look seldom: no item waits for it.
REPORT_EVERY_S = 0.5
ENDED = Caught("ProcessEnded", "its process ended while it was computed", "")


class ChunkFunction:
    """Computes chunks of a run, in any process; can be pickled.

    Args:
        computes: the user's function.
        index: which items have values, as far as it was read before the work.
        chunks: the items of each task.
        halt_after: how many failures at the beginning of a chunk end an attempt at it.
        max_attempts: after how many attempts a chunk has failed for good.
    """

    def __init__(
        self,
        computes: ItemFunction,
        index: Index,
        chunks: Chunks,
        halt_after: int,
        max_attempts: int,
    ) -> None:
        self.computes = computes
        self.chunks = chunks
        self.halt_after = halt_after
        self.max_attempts = max_attempts
        self._index = index
        self._place: Workplace | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_place": None}

    def __call__(self, task: Task) -> None:
        """Compute the open items of a task, and settle it unless it is to be completed.

        Raises:
            TaskfarmError: the results cannot be written, or the items cannot be read.
        """
        place = self._workplace(task.run_uuid)
        handle = handle_of(task)
        # A task that nobody had before has nothing that this process does not know of.
        if not handle.is_new or handle.lost_items:
            place.index.read_on()
        _Attempt(self, place, task).run()

    def lost_item(self, task: Task, item: int, why: str) -> None:
        """Record the failure of an item that ended its process, in the process that saw it.

        One whose value is there did not: the process ended before it began the next.
        """
        place = self._workplace(task.run_uuid)
        place.index.read_on()
        if place.index.is_done(item):
            return
        attempt = _number(place.index, item, task.attempts + 1)
        failure = Caught("ProcessEnded", why, "")
        final = task.attempts + 1 >= self.max_attempts
        place.writer.failure(item, attempt, failure, 0.0, final=final)
        place.writer.sync()

    def _workplace(self, run_uuid: str) -> Workplace:
        # Kept, for the registry forgets a workplace that nobody uses.
        if self._place is None:
            self._place = workplaces.of(self._index, run_uuid)
        return self._place


class _Attempt:
    """An attempt at one chunk."""

    def __init__(self, spec: ChunkFunction, place: Workplace, task: Task) -> None:
        self._spec = spec
        self._place = place
        self._task = task
        self._handle = handle_of(task)
        self._attempt = task.attempts + 1
        # Its process may have died of one of its items, which is to be known the next time.
        # One that was only asked to end is at fault for nothing.
        self._is_suspect = self._attempt > 1 or bool(self._handle.lost_items)
        self._call = spec.computes.caller(task, self._attempt)
        self._writer = place.writer
        self._is_last = self._attempt >= spec.max_attempts
        self._items = spec.chunks.of(task.number)
        self._open = place.index.open_in(self._items)
        self._done = len(self._items) - len(self._open)
        # One that has a value was only the last before its process ended.
        lost = self._handle.lost_items
        self._failed: list[int] = [item for item in lost if not place.index.is_done(item)]
        # The attempts at items that failed before: their number may be higher than the task's.
        self._numbers: dict[int, int] = {}
        self._first_failure: Caught | None = None
        self._report_at = monotonic() + REPORT_EVERY_S
        self._is_copy = False
        renew_in_children(self)

    def after_fork(self) -> None:
        """Note that this process is a copy that the user's function forked."""
        self._is_copy = True

    def run(self) -> None:
        """Compute the items, have the results on disk, and settle the task."""
        try:
            untried = self._compute_all()
        except BaseException:
            # What interrupts an item must not cost those before it.
            with suppress(TaskfarmError):
                self._writer.flush()
            raise
        finally:
            self._handle.end_items()
        self._writer.sync()
        if untried is None:
            self._task.release()
        elif self._failed:
            self._handle.fail(
                reason(self._failed, len(self._items), untried=untried),
                caught=self._first_failure,
                advanced=self._done > 0,
                failed_items=self._failed,
            )

    def _compute_all(self) -> int | None:
        """Compute the open items; return how many were not tried, None if the worker stops."""
        index = self._place.index
        failed = index.failed_in(self._items)
        self._numbers = {item: _number(index, item, self._attempt) for item in failed}
        order = in_order(
            self._open,
            # Only what ended the first attempt's process has left no record of it.
            attempts=1 if self._task.attempts == 1 else 0,
            failed=failed,
            skipped=self._handle.lost_items,
        )
        values = self._place.items.chunk(self._task.number) if order else []
        first, begin_item = self._items.start, self._handle.begin_item
        for place, item in enumerate(order):
            if self._failed and self._is_hopeless():
                return len(order) - place
            if not begin_item(item):
                return None
            if not self._compute(item, values[item - first]):
                return None
        return 0

    def _is_hopeless(self) -> bool:
        return is_hopeless(
            len(self._failed), advanced=self._done > 0, halt_after=self._spec.halt_after
        )

    def _compute(self, item: int, value: object) -> bool:
        """Compute an item and record what came of it; return False if the worker stops."""
        number = self._numbers.get(item, self._attempt) if self._numbers else self._attempt
        if self._is_suspect:
            # Of an earlier attempt, so that whatever is recorded of this one counts instead.
            earlier = min(self._place.index.failed_attempts(item) + 1, number - 1)
            self._writer.failure(item, max(earlier, 1), ENDED, 0.0)
            self._writer.flush()
        # A million small items spend their time here: no call that can be left out.
        began = monotonic()
        failure: Caught | None = None
        returned: object = None
        try:
            returned = self._call(item, value)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it failed
            if self._is_copy:
                end_copy(error)
            failure = failure_of(error, self._task)
        if self._is_copy:
            # The process that forked it has a value of its own, and goes on with the next item.
            end_copy(None)
        ended = monotonic()
        if failure is None:
            failure = self._keep(item, number, returned, ended - began)
        elif self._handle.ends_soon():
            # What asked this process to end asked the programs that the function ran as well.
            return False
        else:
            self._writer.failure(item, number, failure, ended - began, final=self._is_last)
        if failure is None:
            self._done += 1
        else:
            self._failed.append(item)
            self._first_failure = self._first_failure or failure
        if ended >= self._report_at:
            self._report_at = ended + REPORT_EVERY_S
            self._task.update(100 * self._done / len(self._items))
        return True

    def _keep(self, item: int, number: int, returned: object, took_s: float) -> Caught | None:
        """Record what the function returned; return why that failed, if it did."""
        is_last, writer = self._is_last, self._writer
        try:
            return writer.success(item, number, returned, took_s, final=is_last)
        except Exception:
            raise  # the folder cannot be written
        except BaseException as error:  # noqa: BLE001 - of a class that was asked how it is pickled
            failure = failure_of(error, self._task)
        writer.failure(item, number, failure, took_s, final=is_last)
        return failure


def _number(index: Index, item: int, attempt: int) -> int:
    """Return which attempt at an item an attempt at its task is, also after a reset."""
    return max(attempt, index.failed_attempts(item) + 1)
