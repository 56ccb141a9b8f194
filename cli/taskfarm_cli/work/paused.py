"""The look at a run while workTF pauses, for others may finish or delete it meanwhile."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from taskfarm_sdk.errors import RunNotFound, TaskfarmError

if TYPE_CHECKING:
    from taskfarm_sdk import Run
    from taskfarm_sdk.execution.parts import Jobs

# Many workTFs may pause at once, and none of them is in a hurry.
POLL_S = 15.0


class PausedRun:
    """Ends paused work when its run has ended.

    Args:
        run: the run.
        jobs: the number of jobs; 0 is a pause.
        poll_s: seconds between two looks.
    """

    def __init__(self, run: Run, jobs: Jobs, *, poll_s: float = POLL_S) -> None:
        self._run = run
        self._jobs = jobs
        self._poll_s = poll_s
        self._thread: threading.Thread | None = None
        self._due_at = 0.0

    def look(self) -> None:
        """Look at the run from now on, until the pause is over; call it again while it lasts."""
        now = time.monotonic()
        if now < self._due_at or (self._thread is not None and self._thread.is_alive()):
            return
        self._due_at = now + self._poll_s
        # A daemon: a server that is away must hold up neither the end nor the next look at the
        # file.
        self._thread = threading.Thread(target=self._watch, name="workTF-paused", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        try:
            for _ in self._run.watch(self._poll_s):
                if self._jobs.number:
                    return
        except RunNotFound:  # the end of the work meets it too, and reports it
            pass
        except TaskfarmError:  # the next look may succeed
            return
        self._jobs.leave()
