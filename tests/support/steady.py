"""A run whose tasks are completed one after the other for as long as a test needs."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from taskfarm_sdk import Run

EVERY_S = 0.02


@contextmanager
def steadily_completed(run: Run) -> Generator[None]:
    """Complete tasks of a run in a thread while the block runs.

    Args:
        run: a run with more tasks than are completed.
    """
    ended = threading.Event()

    def complete() -> None:
        with run.worker() as worker:
            while not ended.wait(EVERY_S):
                task = worker.claim()
                assert task is not None
                task.complete()

    thread = threading.Thread(target=complete)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
