"""Have tasks wait again that the server calls done, and whose items have no values."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from taskfarm_sdk._flows import resetting
from taskfarm_sdk._flows.tasks import is_failed
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._protocol.operations import TaskRow
from taskfarm_sdk._results import claim as claims
from taskfarm_sdk._results.index import Index
from taskfarm_sdk._session.link import Link
from taskfarm_sdk.execution.attempt_plan import is_hopeless, recorded_attempts


@attrs.define
class Reopening:
    """The tasks of a folder that wait again, each at most once for one work.

    A task that fails during this work has had its attempts, in this process or in another. But of
    one whose workers were killed again and again, whatever they computed, items may be left that
    nobody has tried.

    Attributes:
        link: the connections.
        uuid: the run's.
        chunks: the items of each task.
        index: which items have values; it tells the failures of this work from those before.
        halt_after: how many failures at the beginning of a chunk end an attempt at it.
        max_attempts: after how many attempts a chunk has failed for good.
    """

    link: Link
    uuid: str
    chunks: Chunks
    index: Index
    halt_after: int
    max_attempts: int
    _opened: set[int] = attrs.field(factory=set[int], init=False)

    def open_again(self, *, failed: bool, complete: bool) -> bool:
        """Set tasks with open items waiting; return whether there were any.

        Args:
            failed: whether to do so with all that have failed for good.
            complete: whether to do so with those that the server calls a success, and with those
                whose last attempts were cut short.

        Raises:
            TaskfarmError: the server cannot be told, or the folder cannot be used.
        """

        def choose(rows: Sequence[TaskRow]) -> list[TaskRow]:
            # The results of a task are on disk before it is done, so what is done is there now.
            self._wait_for([row for row in rows if complete and not (failed and is_failed(row))])
            return [row for row in rows if self._is_meant(row, failed=failed, complete=complete)]

        # Of several processes one decides at a time, and the next one sees what it did.
        with claims.alone_here(self.index.folder):
            self.index.read_on()
            tasks = [task for task in self.index.open_tasks(self.chunks) if self._may_be(task)]
            if not tasks:
                return False
            opened = self.link.drive(
                resetting.reopen(self.link.session, self.uuid, self.chunks.tasks, tasks, choose)
            )
        self._opened.update(opened)
        return bool(opened)

    def _is_meant(self, row: TaskRow, *, failed: bool, complete: bool) -> bool:
        if not self.index.open_in(self.chunks.of(row.number)):
            return False
        if is_failed(row):
            return (failed and self._has_not_failed_here(row.number)) or (
                complete and self._was_cut_short(row.number)
            )
        return complete and self._has_not_failed_here(row.number)

    def _may_be(self, task: int) -> bool:
        if task in self._opened:
            return False
        return self._has_not_failed_here(task) or self._was_cut_short(task)

    def _has_not_failed_here(self, task: int) -> bool:
        return not self.index.has_failed_anew(self.chunks.of(task))

    def _was_cut_short(self, task: int) -> bool:
        """Return whether a failed task has items that no attempt gave up on."""
        items, index = self.chunks.of(task), self.index
        unsettled = index.num_unsettled_in(items, recorded_attempts(self.max_attempts))
        done = index.num_done_in(items)
        failed = len(items) - index.num_untried_in(items) - done
        given_up = is_hopeless(failed, advanced=done > 0, halt_after=self.halt_after)
        seen = self.link.session.shared.failures.of(self.uuid, (task,))
        return unsettled > 0 and not given_up and not seen

    def _wait_for(self, rows: Sequence[TaskRow]) -> None:
        """Read on; on a network file system, until the values of tasks are there or not late."""
        open_items = [
            item for row in rows for item in self.index.open_in(self.chunks.of(row.number))
        ]
        self.index.wait_for([item for item in open_items if not self.index.has_failed(item)])
