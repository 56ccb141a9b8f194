"""Adapters for each executor: how many loops it runs, and how they are recalled.

Beside Python's own, `dask` and `mpi` know one engine each. Of any other executor it is enough
that it runs what is submitted.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import cast

from taskfarm_sdk._processes.exit_status import TOLD_WITHIN_S
from taskfarm_sdk.execution.executors import loop
from taskfarm_sdk.execution.executors.cancellation import CancelRequest, Poll

# Processes that were told to end try for a little less to give their tasks back.
ENDED_WITHIN_S = 6.0


def no_poll(_: str) -> Poll | None:
    """Return None: nothing cancels a loop of this executor."""
    return None


def find_parent(_: str) -> Poll | None:
    """Return the poll of a loop in a pool's process: whether the pool's owner lives."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return None
    return lambda: CancelRequest.GO_ON if parent.is_alive() else CancelRequest.END


class Engine:
    """An executor for one work; this one uses only the common interface of executors.

    Attributes:
        executor: the caller's.
        find: see `loop.LoopPayload`.
        key: of the work; see `loop.LoopPayload`.
        loops: how many are to run.
        futures: the futures of the loops submitted so far.
        grace_s: how long after a signal open tasks may go on computing.
        all_told: whether the executor's processes got the signal that ends the work too.
    """

    # Whether a loop is given the caller's own objects.
    is_here: bool = False

    def __init__(self, executor: Executor, find: Callable[[str], Poll | None] = no_poll) -> None:
        self.executor: Executor = executor
        self.find: Callable[[str], Poll | None] = find
        self.key: str = uuid.uuid4().hex
        self.loops: int = 1
        self.futures: list[Future[loop.LoopEnd]] = []
        self.grace_s: float = 0.0
        self.all_told: bool = False

    def refuse(self) -> None:
        """Check that loops can run.

        Raises:
            ConfigurationError: they would never run.
        """

    def size(self) -> int | None:
        """Return how many loops can run at a time; None if that cannot be known."""
        return None

    @property
    def grace_here_s(self) -> float:
        """How long after a signal this process waits for open tasks."""
        return self.grace_s

    def recall(self) -> None:
        """Make the loops claim no more tasks; may be called again."""
        for future in self.futures:
            future.cancel()
        loop.workers.stop(self.key)

    def let_finish(self) -> None:
        """Wait for open tasks after `recall`, if the futures do not show their end."""

    def let_end(self) -> None:
        """Wait for open tasks after an interruption and `recall`, where that helps."""

    def end_broken(self) -> None:
        """End the processes that a broken executor waits for."""

    def is_lost(self, error: BaseException) -> bool:
        """Return whether an error ended only one loop, and others may go on."""
        return isinstance(error, loop.LoopLost) or not isinstance(error, Exception)


class Threads(Engine):
    """Python's threads."""

    is_here: bool = True

    def size(self) -> int | None:
        """Return how many threads there are at most."""
        return _max_workers(self.executor)

    def let_end(self) -> None:
        """Wait for all loops; a signal meanwhile gives back their tasks."""
        # Python waits for its threads' functions before it ends, so their tasks may as well count.
        try:
            wait(self.futures)
        except BaseException:
            loop.workers.give_back(self.key)
            raise


class Processes(Engine):
    """Python's pool of processes."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor, find_parent)
        self._is_told = False

    def size(self) -> int | None:
        """Return how many processes there are at most."""
        return _max_workers(self.executor)

    @property
    def grace_here_s(self) -> float:
        """None: the processes have it themselves."""
        return 0.0

    def let_end(self) -> None:
        """Make the loops give their tasks back, before the farm is closed."""
        told_s = self.grace_s if self.all_told else 0.0
        if not wait(self.futures, told_s + TOLD_WITHIN_S).not_done:
            return
        self._is_told = True
        for process in self._processes():
            _send(process, signal.SIGTERM)
        wait(self.futures, self.grace_s + ENDED_WITHIN_S)

    def end_broken(self) -> None:
        """Kill the rest of a broken pool, after time to give its tasks back.

        Python sends each process one or two SIGTERM, and then waits for it forever. A process whose
        worker gives its tasks back meanwhile handles both as that request, and waits for more work.
        """
        left = {process.sentinel: process for process in self._processes()}
        # Python may not have noticed yet that a process has ended.
        ended = self._is_told and connection.wait(list(left), TOLD_WITHIN_S)
        if not ended and not getattr(self.executor, "_broken", False):
            return
        ends_at = time.monotonic() + ENDED_WITHIN_S
        while left and (left_s := ends_at - time.monotonic()) > 0:
            for sentinel in connection.wait(list(left), left_s):
                del left[cast("int", sentinel)]
        for process in left.values():
            _send(process, signal.SIGKILL)

    def _processes(self) -> list[BaseProcess]:
        # Private, but for methods of later Pythons: there is no other way to reach a loop.
        processes = getattr(self.executor, "_processes", None)
        return list((cast("Mapping[int, BaseProcess] | None", processes) or {}).values())


def _send(process: BaseProcess, number: signal.Signals) -> None:
    if process.pid is not None:
        with suppress(OSError):
            os.kill(process.pid, number)


def _max_workers(executor: Executor) -> int | None:
    # Private, but there is no other way to ask; it has been there since Python 3.2.
    size = getattr(executor, "_max_workers", None)
    return size if isinstance(size, int) else None
