"""Tell remote loops to stop, and the thread in which they check.

No call of an executor reaches a running function. If an engine lets a loop find out by itself
whether it is cancelled, the loop does.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from enum import Enum

from taskfarm_sdk._logging import log

LOOK_EVERY_S = 0.2


class CancelRequest(Enum):
    """A request to a loop."""

    GO_ON = "take tasks"
    CLAIM_NO_MORE = "end with what is being computed"
    GIVE_BACK = "the process is about to end: give back what is being computed"
    END = "nobody is left to compute for: give back what is being computed, and end the process"


Poll = Callable[[], CancelRequest]
LAST = (CancelRequest.END, CancelRequest.GIVE_BACK)


def end_process() -> None:
    """End this process at once: its main thread may wait forever for its parent."""
    os._exit(1)


class CancelWatcher:
    """Polls the cancel requests of a process's loops, in a thread, from the first `add` to `close`.

    Args:
        stop: called once none of the loops is to claim anything more.
        give_back: called when one is to give its task back, as the last step.
        end: called when the process is to end.
    """

    def __init__(
        self,
        stop: Callable[[], None],
        give_back: Callable[[], None],
        end: Callable[[], None] = end_process,
    ) -> None:
        self._stop = stop
        self._give_back = give_back
        self._end = end
        self._lock = threading.Lock()
        self._polls: list[Poll] = []
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, poll: Poll) -> None:
        """Poll for a loop too."""
        with self._lock:
            self._polls.append(poll)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="taskfarm-cancel", daemon=True
                )
                self._thread.start()

    def remove(self, poll: Poll) -> None:
        """Stop polling for a loop, which has ended."""
        with self._lock:
            self._polls.remove(poll)

    def close(self) -> None:
        """Return when the thread has ended."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.wait(LOOK_EVERY_S):
                request = self._request()
                if request is not CancelRequest.GO_ON:
                    self._stop()
                if request in LAST:
                    self._give_back()
                if request is CancelRequest.END:
                    self._end()
                if request in LAST:
                    return
        except Exception:  # noqa: BLE001 - an engine's own, and the loops can do without
            log.exception("could not check whether this process should go on claiming tasks")

    def _request(self) -> CancelRequest:
        with self._lock:
            polls = list(self._polls)
        requests = {poll() for poll in polls}
        for last in LAST:
            if last in requests:
                return last
        return (
            CancelRequest.CLAIM_NO_MORE
            if requests == {CancelRequest.CLAIM_NO_MORE}
            else CancelRequest.GO_ON
        )
