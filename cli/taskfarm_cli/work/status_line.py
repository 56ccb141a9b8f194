"""The status line of workTF, below all other lines of a terminal."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from taskfarm_cli.common import pace
from taskfarm_cli.common.item_counts import items_done
from taskfarm_cli.common.text import counted

if TYPE_CHECKING:
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, RunStatus
    from taskfarm_sdk._items.chunks import Chunks
    from taskfarm_sdk.execution import Dispatcher

POLL_S = 2.0
LIVE_EVERY_S = 0.5
QUIET_EVERY_S = 1.0


class StatusLine:
    """Polls the run's status, and shows it on a terminal.

    Args:
        run: the run.
        dispatcher: works on the run here.
        screen: where it is shown.
        chunks: the items of each task.
    """

    def __init__(self, run: Run, dispatcher: Dispatcher, screen: Screen, chunks: Chunks) -> None:
        self._run = run
        self._dispatcher = dispatcher
        self._screen = screen
        self._chunks = chunks
        self._pace = pace.Pace()
        self._status: RunStatus | None = None
        self.every_s: float = LIVE_EVERY_S if screen.is_live else QUIET_EVERY_S
        if screen.is_live:
            # A daemon: a server that is away must not hold up the end.
            threading.Thread(target=self._watch, name="workTF-watch", daemon=True).start()

    def show(self) -> None:
        """Redraw the line."""
        status = self._status
        if status is None:
            return
        count = items_done(self._chunks, status)
        paused = "" if self._dispatcher.size else "paused, "
        words = [
            f"{status.done} of {status.num_tasks} done" if count is None else str(count),
            f"{paused}{self._dispatcher.busy} running here",
        ]
        if self._dispatcher.failures:
            words.append(f"{counted(self._dispatcher.failures, 'attempt')} failed here")
        rate, left_s = self._pace.tasks_per_s, self._pace.left_s(time.monotonic())
        # Past speed says nothing of a time in which nothing is computed here.
        if rate is not None and left_s is not None and self._dispatcher.size:
            words += [pace.speed(rate, self._chunks), f"{pace.duration(left_s)} left"]
        self._screen.draw(*words)

    def _watch(self) -> None:
        from taskfarm_sdk import TaskfarmError

        with suppress(TaskfarmError):  # the dispatcher meets it too, and reports it
            for status in self._run.watch(POLL_S):
                self._status = status
                self._pace.add(time.monotonic(), status)
