"""Follow a folder of journals while they are written: outcomes and messages of runs' tasks."""

from __future__ import annotations

import os
import re
from pathlib import Path

import attrs

from taskfarm_cli.common.text import counted, shortened
from taskfarm_cli.outcomes.attempt import FAILURES, Attempt
from taskfarm_cli.outcomes.journal import JournalReader
from taskfarm_cli.outcomes.rates import rates_of
from taskfarm_cli.outcomes.states import TaskStates
from taskfarm_cli.view.facts import MOST_FAILURES, MOST_MESSAGE, Failure, Picture
from taskfarm_sdk.charts import Timeline

# A part of a large journal is read at a time, so that the page is answered meanwhile.
MOST_BYTES = 4 * 1024 * 1024
# What each run costs is bounded, and so are their number and that of all tasks, of 9 bytes each.
MOST_RUNS = 1_000
MOST_TASKS_TOGETHER = 20_000_000
_RUN = re.compile("[0-9a-f]{32}")
_MOST_CELLS = 1000
_MOST_POINTS = 120


class Journals:
    """The journals of a folder. Each look reads what was appended since.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._reader = JournalReader(Path(folder))
        self._runs: dict[str, RunJournal] = {}
        self._num_tasks = 0
        self._is_full = False

    @staticmethod
    def is_folder(path: str) -> bool:
        """Return whether there is a folder that can be read."""
        return Path(path).is_dir() and os.access(path, os.R_OK | os.X_OK)

    @property
    def is_complete(self) -> bool:
        """Whether the last look read all that there was."""
        return self._reader.is_complete

    @property
    def fault(self) -> str:
        """A sentence about what is left out, or an empty text."""
        if not self._reader.is_folder_readable:
            return "The folder of the journal cannot be read at present."
        if self._is_full:
            return "The journal has more runs or tasks than viewTF keeps: some are left out."
        if unreadable := self._reader.unreadable_files:
            return f"{counted(unreadable, 'file')} of the journal cannot be read."
        return ""

    def look(self) -> None:
        """Read what is new, up to some megabytes."""
        for attempt in self._reader.read_on(MOST_BYTES):
            run = self._run_of(attempt)
            if run is None:
                continue
            self._num_tasks -= run.num_tasks
            run.add(attempt)
            self._num_tasks += run.num_tasks

    def _run_of(self, attempt: Attempt) -> RunJournal | None:
        """Return the run of an attempt, or None if there is no room for it."""
        run = self._runs.get(attempt.run)
        more = attempt.task + 1 - (0 if run is None else run.num_tasks)
        if run is None and not _RUN.fullmatch(attempt.run):
            return None
        has_room = run is not None or len(self._runs) < MOST_RUNS
        if not has_room or self._num_tasks + max(0, more) > MOST_TASKS_TOGETHER:
            self._is_full = True
            return None
        return self._runs.setdefault(attempt.run, RunJournal()) if run is None else run

    def of(self, uuid: str) -> RunJournal | None:
        """Return what the journals tell about a run; None if they have no line of it."""
        return self._runs.get(uuid)


class RunJournal:
    """The outcomes of one run's tasks."""

    def __init__(self) -> None:
        self._states = TaskStates()
        self._failures: dict[int, Failure] = {}
        self._completions = Timeline()

    def add(self, attempt: Attempt) -> None:
        """Record an attempt; of each task the latest one counts."""
        if attempt.outcome == "completed":
            self._completions.add(attempt.end_s)
        if not self._states.add(attempt):
            return
        number = attempt.task
        if attempt.outcome in FAILURES:
            self._failures[number] = _failure(attempt)
            if len(self._failures) > 4 * MOST_FAILURES:
                self._forget()
        elif attempt.outcome == "completed":
            self._failures.pop(number, None)
        elif number in self._failures:
            self._failures[number] = attrs.evolve(self._failures[number], is_final=False)

    @property
    def num_tasks(self) -> int:
        """How many tasks are kept: one more than the highest number of one."""
        return len(self._states)

    def throughput(self) -> list[tuple[float, float]]:
        """Return completions per second over time, as points of a chart."""
        begin_s, end_s = self._completions.begin_s, self._completions.end_s
        if not end_s > begin_s:
            return []
        return rates_of(self._completions, begin_s, end_s, most=_MOST_POINTS, least_s=1.0)

    @property
    def settled(self) -> int:
        """How many tasks are completed or failed for good."""
        return self._states.settled

    def picture(self, num_tasks: int, *, is_whole: bool = True, before: str = "") -> Picture:
        """Return the states of the tasks.

        Args:
            num_tasks: how many tasks the run has.
            is_whole: whether the journals were read to their ends.
            before: what is said first, as that the server's counts are others.
        """
        shown = sorted(self._failures.values(), key=lambda failure: failure.number)
        return Picture(
            origin="journal",
            noun="task",
            cells=tuple(self._states.cells("unknown", _MOST_CELLS, num_tasks)),
            failures=tuple(_finals_first(shown)),
            num_failed=self._states.failed,
            is_whole=is_whole,
            remark=f"{before} "
            * bool(before)
            + f"The journal has outcomes of {self._states.known} of "
            f"{counted(num_tasks, 'task')}; whether another task, or one that is tried again, "
            "waits or is being computed, it does not tell.",
        )

    def _forget(self) -> None:
        """Forget the messages of the tasks with the highest numbers."""
        kept = _finals_first(sorted(self._failures.values(), key=lambda failure: failure.number))
        self._failures = {failure.number: failure for failure in kept}


def _finals_first(failures: list[Failure]) -> list[Failure]:
    return sorted(failures, key=lambda failure: not failure.is_final)[:MOST_FAILURES]


def _failure(attempt: Attempt) -> Failure:
    return Failure(
        number=attempt.task,
        attempts=attempt.number,
        message=shortened(attempt.message, MOST_MESSAGE) if attempt.message else None,
        is_final=attempt.outcome == "failed for good",
    )
