"""The tasks of a run that wait again, because its folder has no success of some of their items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from taskfarm_cli.common.exit_status import CommandError, UsageError
from taskfarm_cli.common.text import counted
from taskfarm_cli.work import kept_folder
from taskfarm_sdk.execution.parts import (
    Patience,
    done_tasks,
    is_hopeless,
    is_shared,
    reopen_cut_short,
    reopen_tasks,
    wait_until_seen,
)

if TYPE_CHECKING:
    from taskfarm_cli.work.commands.open_items import OpenItems
    from taskfarm_cli.work.plan import Plan
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run
    from taskfarm_sdk._items.chunks import Chunks


@attrs.frozen
class Reopening:
    """The tasks of a run whose folder decides which items are open.

    Attributes:
        run: the run.
        chunks: the items of each task.
        known: what the folder knows of the items.
        folder: the folder, as the user named it.
        screen: shows what was done.
        max_attempts: after how many attempts a task has failed for good.
        halt_after: how many failures at the beginning of a chunk end an attempt at it.
        patience: how long a network file system may show late what another machine wrote.
    """

    run: Run
    chunks: Chunks
    known: OpenItems
    folder: str
    screen: Screen
    patience: Patience = attrs.field(factory=Patience)
    max_attempts: int = 1
    halt_after: int = 1
    _opened: set[int] = attrs.field(factory=set[int], init=False)

    @classmethod
    def of(cls, plan: Plan, run: Run, screen: Screen) -> Reopening | None:
        """Return that of a plan for a run; None if no folder decides."""
        known, folder = kept_folder.open_items(plan, run.num_tasks), plan.options.kept_in
        if known is None or folder is None:
            return None
        return cls(
            run,
            plan.chunks(run.num_tasks),
            known,
            folder,
            screen,
            max_attempts=plan.options.max_attempts,
            halt_after=plan.options.halt_after,
        )

    @property
    def is_network(self) -> bool:
        """Whether several machines share the folder's file system."""
        return is_shared(Path(self.folder))

    def open_again(self, *, failed: bool) -> None:
        """Set tasks waiting that the server calls done, though the folder lacks items of them.

        Args:
            failed: whether to do so with those that have failed for good too, if the run is
                finished. While others are at work, each worker of a fleet would try them anew.

        Raises:
            UsageError: the folder cannot be read.
            TaskfarmError: the server cannot be asked.
        """
        if failed and self.run.status().finished and (number := self.run.reset_failed()):
            self.screen.say(
                f"{counted(number, 'failed task')} of the finished run will be tried again, which "
                "--no-retry-failed prevents"
            )
        worker = self.run.worker()
        try:
            done = done_tasks(worker, self._lacking(range(self.run.num_tasks)))
            # In this order: what they kept was on the disk before the server had them done.
            missing = self._not_late(done)
            # Others may have begun some of them meanwhile.
            opened = reopen_tasks(worker, missing) if missing else []
            items = self._open_items(opened)
        except OSError as error:
            raise UsageError(f"cannot read {error.filename}: {error.strerror}") from error
        if opened:
            self.screen.say(
                f"{self.folder} has no success of {items} of {counted(len(opened), 'task')} that "
                "the server calls done: they are computed again"
            )

    def open_cut_short(self) -> bool:
        """Set failed tasks of a finished run waiting whose workers were killed again and again.

        Each kill may be the fault of the item whose command ran. A task with more untried items
        than that has some that nobody tried, through no fault of theirs. Each is opened once.

        Returns:
            Whether there were any.

        Raises:
            CommandError: the folder cannot be read.
            TaskfarmError: the server cannot be asked.
        """
        status = self.run.status()
        if not status.finished or status.failed == 0:
            return False
        try:
            lacking = self._lacking(range(self.run.num_tasks))
            tasks = [task for task in lacking if self._was_cut_short(task)]
            opened = reopen_cut_short(self.run.worker(), tasks) if tasks else []
            items = self._open_items(opened)
        except OSError as error:
            raise CommandError(f"cannot read {error.filename}: {error.strerror}") from error
        self._opened.update(opened)
        if opened:
            self.screen.say(
                f"the workers of {counted(len(opened), 'failed task')} were killed before "
                f"{items} had been tried: they are computed now"
            )
        return bool(opened)

    def _was_cut_short(self, task: int) -> bool:
        items = self.chunks.of(task)
        left = self.known.among(items)
        failed, done = len(self.known.failed(left)), len(items) - len(left)
        if task in self._opened or len(left) - failed <= self.max_attempts:
            return False
        return not is_hopeless(failed, advanced=done > 0, halt_after=self.halt_after)

    def check_whole(self) -> None:
        """Refuse to call work done whose output the folder has only in part.

        Raises:
            CommandError: it has no success of some items.
        """
        try:
            missing = self._not_late(range(self.run.num_tasks))
            items = self._open_items(missing)
        except OSError as error:
            raise CommandError(f"cannot read {error.filename}: {error.strerror}") from error
        if missing:
            raise CommandError(
                f"{self.folder} has no success of {items}, though the server calls all tasks done: "
                "do all machines share this folder? The same command computes these items again"
            )

    def _open_items(self, tasks: Iterable[int]) -> str:
        return counted(sum(len(self.known.among(self.chunks.of(task))) for task in tasks), "item")

    def _lacking(self, tasks: Iterable[int]) -> Iterator[int]:
        """Read on, and yield those of some tasks of whose items the folder lacks some."""
        self.known.read_on()
        return (task for task in tasks if self.known.among(self.chunks.of(task)))

    def _not_late(self, tasks: Iterable[int]) -> list[int]:
        """Return those of some tasks of whose items the folder lacks some, and not only so far."""
        missing = tasks

        def look(_: bool) -> list[int]:
            nonlocal missing
            missing = list(self._lacking(missing))
            return missing

        return wait_until_seen(self, look, self.patience)
