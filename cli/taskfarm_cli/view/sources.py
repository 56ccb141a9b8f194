"""The sources of the states of a run's tasks: journals, a results folder, a scan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskfarm_cli.outcomes.chunks import chunks_of
from taskfarm_cli.outcomes.states import difference
from taskfarm_cli.view.journals import Journals, RunJournal
from taskfarm_cli.view.results import ResultsFolder

if TYPE_CHECKING:
    from taskfarm_cli.view.facts import Picture
    from taskfarm_cli.view.records import RunRecord
    from taskfarm_sdk._items.chunks import Chunks

# Files are read and drawn for at most one tenth of the time; half of it until all was read once.
_REST_PER_LOOK, _FIRST_REST_PER_LOOK = 9, 1
_LEAST_REST_S = 1.0


class Sources:
    """The folders of a command line, and the scans that readers asked for.

    Args:
        journals: the folder of the journals, or None.
        results: the results folder, or None.
    """

    def __init__(self, journals: Journals | None, results: ResultsFolder | None) -> None:
        self._journals = journals
        self._results = results
        self._next_at: dict[str, float] = {}
        self._settled: dict[str, tuple[float | None, int]] = {}

    def look(self, record: RunRecord) -> None:
        """Renew the pictures of a run, if the last look is long enough ago."""
        begun = time.monotonic()
        if begun < self._next_at.get(record.uuid, begun):
            return
        self._renew(record)
        took_s = time.monotonic() - begun
        self._next_at[record.uuid] = time.monotonic() + self._rest_s(took_s)

    def chunks(self, uuid: str, num_tasks: int) -> Chunks | None:
        """Return the items of each task of a run, as its results folder or its note tells."""
        num_items = None if self._results is None else self._results.num_items(uuid)
        return chunks_of(uuid, num_tasks, num_items)

    def forget(self, uuid: str) -> None:
        """Forget when a run was looked at."""
        self._next_at.pop(uuid, None)
        self._settled.pop(uuid, None)

    def _rest_s(self, took_s: float) -> float:
        if self._journals is not None and not self._journals.is_complete:
            return _FIRST_REST_PER_LOOK * took_s
        return max(_LEAST_REST_S, _REST_PER_LOOK * took_s)

    def _renew(self, record: RunRecord) -> None:
        pictures: list[Picture] = []
        if self._journals is not None:
            settled = self._settled_before(record, self._journals.of(record.uuid))
            self._journals.look()
            journal, fault = self._journals.of(record.uuid), self._journals.fault
            if journal is None and fault:
                journal = RunJournal()
            if journal is not None and record.status is not None:
                is_read = self._journals.is_complete
                differs = _differs(record.status.done, settled, journal.settled) * is_read
                pictures.append(
                    journal.picture(
                        record.status.num_tasks,
                        is_whole=is_read and not fault,
                        before=" ".join(filter(None, (fault, differs))),
                    )
                )
                record.completions = tuple(journal.throughput())
        if self._results is not None:
            found = self._results.picture(record.uuid)
            pictures += [] if found is None else [found]
        scan = record.scan
        if scan is not None:
            pictures.append(scan.picture())
        record.pictures = tuple(pictures)

    def _settled_before(self, record: RunRecord, journal: RunJournal | None) -> int:
        """Return how many tasks the journal had settled when the run's status was asked for."""
        read_at, settled = self._settled.get(record.uuid, (None, 0))
        if read_at != record.read_at:
            # What the last look found was there before this status.
            settled = 0 if journal is None else journal.settled
            self._settled[record.uuid] = record.read_at, settled
        return settled


def _differs(done: int, before: int, after: int) -> str:
    """Return the sentence about counts that differ for more than the time between two readings.

    Args:
        done: how many tasks were done by the server.
        before: how many were settled by the journal before the server was asked.
        after: how many are by now.
    """
    return "" if before <= done <= after else difference(before if done < before else after, done)
