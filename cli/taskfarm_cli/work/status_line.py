"""The status line of workTF, below all other lines of a terminal."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from taskfarm_cli.common import bars
from taskfarm_cli.common.forecast import Forecast
from taskfarm_cli.common.text import counted
from taskfarm_sdk._items.counts import items_done

if TYPE_CHECKING:
    from taskfarm_cli.common.forecast import Estimate
    from taskfarm_cli.work.screen import Screen
    from taskfarm_sdk import Run, RunStatus
    from taskfarm_sdk._items.chunks import Chunks
    from taskfarm_sdk.execution.parts import Dispatcher

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
        self._forecast = Forecast(chunks)
        self._estimate: Estimate | None = None
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
            bars.percent(status),
            f"{status.done} of {status.num_tasks} done" if count is None else str(count),
        ]
        if self._dispatcher.failures:
            words.append(f"{counted(self._dispatcher.failures, 'attempt')} failed here")
        # Past speed says nothing of a time in which nothing is computed here.
        estimate = self._estimate if self._dispatcher.size else None
        left = "" if estimate is None else estimate.left_text(time.monotonic())
        if left:
            words.append(left)
        words.append(f"{paused}{self._dispatcher.busy} running here")
        if estimate is not None and left:
            words.append(estimate.rate_text())
        self._screen.draw(*words, status=status)

    def _watch(self) -> None:
        from taskfarm_sdk import TaskfarmError

        with suppress(TaskfarmError):  # the dispatcher meets it too, and reports it
            for status in self._run.watch(POLL_S):
                self._forecast.add(time.monotonic(), status)
                self._estimate = self._forecast.estimate()
                self._status = status
