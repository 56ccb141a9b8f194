"""The record that the observer keeps of each run, and the facts that it makes of it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from taskfarm_cli.common.forecast import Forecast
from taskfarm_cli.view.facts import ListFacts, Picture, RunFacts, RunLine
from taskfarm_cli.view.history import History
from taskfarm_cli.view.places import RUNS_PER_PART
from taskfarm_cli.view.scans import TaskScan
from taskfarm_cli.view.schedule import Wish
from taskfarm_sdk._items.counts import ItemCount, items_done

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskfarm_sdk import Run, RunStatus
    from taskfarm_sdk._items.chunks import Chunks

LIST = "list"
_OPEN_S, _LISTED_S, _LIST_S = 2.0, 10.0, 10.0
_FINISHED_TIMES = 10
# Readings that are further apart than so many turns leave a gap in the chart, and what was read
# before so many is read at once when somebody opens a page of it.
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
        self.chunks: Chunks | None = None
        self._history = History()
        self._forecast = Forecast()

    def wish(self, *, is_open: bool) -> Wish:
        """Return how often the run is to be read.

        Args:
            is_open: whether somebody looks at its own page, not only at the list.
        """
        every_s = _OPEN_S if is_open else _LISTED_S
        is_over = self.is_gone or (self.status is not None and self.status.finished)
        every_s *= _FINISHED_TIMES if is_over else 1
        return Wish(self.uuid, every_s, self.asked_at, is_page=is_open)

    def know(self, chunks: Chunks | None) -> None:
        """Have items counted from the next status on, if these are what each task has several of.

        Args:
            chunks: the items of each task; None if they are not known.
        """
        if chunks is not None and chunks != self.chunks:
            self.chunks = chunks
            # What was seen before are tasks.
            self._history = History()
            self._forecast = Forecast(chunks)

    @property
    def items(self) -> ItemCount | None:
        """How many items have results; None where each task is one, or that is unknown."""
        return None if self.status is None else items_done(self.chunks, self.status)

    def add(self, status: RunStatus, now: float, *, turn_s: float) -> None:
        """Record a status.

        Args:
            status: the status.
            now: the time of a monotonic clock.
            turn_s: after how long it was to be read again.
        """
        # A run that goes from the list to a page of its own was seen all the while.
        if now - self.asked_at > _TURNS * max(turn_s, _LISTED_S):
            self.interrupt()
        self.status, self.read_at, self.asked_at = status, time.time(), now
        self.is_gone, self.trouble = False, ""
        items = self.items
        self._history.add(self.read_at, status.done if items is None else items.done)
        self._forecast.add(now, status)

    def fail(self, trouble: str, now: float) -> None:
        """Record that it could not be read: others have their turns first.

        Args:
            trouble: why.
            now: the time of a monotonic clock.
        """
        self.trouble, self.asked_at = trouble, now
        self.interrupt()

    def vanish(self, now: float) -> None:
        """Record that the server has no such run.

        Args:
            now: the time of a monotonic clock.
        """
        self.is_gone, self.asked_at = True, now
        self.interrupt()

    def interrupt(self) -> None:
        """Record that it is not known how the run goes on."""
        self._history.interrupt()
        # Its rate would be a mean over a time that nobody saw.
        self._forecast = Forecast(self.chunks)

    @property
    def is_being_scanned(self) -> bool:
        """Whether its tasks are being read."""
        return self.scan is not None and self.scan.facts.is_running

    def drop_scan(self) -> None:
        """Forget the reading of its tasks: they were changed."""
        scan, self.scan = self.scan, None
        if scan is not None:
            scan.stop()
        self.pictures = tuple(picture for picture in self.pictures if picture.origin != "scan")

    def expire(self, now: float) -> None:
        """Have an old reading count as none, so that the next one does not wait for its turn.

        Args:
            now: the time of a monotonic clock.
        """
        self.asked_at = _without_old(self.wish(is_open=False), now)

    def facts(self, now: float, *, is_away: bool) -> RunFacts:
        """Return what is known of the run.

        Args:
            now: the time of a monotonic clock.
            is_away: whether the server does not answer: then nothing is told of its pace.
        """
        scan = self.scan
        is_over = self.is_gone or self.status is None or self.status.finished
        is_known = not (is_over or is_away or self.trouble)
        estimate = self._forecast.estimate() if is_known else None
        left = "" if estimate is None else estimate.left_text(now)
        return RunFacts(
            uuid=self.uuid,
            status=self.status,
            read_at=self.read_at,
            rate=estimate.rate_text() if estimate is not None and left else "",
            left=left,
            seen=self._history.seen,
            is_gone=self.is_gone,
            trouble=self.trouble,
            pictures=self.pictures,
            scan=None if scan is None else scan.facts,
            completions=self.completions,
            chunks=self.chunks,
            items=self.items,
        )


class RunsRecord:
    """The list of the server's runs."""

    def __init__(self) -> None:
        self.runs: Sequence[Run] | None = None
        self.read_at: float | None = None
        self.asked_at = -math.inf
        self.trouble = ""

    def wish(self) -> Wish:
        """Return how often the list is to be read."""
        return Wish(LIST, _LIST_S, self.asked_at)

    def add(self, runs: Sequence[Run], now: float) -> None:
        """Record the runs of the server, the newest of which comes last."""
        self.runs, self.read_at, self.asked_at = runs[::-1], time.time(), now
        self.trouble = ""

    def fail(self, trouble: str, now: float) -> None:
        """Record that it could not be read: others have their turns first.

        Args:
            trouble: why.
            now: the time of a monotonic clock.
        """
        self.trouble, self.asked_at = trouble, now

    def expire(self, now: float) -> None:
        """Have an old reading count as none, as `RunRecord.expire` does."""
        self.asked_at = _without_old(self.wish(), now)

    def part(self, number: int) -> Sequence[Run]:
        """Return the runs of a part of the list, newest first."""
        return (self.runs or ())[number * RUNS_PER_PART : (number + 1) * RUNS_PER_PART]

    def facts(self, number: int, records: Mapping[str, RunRecord]) -> ListFacts:
        """Return what is known of a part of the list."""
        if self.runs is None:
            return ListFacts(part=number, trouble=self.trouble)
        return ListFacts(
            lines=tuple(_line(run, records.get(run.uuid)) for run in self.part(number)),
            num_runs=len(self.runs),
            part=number,
            num_parts=max(1, math.ceil(len(self.runs) / RUNS_PER_PART)),
            read_at=self.read_at,
            trouble=self.trouble,
        )


def _line(run: Run, record: RunRecord | None) -> RunLine:
    return RunLine(
        uuid=run.uuid,
        num_tasks_text=run.num_tasks_text,
        status=None if record is None else record.status,
        read_at=None if record is None else record.read_at,
        items=None if record is None else record.items,
    )


def _without_old(wish: Wish, now: float) -> float:
    return wish.read_at if now - wish.read_at <= _TURNS * wish.every_s else -math.inf
