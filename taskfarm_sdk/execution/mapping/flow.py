"""The work on a results folder, from its beginning to the results that are returned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from taskfarm_sdk import _failures, _run_notes
from taskfarm_sdk._caught import caught
from taskfarm_sdk._flows import runs
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._models import RunStatus, TaskFailure, counted
from taskfarm_sdk._results.folder import Folder
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._results.order import Order
from taskfarm_sdk._results.results import Results, results_of
from taskfarm_sdk._session.link import Link
from taskfarm_sdk._worker.options import WorkerOptions
from taskfarm_sdk.errors import ItemsFailed, RunNotFound
from taskfarm_sdk.execution.attempt_plan import listed
from taskfarm_sdk.execution.mapping.chunk_function import ChunkFunction
from taskfarm_sdk.execution.mapping.item_function import ItemFunction
from taskfarm_sdk.execution.mapping.reopening import Reopening
from taskfarm_sdk.execution.work import Work
from taskfarm_sdk.execution.work_off import Place, Request, compute

# Of many failed items an error describes so many.
DESCRIBED_MOST = 100


@attrs.frozen(kw_only=True)
class Mapping:
    """The work on a folder that a caller asks for.

    Attributes:
        link: the connections.
        folder: the results folder, open.
        order: what it is for.
        computes: the function.
        options: of the workers.
        place: where to compute.
        tell: called with the run's status; None for no call.
        linger_s: how long at most to stay without a task; None for as long as it takes.
        retry_failed: whether items of a finished run that failed are tried again.
    """

    link: Link
    folder: Folder
    order: Order
    computes: ItemFunction
    options: WorkerOptions
    place: Place
    tell: Callable[[RunStatus], None] | None
    linger_s: float | None
    retry_failed: bool

    @property
    def chunks(self) -> Chunks:
        """The items of each task."""
        return Chunks(self.order.num_items, self.order.num_tasks)

    def request(self, function: ChunkFunction) -> Request:
        """Return the work on the run."""
        return Request(
            link=self.link,
            uuid=self.order.run_uuid,
            num_tasks=self.order.num_tasks,
            function=function,
            tell=self.tell,
            linger_s=self.linger_s,
        )


def map_items(mapping: Mapping, *, check: bool) -> Results[Any]:
    """Compute the open items of a folder, and return the results.

    Args:
        mapping: what is asked for.
        check: whether to raise an error if items failed or the work stopped early.

    Raises:
        ItemsFailed: the run is finished, and some items have no value.
        TooManyFailures: too many tasks in a row failed.
        TaskfarmError: see `Farm.map`.
    """
    index = Index(mapping.folder, mapping.order.num_items)
    index.read_on()
    index.begin()
    results = results_of(mapping.folder, mapping.order)
    try:
        status, work, halted = _worked_off(mapping, index)
    except RunNotFound as error:
        _run_notes.forget(mapping.order.run_uuid)
        raise _deleted(mapping, index) from error
    if status.finished and index.num_done == index.num_items:
        _run_notes.note_finished(mapping.order.run_uuid)
    if not check:
        return results
    if halted and not status.finished:
        raise work.halted()
    if status.finished and index.num_done < index.num_items:
        raise _failed(mapping, status, index, results)
    return results


def _worked_off(mapping: Mapping, index: Index) -> tuple[RunStatus, Work, bool]:
    """Work until the run is finished and each open item was tried, or this process is to stop."""
    uuid = mapping.order.run_uuid
    function = ChunkFunction(
        mapping.computes,
        index,
        mapping.chunks,
        mapping.options.halt_after,
        mapping.options.max_attempts,
    )
    place = attrs.evolve(mapping.place, on_lost_item=function.lost_item)
    request = mapping.request(function)
    status = mapping.link.drive(runs.status(mapping.link.session, uuid))
    reopening = Reopening(
        mapping.link,
        uuid,
        mapping.chunks,
        index,
        mapping.options.halt_after,
        mapping.options.max_attempts,
    )
    if status.finished:
        # Not while others are at work: of a fleet's workers each would try anew what failed.
        reopening.open_again(failed=mapping.retry_failed, complete=True)
    while True:
        work, halted = compute(request, mapping.options, place)
        status = work.status()
        work.report(status)
        if not status.finished or halted:
            break
        # The server calls them done; the folder knows better.
        if not reopening.open_again(failed=False, complete=True):
            break
    index.read_on()
    return status, work, halted


def _failed(
    mapping: Mapping, status: RunStatus, index: Index, results: Results[Any]
) -> ItemsFailed:
    chunks = mapping.chunks
    failed = index.failed
    missing = [
        item
        for task in index.open_tasks(chunks)
        for item in index.open_in(chunks.of(task))
        if not index.has_failed(item)
    ]
    failures = [_described(results, chunks, item) for item in failed[:DESCRIBED_MOST]]
    parts = [_named(failed, chunks)] if failed else []
    if missing:
        parts.append(f"{counted(len(missing), 'item')} not computed: {listed(missing)}")
    seen = mapping.link.session.shared.failures.of(mapping.order.run_uuid)
    why = f". The first failure: {failures[0][0]}" if failures else _failures.newest(seen)
    error = ItemsFailed(
        f"of {counted(len(results), 'item')} of run {mapping.order.run_uuid}, {'; '.join(parts)}; "
        f"the others have results in '{mapping.folder.path}': `results(folder)` reads them, and "
        f"mapping again computes what is left{why}",
        run=mapping.order.run_uuid,
        tasks=tuple(index.open_tasks(chunks)),
        run_status=status,
        failures=tuple(failure for failure, _ in failures) or _failures.records(seen),
        items=tuple(failed),
        missing=tuple(missing),
    )
    error.__cause__ = failures[0][1] if failures else _failures.cause(seen)
    return error


def _named(failed: list[int], chunks: Chunks) -> str:
    said = f"{counted(len(failed), 'item')} failed: {listed(failed)}"
    if chunks.size == 1:
        return said
    # A few items that fail are many tasks: without both numbers, the server's count alarms.
    tasks = len({item // chunks.size for item in failed})
    return f"{said} (in {tasks} of {counted(chunks.tasks, 'task')})"


def _described(
    results: Results[Any], chunks: Chunks, item: int
) -> tuple[TaskFailure, BaseException | None]:
    result = results[item]
    error = result.error
    failure = TaskFailure(
        task=chunks.task_of(item),
        attempt=result.attempts,
        type=getattr(error, "type_name", None) or type(error).__name__,
        # Its class may raise, or return gigabytes.
        text="" if error is None else caught(error, None).text,
        item=item,
    )
    return failure, error


def _deleted(mapping: Mapping, index: Index) -> RunNotFound:
    return RunNotFound(
        f"run {mapping.order.run_uuid} of '{mapping.folder.path}' was deleted on the server, so "
        f"the work cannot go on; {index.num_done:,} of {index.num_items:,} items have results "
        "there, which `taskfarm_sdk.results(folder)` reads. Compute the others in another folder",
        run=mapping.order.run_uuid,
    )
