"""Recovery of lost workers' tasks under `--keep`, while no task waits.

Elsewhere, lingering workers do this. With `--keep` none lingers, so that no node is idle.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from taskfarm_sdk import TaskfarmError

if TYPE_CHECKING:
    from taskfarm_sdk import Worker


# A request to an unreachable server must not delay the end.
ENDS_WITHIN_S = 2.0


class TaskRecovery:
    """Recovers lost tasks in a thread, and releases them for other workers.

    Args:
        make_worker: makes a worker that lingers.
    """

    def __init__(self, make_worker: Callable[[], Worker]) -> None:
        self._make_worker = make_worker
        self._worker: Worker | None = None
        self._thread: threading.Thread | None = None

    def look_after(self) -> None:
        """Look for lost tasks in a thread, until one is found or `close` is called."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._worker = self._make_worker()
        self._thread = threading.Thread(
            target=self._look, args=(self._worker,), name="taskfarm-lost", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        if self._worker is not None and self._thread is not None:
            self._worker.stop()
            self._thread.join(ENDS_WITHIN_S)

    @staticmethod
    def _look(worker: Worker) -> None:
        # The keeper reports an unreachable server, and calls `look_after` again.
        with suppress(TaskfarmError), worker:
            task = worker.claim()
            if task is not None:
                task.release()
