"""A chunk: the commands of a task's items, run one after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskfarm_cli.common.exit_status import CommandError
from taskfarm_cli.work.commands import faults
from taskfarm_sdk.execution.parts import (
    ChunkPosition,
    Completed,
    Deadline,
    Failed,
    Outcome,
    Released,
    in_order,
    is_hopeless,
    reason_of_chunk,
)

if TYPE_CHECKING:
    from taskfarm_cli.work.commands.open_items import OpenItems
    from taskfarm_cli.work.commands.output import Sink
    from taskfarm_cli.work.commands.runner import CommandRunner
    from taskfarm_cli.work.plan import Plan
    from taskfarm_sdk import Task


class ChunkRunner:
    """Computes the chunks of a run.

    Args:
        runner: runs the command of an item.
        plan: makes the jobs of the items.
        num_tasks: how many tasks the run has.
        sink: keeps what the commands write.
        open_items: which items the folder of the output has no success of; None without such a
            folder: then the position in the task's percentage says it.
        deadline: when the time for the work is over, and how long items take.
    """

    def __init__(
        self,
        runner: CommandRunner,
        plan: Plan,
        num_tasks: int,
        *,
        sink: Sink,
        open_items: OpenItems | None,
        deadline: Deadline,
    ) -> None:
        self.runner = runner
        self.plan = plan
        self.chunks = plan.chunks(num_tasks)
        self.open_items = open_items
        self.deadline = deadline
        self._sink = sink

    def perform(self, task: Task, slot: int) -> Outcome:
        """Run the commands of a task's open items, and return the outcome; for a `Dispatcher`.

        Raises:
            OSError: what a command wrote cannot be passed on.
            CommandError: what was kept may be lost.
        """
        try:
            attempt = _Attempt(self, task, slot)
        except OSError as error:
            return faults.after_look(error)
        outcome = attempt.run()
        # What the server calls done is on the disk, and whoever gets the task next can see what is.
        self._sync(task)
        return outcome

    def _sync(self, task: Task) -> None:
        try:
            self._sink.sync()
        except OSError as error:
            raise CommandError(
                f"the output of task {task.number} may be lost ({faults.told(error)}), so the task "
                "was given back: see to that file system, then continue the run"
            ) from error


class _Attempt:
    """An attempt at one chunk."""

    def __init__(self, of: ChunkRunner, task: Task, slot: int) -> None:
        self._of = of
        self._task = task
        self._slot = slot
        self._items = of.chunks.of(task.number)
        open_items = None
        if of.open_items is not None:
            # Others may have kept items of this chunk, and the server need not know of it.
            of.open_items.read_on()
            open_items = of.open_items.among(self._items)
        self._position = ChunkPosition(task, self._items, of.chunks.size, open_items)
        self._order = self._in_order()
        self._failed: list[int] = []
        # What the reason describes: the first failure, or what ended the attempt.
        self._described: tuple[int, Failed] | None = None

    def run(self) -> Outcome:
        """Run the commands until all had their turn, nothing but failures came, or it must end."""
        order, known = self._order, self._of.open_items
        for place, item in enumerate(order):
            if self._must_stop():
                return Released()
            if self._is_hopeless():
                return self._outcome(untried=len(order) - place)
            if known is not None and known.is_kept(item):
                # Who had the task meanwhile has computed it.
                self._position.done(item)
                continue
            outcome = self._compute(item)
            if isinstance(outcome, Released):
                return outcome
            if isinstance(outcome, faults.NotKept):
                break
        return self._outcome()

    def _in_order(self) -> list[int]:
        position, known = self._position, self._of.open_items
        if known is None:
            # The position moves on past items without a gap alone.
            return position.open_items
        failed = known.failed(position.open_items)
        return in_order(position.open_items, attempts=self._task.attempts, failed=failed)

    def _must_stop(self) -> bool:
        of = self._of
        return self._task.stop_requested or of.runner.is_ending or not of.deadline.may_claim

    def _is_hopeless(self) -> bool:
        return is_hopeless(
            len(self._failed),
            advanced=self._position.num_done > 0,
            halt_after=self._of.plan.options.halt_after,
        )

    def _compute(self, item: int) -> Outcome:
        began = time.monotonic()
        outcome = self._of.runner.run(self._task, self._of.plan.job(item, self._slot))
        match outcome:
            case Completed():
                self._of.deadline.took_part(time.monotonic() - began)
                self._position.done(item)
            case Failed():
                self._failed.append(item)
                if self._described is None or isinstance(outcome, faults.NotKept):
                    self._described = item, outcome
            case Released():
                pass
        return outcome

    def _outcome(self, *, untried: int = 0) -> Outcome:
        if self._described is None:
            return Completed()
        item, failure = self._described
        said = reason_of_chunk(self._failed, len(self._items), untried=untried)
        return Failed(
            f"{said}. Item {item}: {failure.reason}",
            exit_status=failure.exit_status,
            advanced=self._position.num_done > 0,
            failed_items=tuple(sorted(self._failed)),
        )
