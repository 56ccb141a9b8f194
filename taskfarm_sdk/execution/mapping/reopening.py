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


@attrs.define
class Reopening:
    """The tasks of a folder that wait again, each at most once for one work.

    A task that fails during this work has had its attempts, in this process or in another.

    Attributes:
        link: the connections.
        uuid: the run's.
        chunks: the items of each task.
        index: which items have values; it tells the failures of this work from those before.
    """

    link: Link
    uuid: str
    chunks: Chunks
    index: Index
    _opened: set[int] = attrs.field(factory=set[int], init=False)

    def open_again(self, *, failed: bool, complete: bool) -> bool:
        """Set tasks with open items waiting; return whether there were any.

        Args:
            failed: whether to do so with those that have failed for good.
            complete: whether to do so with those that the server calls a success.

        Raises:
            TaskfarmError: the server cannot be told, or the folder cannot be used.
        """

        def choose(rows: Sequence[TaskRow]) -> list[TaskRow]:
            # The results of a task are on disk before it is done, so what is done is there now.
            self._wait_for([row for row in rows if complete and not (failed and is_failed(row))])
            meant = [row for row in rows if (failed if is_failed(row) else complete)]
            return [row for row in meant if self._may_open(row.number)]

        # Of several processes one decides at a time, and the next one sees what it did.
        with claims.alone_here(self.index.folder):
            self.index.read_on()
            tasks = [task for task in self.index.open_tasks(self.chunks) if self._may_open(task)]
            if not tasks:
                return False
            opened = self.link.drive(
                resetting.reopen(self.link.session, self.uuid, self.chunks.tasks, tasks, choose)
            )
        self._opened.update(opened)
        return bool(opened)

    def _may_open(self, task: int) -> bool:
        items = self.chunks.of(task)
        return (
            task not in self._opened
            and not self.index.has_failed_anew(items)
            and bool(self.index.open_in(items))
        )

    def _wait_for(self, rows: Sequence[TaskRow]) -> None:
        """Read on; on a network file system, until the values of tasks are there or not late."""
        open_items = [
            item for row in rows for item in self.index.open_in(self.chunks.of(row.number))
        ]
        self.index.wait_for([item for item in open_items if not self.index.has_failed(item)])
