"""The record that the observer keeps of each run, and the facts that it makes of it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from taskfarm_cli.common.pace import Pace
from taskfarm_cli.view.facts import ListFacts, Picture, RunFacts, RunLine
from taskfarm_cli.view.history import History
from taskfarm_cli.view.places import RUNS_PER_PART
from taskfarm_cli.view.scans import TaskScan
from taskfarm_cli.view.schedule import Wish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskfarm_sdk import Run, RunStatus

LIST = "list"
_OPEN_S, _LISTED_S, _LIST_S = 2.0, 10.0, 10.0
_FINISHED_TIMES = 10
# Readings that are further apart than so many turns leave a gap in the chart.
_TURNS = 3


class RunRecord:
    """What was read of one run."""

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid
        self.status: RunStatus | None = None
        self.read_at: float | None = None
        self.asked_at = -math.inf
        self.is_gone = False
        self.trouble = ""
        self.scan: TaskScan | None = None
        self.pictures: tuple[Picture, ...] = ()
        self.completions: tuple[tuple[float, float], ...] = ()
        self._history = History()
        self._pace = Pace()

    def wish(self, *, is_open: bool) -> Wish:
        """Return how often the run is to be read.

        Args:
            is_open: whether somebody looks at its own page, not only at the list.
        """
        every_s = _OPEN_S if is_open else _LISTED_S
        is_over = self.is_gone or (self.status is not None and self.status.finished)
        every_s *= _FINISHED_TIMES if is_over else 1
        return Wish(self.uuid, every_s, self.asked_at, is_page=is_open)

    def add(self, status: RunStatus, now: float, *, turn_s: float) -> None:
        """Record a status.

        Args:
            status: the status.
            now: the time of a monotonic clock.
            turn_s: after how long it was to be read again.
        """
        if now - self.asked_at > _TURNS * turn_s:
            self.interrupt()
        self.status, self.read_at, self.asked_at = status, time.time(), now
        self.is_gone, self.trouble = False, ""
        self._history.add(self.read_at, status.done)
        self._pace.add(now, status)

    def interrupt(self) -> None:
        """Record that it is not known how the run goes on."""
        self._history.interrupt()

    def facts(self, now: float) -> RunFacts:
        """Return what is known of the run.

        Args:
            now: the time of a monotonic clock.
        """
        is_over = self.is_gone or self.status is None or self.status.finished
        return RunFacts(
            uuid=self.uuid,
            status=self.status,
            read_at=self.read_at,
            tasks_per_s=None if is_over else self._pace.tasks_per_s,
            left_s=None if is_over else self._pace.left_s(now),
            seen=self._history.seen,
            is_gone=self.is_gone,
            trouble=self.trouble,
            pictures=self.pictures,
            scan=None if self.scan is None else self.scan.facts,
            completions=self.completions,
        )


class RunsRecord:
    """The list of the server's runs."""

    def __init__(self) -> None:
        self.runs: Sequence[Run] | None = None
        self.read_at: float | None = None
        self.asked_at = -math.inf

    def wish(self) -> Wish:
        """Return how often the list is to be read."""
        return Wish(LIST, _LIST_S, self.asked_at)

    def add(self, runs: Sequence[Run], now: float) -> None:
        """Record the runs of the server, the newest of which comes last."""
        self.runs, self.read_at, self.asked_at = runs[::-1], time.time(), now

    def part(self, number: int) -> Sequence[Run]:
        """Return the runs of a part of the list, newest first."""
        return (self.runs or ())[number * RUNS_PER_PART : (number + 1) * RUNS_PER_PART]

    def facts(self, number: int, records: Mapping[str, RunRecord]) -> ListFacts:
        """Return what is known of a part of the list."""
        if self.runs is None:
            return ListFacts(part=number)
        lines = (
            RunLine(
                uuid=run.uuid,
                num_tasks_text=run.num_tasks_text,
                status=records[run.uuid].status if run.uuid in records else None,
            )
            for run in self.part(number)
        )
        return ListFacts(
            lines=tuple(lines),
            num_runs=len(self.runs),
            part=number,
            num_parts=max(1, math.ceil(len(self.runs) / RUNS_PER_PART)),
            read_at=self.read_at,
        )
