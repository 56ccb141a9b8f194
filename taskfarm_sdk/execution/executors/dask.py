"""`distributed`'s `client.get_executor()`: loops in the workers of a Dask cluster.

Dask interrupts no running task, but its workers know whether a running task is still wanted: if its
future was cancelled or its client has gone, the task is "cancelled" there. A loop checks that, and
whether its worker is closing. So no message to the loops is needed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Protocol, cast

from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.execution.executors import loop
from taskfarm_sdk.execution.executors.cancellation import CancelRequest, Poll
from taskfarm_sdk.execution.executors.engines import Engine

ASK_EVERY_S = 0.2


def find_poll(_: str) -> Poll | None:
    """Return the poll of a loop's cancel requests in a Dask worker."""
    from distributed import Status, get_worker

    worker = get_worker()
    key = worker.get_current_task()
    # A worker that closes gracefully still waits for others to take over its data.
    alive = (Status.running, Status.paused, Status.closing_gracefully)

    def ask() -> CancelRequest:
        if worker.status not in alive:
            return CancelRequest.GIVE_BACK
        task = worker.state.tasks.get(key)
        unwanted = task is None or task.state == "cancelled"
        return CancelRequest.CLAIM_NO_MORE if unwanted else CancelRequest.GO_ON

    return ask


def knows(executor: Executor) -> bool:
    """Return whether it is a Dask client's executor."""
    if "distributed.cfexecutor" not in sys.modules:
        return False
    from distributed.cfexecutor import ClientExecutor

    return isinstance(executor, ClientExecutor)


class _Client(Protocol):
    """The part of a Dask client that is used here; it has no types of its own."""

    def ncores(self) -> Mapping[str, int]: ...

    def run(
        self, function: Callable[[str], bool], key: str, *, on_error: str
    ) -> Mapping[str, bool]: ...


class Cluster(Engine):
    """A Dask client's executor."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor, find_poll)

    @property
    def _client(self) -> _Client:
        # Private, but only this holds the client that get_executor() was called on.
        return cast("_Client", getattr(self.executor, "_client"))  # noqa: B009

    def size(self) -> int | None:
        """Return how many threads the cluster's workers have."""
        threads = sum(self._client.ncores().values())
        if threads == 0:
            raise ConfigurationError(
                "the Dask cluster has no workers yet: wait for them, as with "
                "client.wait_for_workers(1), or give work() the number of loops, workers=…"
            )
        return threads

    def let_finish(self) -> None:
        """Wait for the loops, whose cancelled futures no longer show when they end."""
        over_at = time.monotonic() + self.grace_s
        while time.monotonic() < over_at and self._are_at_work():
            time.sleep(ASK_EVERY_S)

    def _are_at_work(self) -> bool:
        at_work = self._client.run(loop.workers_at_work, self.key, on_error="ignore")
        return any(at_work.values())

    def is_lost(self, error: BaseException) -> bool:
        """Return whether Dask gave up on one loop: too many of its workers died."""
        from distributed import KilledWorker

        return isinstance(error, KilledWorker) or super().is_lost(error)
