"""`Run.work`: what keeps the worker, who computes and the caller together."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import attrs

from taskfarm_sdk import _validation
from taskfarm_sdk._models import RunStatus
from taskfarm_sdk._processes.cpus import usable_cpus
from taskfarm_sdk._session.link import Link
from taskfarm_sdk.errors import (
    ConfigurationError,
    ConnectionFailed,
    ServerError,
    TaskfarmError,
    TasksFailed,
)
from taskfarm_sdk.execution.dispatcher import Dispatcher
from taskfarm_sdk.execution.function import Function, packed
from taskfarm_sdk.worker import Worker

if TYPE_CHECKING:
    from taskfarm_sdk.run import Run

PROGRESS_EVERY_S = 2.0
# As for everybody who polls: the server has no index on a task's run, and counting may be slow.
REST_PER_REQUEST = 19


@attrs.define
class Work:
    """What is to be done, for whom.

    Attributes:
        run: the run to work off.
        link: its own.
        function: what is called with each task.
        make_worker: makes a worker of the run; travels.
        tell: is told how the run stands, about every 2 s; None for nobody.
        linger_s: for how long at most to stay with nothing to do; None for as long as it takes.
    """

    run: Run
    link: Link
    function: Function
    make_worker: Callable[[], Worker]
    tell: Callable[[RunStatus], None] | None
    linger_s: float | None
    _due_at: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if not callable(self.function):
            raise ConfigurationError(
                f"work needs a function to call with each task, not {self.function!r}"
            )
        if self.linger_s is not None:
            _validation.seconds("linger_s", self.linger_s, zero=True)
        self._due_at = time.monotonic() + PROGRESS_EVERY_S

    def look(self) -> None:
        """Ask how the run stands and tell, if that is due."""
        began = time.monotonic()
        if self.tell is None or began < self._due_at:
            return
        try:
            status = self.run.status()
        except (ConnectionFailed, ServerError):
            return  # the work itself waits for the server, and gives up where that is due
        finally:
            ended = time.monotonic()
            self._due_at = ended + max(PROGRESS_EVERY_S, REST_PER_REQUEST * (ended - began))
        self.tell(status)

    def end(self, *, halted: bool, check: bool) -> RunStatus:
        """Return how the run stands now that there is nothing left to do here.

        Args:
            halted: the work was stopped by failures.
            check: whether to raise for that, and for tasks that failed.
        """
        status = self.run.status()
        try:
            if status.finished:
                status = self.run.wait(check=check)
        except TasksFailed as error:
            self._tell_of(error.run_status)
            raise
        self._tell_of(status)
        if halted and check and not status.finished:
            raise TaskfarmError(
                f"too many tasks in a row failed, so the work on run {self.run.uuid} was stopped: "
                "see the log (`taskfarm_sdk`) or the journal for what went wrong; work() goes on "
                "with what is left",
                run=self.run.uuid,
            )
        return status

    def _tell_of(self, status: RunStatus) -> None:
        if self.tell is not None:
            self.tell(status)


def by_children(work: Work, workers: int | None) -> bool:
    """Compute with child processes until nothing is left for this worker.

    Returns:
        Whether it stopped before that, after too many failures in a row.
    """
    # It names signals that Windows has not; executors do without it.
    from taskfarm_sdk.execution.children.pool import Pool

    wanted = usable_cpus() if workers is None else _validation.at_least_one("workers", workers)
    size = max(1, min(wanted, work.run.num_tasks))
    function = packed(work.function)
    with work.make_worker() as worker, closing(Pool(function, size)) as pool:
        pool.start()
        dispatcher = Dispatcher(
            worker, size, pool.perform, interrupt=pool.interrupt, linger_s=work.linger_s
        )
        dispatcher.run(work.look)
    return worker.stopping and not dispatcher.limited
