"""Worker: claims tasks of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType
from typing import NoReturn, Self

from taskfarm_sdk._logging import log
from taskfarm_sdk._processes.signals import SignalHandling
from taskfarm_sdk._worker.core import WorkerCore
from taskfarm_sdk.errors import ConfigurationError, TaskfarmError
from taskfarm_sdk.task import Task

__all__ = ["Worker"]


class Worker:
    """Takes tasks of a run, one after the other or many at once. `Run.worker` makes them.

    ```python
    with run.worker() as worker:
        for task in worker:
            with task:
                compute(task.number)
    ```

    Work is done at least once: a task whose worker is lost is computed again, by somebody. Safe
    among threads. It makes itself known to the server with its first claim, and leaving its
    `with` gives back what is still open.
    """

    def __init__(self, core: WorkerCore) -> None:
        self._core = core
        self._signals = SignalHandling(self.stop, core.give_back_at_once, core.options.grace_s)
        self._entered_in: int | None = None

    @property
    def run_uuid(self) -> str:
        """The run that its tasks belong to."""
        return self._core.run_uuid

    @property
    def uuid(self) -> str:
        """What the server knows the worker by, once it has claimed a task."""
        return self._core.uuid

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._core.stopping

    def stop(self) -> None:
        """Claim nothing any more: iterating ends with the task at hand. From any thread."""
        self._core.stop()

    def claim(self) -> Task | None:
        """Be handed out a task. `prefetch` is for iterating alone, and does nothing here.

        Returns:
            The task, or None once nothing is left to hand out, the worker was stopped, or its
            time is too short for another.

        Raises:
            RunBroken: the server cannot hand out the tasks that are left.
            TaskfarmError: the server could not be asked for as long as `give_up_after_s`.
        """
        held = self._core.claim(begun=True)
        return None if held is None else Task(held)

    def __iter__(self) -> Iterator[Task]:
        core = self._core
        # A forked child leaves nothing to the end of a `with` that is its parent's.
        is_entered = self._entered_in == os.getpid()
        try:
            while (held := core.next()) is not None:
                try:
                    yield Task(held)
                except GeneratorExit:
                    core.ledger.release(held)
                    raise
                if held.settled is None:
                    core.ledger.release(held)
                    raise TaskfarmError(
                        f"task {held.number} was neither completed, released nor failed, so it "
                        "was given back: put the work on it into `with task:`",
                        run=self.run_uuid,
                        task=held.number,
                    )
            is_entered = False
        finally:
            # Broken off inside `with worker:`, its end does this, and knows how long it may take.
            if not is_entered:
                core.rest()
        core.ledger.retry_failed()
        core.ledger.complete_doubtful()

    def close(self) -> None:
        """Give back what is open, let failed tasks be tried again, make sure of completed ones.

        Raises:
            TaskfarmError: the server could not be told all of it.
        """
        self._core.close()

    def __enter__(self) -> Self:
        self._signals.install()
        self._entered_in = os.getpid()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                self._core.hurry_for(error)
            self.close()
        except TaskfarmError as trouble:
            # The caller's own error must not be hidden by ours.
            if error is None:
                raise
            log.error("the server was not told all of run %s: %s", self.run_uuid, trouble)
        finally:
            self._entered_in = None
            self._signals.remove()

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "a worker holds tasks and does not travel: send the run, and call run.worker() there"
        )

    def __repr__(self) -> str:
        return f"Worker(run={self.run_uuid!r}, {len(self._core.ledger)} open)"


def core_of(worker: Worker) -> WorkerCore:
    """Return what is behind a worker's face, for who keeps it busy."""
    return worker._core  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
