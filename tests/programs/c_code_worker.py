"""A worker whose main thread waits in C code, without the interpreter's lock: started by tests.

No signal interrupts that wait. It says to stderr when it is there, and a byte on stdin ends it.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading

import attrs

from taskfarm_sdk import Farm
from taskfarm_sdk._processes import signals
from tests.support.told import told

LONGEST_S = 60.0


@attrs.frozen
class Told:
    """What the worker is told.

    Attributes:
        leeway_s: how long the main thread may come late.
    """

    url: str
    token: str
    run: str
    grace_s: float = 0
    leeway_s: float = signals.LEEWAY_S


class CWait:
    """A wait in C code, for a condition that nobody signals before a byte comes on stdin."""

    def __init__(self) -> None:
        self._c = ctypes.CDLL(None)
        self._mutex = ctypes.create_string_buffer(64)
        self._condition = ctypes.create_string_buffer(64)
        self._is_over = False
        self._begun = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def wait(self) -> None:
        """Wait until it is over."""
        self._c.pthread_mutex_lock(self._mutex)
        self._begun.set()
        while not self._is_over:
            self._c.pthread_cond_wait(self._condition, self._mutex)

    def _watch(self) -> None:
        self._begun.wait()
        # It is free as soon as the other thread waits in C code, and no sooner.
        self._c.pthread_mutex_lock(self._mutex)
        self._c.pthread_mutex_unlock(self._mutex)
        print("begun", file=sys.stderr, flush=True)
        if os.read(0, 1):
            self._is_over = True
            self._c.pthread_cond_signal(self._condition)


def main() -> None:
    """Work on a run with one task that waits."""
    how = told(Told)
    signals.LEEWAY_S = how.leeway_s
    signals.FLUSH_S = LONGEST_S  # a busy machine is slow, and nothing hinders it here
    logging.basicConfig(stream=sys.stdout)
    wait = CWait()
    with (
        Farm(how.url, token=how.token) as farm,
        farm.get_run(how.run).worker(grace_s=how.grace_s) as worker,
    ):
        for task in worker:
            try:
                with task:
                    print("said before")
                    wait.wait()
            finally:
                print("ended in its own way")


if __name__ == "__main__":
    main()
