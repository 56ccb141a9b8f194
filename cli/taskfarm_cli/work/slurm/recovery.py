"""Looks after tasks of workers that were lost, where all others are in somebody's hands.

Workers that linger do this. Under `--keep` none does, lest nodes of the cluster wait idly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from taskfarm_sdk import TaskfarmError

if TYPE_CHECKING:
    from taskfarm_sdk import Worker


# A request to a server that is away does not hold up the end.
ENDS_WITHIN_S = 2.0


class TaskRecovery:
    """Takes lost tasks back in a thread, and gives them to whoever asks next.

    Args:
        make_worker: makes a worker that lingers.
    """

    def __init__(self, make_worker: Callable[[], Worker]) -> None:
        self._make_worker = make_worker
        self._worker: Worker | None = None
        self._thread: threading.Thread | None = None

    def look_after(self) -> None:
        """See to it that somebody looks, from now until a task was found or `close`."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._worker = self._make_worker()
        self._thread = threading.Thread(
            target=self._look, args=(self._worker,), name="taskfarm-lost", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        if self._worker is not None and self._thread is not None:
            self._worker.stop()
            self._thread.join(ENDS_WITHIN_S)

    @staticmethod
    def _look(worker: Worker) -> None:
        # A server that is away is for the keeper to tell of; it begins anew with its next look.
        with suppress(TaskfarmError), worker:
            task = worker.claim()
            if task is not None:
                task.release()
