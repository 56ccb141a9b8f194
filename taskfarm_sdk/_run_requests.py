"""The requests about a run that need no worker: its status, its tasks, and their resets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._flows import runs
from taskfarm_sdk._session.link import Link

# Imported where they are used: most commands and programs need few of them.
if TYPE_CHECKING:
    from taskfarm_sdk._models import RunStatus, TaskInfo, TaskState


@attrs.frozen
class RunRequests:
    """What `Run` is, but for the work on it."""

    _link: Link = attrs.field(repr=False, eq=False)
    uuid: str
    id: int
    num_tasks: int
    num_tasks_text: str = attrs.field(repr=False)

    def status(self) -> RunStatus:
        """Return the status of the run."""
        return self._link.drive(runs.status(self._link.session, self.uuid))

    def watch(
        self, poll_s: float = 2.0, *, timeout_s: float | None = None, progress: bool = False
    ) -> Iterator[RunStatus]:
        """Yield the status of the run, now and after every `poll_s`, until the run is finished.

        After the first answer, outages of the server are waited out, however long. Slow requests
        lengthen the pauses, up to 19 times the duration of the request.

        Args:
            poll_s: seconds between two looks, more than 0.
            timeout_s: how long to watch at most, 0 or more seconds; None watches without limit.
            progress: draw each status: in a notebook as an output that is replaced, on a terminal
                as a line of stderr, elsewhere not at all. Items are counted where tasks are chunks
                of several, as the note of a run that this user created tells.

        Raises:
            WaitTimeout: the time is over; its `run_status` says how the run stood last.
        """
        from taskfarm_sdk._flows import waiting

        _validation.flag("progress", progress)
        session = self._link.session
        statuses = self._link.stream(waiting.watch(session, self.uuid, poll_s, timeout_s))
        if not progress:
            return statuses
        from taskfarm_sdk import _bar, _run_notes

        return _bar.shown(statuses, _run_notes.chunks_of(self.uuid, self.num_tasks))

    def wait(
        self, timeout_s: float | None = None, *, poll_s: float = 2.0, check: bool = False
    ) -> RunStatus:
        """Wait until the run is finished, and return its status.

        Args:
            timeout_s: how long to wait at most, 0 or more seconds; None waits without limit,
                through outages of any length.
            poll_s: seconds between two looks, more than 0.
            check: raise if tasks failed, as `subprocess.run` would.

        Raises:
            WaitTimeout: the time is over; its `run_status` says how the run stood last.
            TasksFailed: `check` is set and some tasks failed; its `tasks` names them, and its
                `failures` say why, as far as this process saw it.
        """
        from taskfarm_sdk._flows import waiting

        session = self._link.session
        flow = waiting.wait(session, self.uuid, poll_s, timeout_s, check=check)
        return self._link.drive(flow)

    def task_info(self, number: int) -> TaskInfo:
        """Return the state of one task; claims nothing, and never creates the task.

        Args:
            number: 0 to num_tasks - 1.
        """
        from taskfarm_sdk._flows import tasks

        session = self._link.session
        return self._link.drive(tasks.info(session, self.uuid, self.num_tasks, number))

    def task_infos(self, state: TaskState | None = None) -> Iterator[TaskInfo]:
        """Yield the state of each task that exists, by number, with one request for each.

        Tasks are read about 32 at a time, with up to 8 requests under way; none is ever created.

        Args:
            state: only the tasks in this state: "waiting", "computing", "done" or "failed".
        """
        from taskfarm_sdk._flows import tasks

        session = self._link.session
        return self._link.stream(tasks.infos(session, self.uuid, self.num_tasks, state))

    def reset(self) -> None:
        """Set all computing tasks waiting, also those of live workers; finished tasks stay done.

        Also queues tasks that were set done below 100 %, including failed tasks. Tasks stuck
        computing at 100 % or without a number, which the server's own restart passes over, are
        looked for twice, 2 s apart, and start from 0.

        Raises:
            OutcomeUnknown: the reply to the restart was lost; resetting again does no harm.
        """
        from taskfarm_sdk._flows import resetting

        self._link.drive(resetting.reset(self._link.session, self.uuid, self.num_tasks))

    def reset_all(self) -> None:
        """Set every task waiting at 0 %, also the finished ones.

        In a run of `Farm.map` no item is computed anew that has a value in its folder; this holds
        for the other resets too.

        Raises:
            OutcomeUnknown: the reply was lost; see `status()`.
        """
        self._link.drive(runs.restart(self._link.session, self.uuid, everything=True))

    def reset_failed(self) -> int:
        """Set failed tasks waiting, from 0 % and with no attempts; others are not changed.

        Returns:
            The number of failed tasks.
        """
        from taskfarm_sdk._flows import resetting

        return self._link.drive(resetting.reset_failed(self._link.session, self.uuid))

    def reset_tasks(self, numbers: Iterable[int]) -> int:
        """Set these tasks waiting, from 0 % and with no attempts, whatever their state.

        Finished tasks are computed again. A task of a live worker may be computed twice.

        Args:
            numbers: 0 to num_tasks - 1, in any order; all are checked before anything is sent.

        Returns:
            The number of tasks set waiting, without those that already waited from 0 %.
        """
        from taskfarm_sdk._flows import resetting

        session = self._link.session
        flow = resetting.reset_tasks(session, self.uuid, self.num_tasks, numbers)
        return self._link.drive(flow)

    def repair(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Repair a broken run: create its missing tasks, so that the server hands out tasks again.

        A run is broken when workers raise `RunBroken`: another client read or wrote a task before
        its turn. A run that is not broken is refused and not changed. Stop all workers first, and
        repair the run from one program only. Two repairs that begin within a minute of each other
        are kept apart, and so is a later one that sees tasks being created; no other is.

        Sends one request for each task, one after the other. After an interruption, let workers
        compute the waiting tasks, and repair the run again when they find it broken.

        Args:
            progress: called after each task with the number of tasks handled, and num_tasks.

        Returns:
            The number of missing tasks.

        Raises:
            RunBroken: the run has more rows than tasks, before or afterwards; no repair helps.
            OutcomeUnknown: the reply to a hand-out that checks the run was lost; a task may now be
                marked computing without a worker.
            TaskfarmError: the run is not broken, or another program is repairing it.
        """
        from taskfarm_sdk._flows import repair

        session = self._link.session
        return self._link.drive(repair.repair(session, self.uuid, self.num_tasks, progress))

    def delete(self) -> None:
        """Delete the run and its tasks from the server."""
        self._link.drive(runs.delete(self._link.session, self.uuid))
