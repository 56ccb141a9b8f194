"""Runs that are watched, without a server: a farm that answers what a test has prepared."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, cast

import attrs

from taskfarm_cli.manage.standing import Row, Watched
from taskfarm_sdk import Run, RunStatus, ServerError
from taskfarm_sdk.errors import ConnectionFailed, RunNotFound, TaskfarmError

URL = "http://farm.invalid/api/"
AWAY = ConnectionFailed("no answer", sent=False)
SICK = ServerError("answered 500", status=500)
GONE = RunNotFound("there is no run")

Answer = RunStatus | TaskfarmError


def a_run(number: int, num_tasks: int = 10) -> Run:
    """Return a run whose UUID begins with its number."""
    return Run(cast("Any", None), f"{number:08x}{'0' * 24}", number, num_tasks, str(num_tasks))


def counts(
    done: int,
    computing: int = 2,
    *,
    num_tasks: int = 10,
    failed: int | None = None,
    percent: float | None = None,
) -> RunStatus:
    """Return the status of a run."""
    computing = min(computing, num_tasks - done)
    is_finished = done == num_tasks
    return RunStatus(
        num_tasks=num_tasks,
        waiting=num_tasks - done - computing,
        computing=computing,
        done=done,
        failed=(failed or 0) if is_finished else None,
        percent_done=100.0 * done / num_tasks if percent is None else percent,
    )


@attrs.define
class FakeFarm:
    """A farm with runs.

    Attributes:
        answers: returns the answer about a run, by its UUID, or raises it.
        asked: the UUIDs that were asked for, with the time of the clock.
    """

    answers: Callable[[str], Answer]
    now: Callable[[], float]
    asked: list[tuple[float, str]] = attrs.field(factory=list[tuple[float, str]])
    url: str = URL

    def get_run_and_status(self, uuid: str, *, give_up_after_s: float) -> tuple[Run, RunStatus]:
        """Return the status of a run: tried once."""
        assert give_up_after_s == 0
        self.asked.append((self.now(), uuid))
        answer = self.answers(uuid)
        if isinstance(answer, TaskfarmError):
            raise answer
        return a_run(int(uuid[:8], 16)), answer


@attrs.define
class Shown:
    """A board that keeps what it is shown.

    Attributes:
        changes: each run that was read, as it was then.
        rows: all runs, as they were last.
        only: the UUIDs of the runs that have a line; None for all.
    """

    changes: list[Row] = attrs.field(factory=list[Row])
    rows: Sequence[Row] = ()
    only: Container[str] | None = None

    def show(self, rows: Sequence[Row], changed: Row) -> None:
        """Keep them."""
        self.rows = rows
        self.changes.append(changed)

    def shown(self) -> Container[str] | None:
        """Return the runs that have a line."""
        return self.only


def watched(statuses: Sequence[RunStatus], now: float = 1000.0) -> list[Watched]:
    """Return runs with these statuses, numbered from 1."""
    return [
        Watched(a_run(number, status.num_tasks), status, None, now)
        for number, status in enumerate(statuses, 1)
    ]
