"""Read all tasks of a run, one request each, because a reader asked for it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from taskfarm_cli.view.facts import MOST_FAILURES, Failure, Picture, Scan, State

if TYPE_CHECKING:
    from taskfarm_sdk import Run


class TaskScan:
    """One reading of a run's tasks, in a thread of its own.

    Args:
        run: the run.
        clock: the time in seconds since 1970.
    """

    def __init__(self, run: Run, clock: Callable[[], float] = time.time) -> None:
        self._run = run
        self._begun_at = clock()
        # The states are many, and kept only until the picture of all is made.
        self._states: list[tuple[State, float]] = []
        self._last: Picture | None = None
        self._num_read = 0
        self._failures: list[Failure] = []
        self._num_failed = 0
        self._error = ""
        self._stop = threading.Event()
        self._over = threading.Event()

    def start(self) -> None:
        """Begin. The thread ends with the process, whatever the server does."""
        threading.Thread(target=self._read, name="viewTF-scan", daemon=True).start()

    def stop(self) -> None:
        """End after the requests that are under way."""
        self._stop.set()

    @property
    def facts(self) -> Scan:
        """How far it is."""
        return Scan(
            read=self._num_read,
            num_tasks=self._run.num_tasks,
            is_running=not self._over.is_set(),
            error=self._error,
            begun_at=self._begun_at,
        )

    def picture(self) -> Picture:
        """Return the states that were read so far."""
        # In this order: what is dropped in the meantime is in the last picture.
        states = self._states
        return self._last or self._drawn(states[:], is_whole=False)

    def _drawn(self, states: Sequence[tuple[State, float]], *, is_whole: bool) -> Picture:
        from taskfarm_sdk.charts import cells

        return Picture(
            origin="scan",
            noun="task",
            cells=tuple(cells(states, num_tasks=self._run.num_tasks)),
            failures=tuple(self._failures[:MOST_FAILURES]),
            num_failed=self._num_failed,
            is_whole=is_whole,
            remark="The server does not store why a task failed.",
        )

    def _read(self) -> None:
        try:
            self._read_tasks()
            self._last = self._drawn(self._states, is_whole=not self._error)
            self._states = []
        finally:
            self._over.set()

    def _read_tasks(self) -> None:
        from taskfarm_sdk import TaskfarmError

        try:
            for info in self._run.task_infos():
                if self._stop.is_set():
                    self._error = "it was stopped"
                    break
                percent = info.percent_completed
                if info.state == "failed":
                    self._num_failed += 1
                    if len(self._failures) < MOST_FAILURES:
                        failure = Failure(number=info.number, attempts=info.attempts, message=None)
                        self._failures.append(failure)
                self._states.append((info.state, percent if math.isfinite(percent) else 0.0))
                self._num_read += 1
        except TaskfarmError as error:
            self._error = str(error)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._error = f"unexpected {type(error).__name__}: {error}"
