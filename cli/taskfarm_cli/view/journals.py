"""Read a folder of journals while they are written: outcomes and messages of a run's tasks."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from array import array
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from taskfarm_cli.common.text import counted, one_line
from taskfarm_cli.view.facts import MOST_FAILURES, MOST_MESSAGE, Failure, Picture, State

if TYPE_CHECKING:
    from taskfarm_sdk.charts import Timeline

# The server refuses larger runs; a line with a higher number is not a worker's.
MOST_TASKS = 10_000_000
# A part of a large journal is read at a time, so that the page is answered meanwhile.
MOST_BYTES = 4 * 1024 * 1024
# What each run costs is bounded, and so is their number.
MOST_RUNS = 1_000
_RUN = re.compile("[0-9a-f]{32}")
_NONE, _DONE, _WAITING, _FAILED = range(4)
_CODES = {"completed": _DONE, "failed": _WAITING, "failed for good": _FAILED}
_STATES: tuple[State, ...] = ("unknown", "done", "waiting", "failed")


class Journals:
    """The journals of a folder. Each look reads what was appended since.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._read: dict[str, int] = {}
        self._runs: dict[str, RunJournal] = {}
        self.is_complete = False

    @staticmethod
    def is_folder(path: str) -> bool:
        """Return whether there is a folder that can be read."""
        return Path(path).is_dir() and os.access(path, os.R_OK | os.X_OK)

    def look(self) -> None:
        """Read what is new, up to some megabytes; `is_complete` tells whether that was all.

        What cannot be read is left out, and read later if it can be by then.
        """
        left = MOST_BYTES
        for name in self._names():
            with suppress(OSError):
                left -= self._read_on(name)
            if left <= 0:
                break
        self.is_complete = left > 0

    def of(self, uuid: str) -> RunJournal | None:
        """Return what the journals tell about a run; None if they have no line of it."""
        return self._runs.get(uuid)

    def _names(self) -> list[str]:
        try:
            return sorted(path.name for path in self._folder.iterdir() if path.suffix == ".jsonl")
        except OSError:
            return []

    def _read_on(self, name: str) -> int:
        """Read the whole lines that follow in a file, and return how many bytes were read."""
        begin = self._read.get(name, 0)
        # Not blocking: a pipe in the folder would make the page wait for ever.
        descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size <= begin:
                return 0
            content = os.pread(descriptor, MOST_BYTES, begin)
        finally:
            os.close(descriptor)
        end = content.rfind(b"\n") + 1
        if not end and len(content) == MOST_BYTES:
            end = len(content)  # a line of megabytes is not a worker's
        self._read[name] = begin + end
        for line in content[:end].splitlines():
            self._add(line)
        return len(content)

    def _add(self, line: bytes) -> None:
        try:
            entry: object = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(entry, dict):
            return
        facts = cast("dict[str, object]", entry)
        uuid = facts.get("run")
        if isinstance(uuid, str) and _RUN.fullmatch(uuid) and self._has_room(uuid):
            self._runs.setdefault(uuid, RunJournal()).add(facts)

    def _has_room(self, uuid: str) -> bool:
        return uuid in self._runs or len(self._runs) < MOST_RUNS


class RunJournal:
    """The outcomes of one run's tasks: for each task the latest one counts."""

    def __init__(self) -> None:
        from taskfarm_sdk.charts import Timeline

        self._codes = bytearray()
        self._ends = array("d")
        self._failures: dict[int, Failure] = {}
        self.completions: Timeline = Timeline()

    def add(self, facts: dict[str, object]) -> None:
        """Record a line; one that no worker writes is left out."""
        number, code = facts.get("task"), _CODES.get(str(facts.get("outcome")))
        if type(number) is not int or not 0 <= number < MOST_TASKS or code is None:
            return
        end = _time(facts.get("end"))
        if code == _DONE:
            self.completions.add(end)
        self._reach(number)
        if end < self._ends[number]:
            return
        self._ends[number] = end
        self._codes[number] = code
        if code == _DONE:
            self._failures.pop(number, None)
        else:
            self._failures[number] = _failure(number, facts, is_final=code == _FAILED)
            if len(self._failures) > 4 * MOST_FAILURES:
                self._forget()

    def picture(self, num_tasks: int, *, is_whole: bool = True) -> Picture:
        """Return the states of the tasks.

        Args:
            num_tasks: how many tasks the run has.
            is_whole: whether the journals were read to their ends.
        """
        from taskfarm_sdk.charts import cells

        known = self._codes[:num_tasks]
        states: Iterator[tuple[State, float]] = ((_STATES[code], math.nan) for code in known)
        num_known = len(known) - known.count(_NONE)
        shown = sorted(self._failures.values(), key=lambda failure: failure.number)
        return Picture(
            origin="journal",
            noun="task",
            cells=tuple(cells(states, num_tasks=num_tasks)),
            failures=tuple(_finals_first(shown)),
            num_failed=known.count(_FAILED),
            is_whole=is_whole,
            remark=f"The journal has outcomes of {num_known} of {counted(num_tasks, 'task')}; "
            "whether another task waits or is being computed, it does not tell.",
        )

    def _reach(self, number: int) -> None:
        more = number + 1 - len(self._codes)
        if more > 0:
            self._codes.extend(bytes(more))
            self._ends.extend(array("d", [-math.inf]) * more)

    def _forget(self) -> None:
        """Forget the messages of the tasks with the highest numbers."""
        kept = _finals_first(sorted(self._failures.values(), key=lambda failure: failure.number))
        self._failures = {failure.number: failure for failure in kept}


def _finals_first(failures: list[Failure]) -> list[Failure]:
    return sorted(failures, key=lambda failure: not failure.is_final)[:MOST_FAILURES]


def _failure(number: int, facts: dict[str, object], *, is_final: bool) -> Failure:
    attempt, message = facts.get("attempt"), facts.get("message")
    return Failure(
        number=number,
        attempts=attempt if type(attempt) is int else 0,
        message=shortened(message) if isinstance(message, str) else None,
        is_final=is_final,
    )


def shortened(message: str) -> str:
    """Return a message as one printable line, cut if it is long."""
    # Cut first: a message of megabytes is not looked at whole.
    line = one_line(message[: 4 * MOST_MESSAGE])
    return line if len(line) <= MOST_MESSAGE else f"{line[: MOST_MESSAGE - 1]}…"


def _time(text: object) -> float:
    """Return a time of a journal in seconds since 1970, or -inf if it is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return -math.inf


def rates_of(timeline: Timeline, most: int = 120) -> Iterator[tuple[float, float]]:
    """Yield completions per second over time, as points of a chart."""
    begin_s, end_s = timeline.begin_s, timeline.end_s
    if not end_s > begin_s:
        return
    width_s = max((end_s - begin_s) / most, 1.0)
    for place, amount in enumerate(timeline.amounts(begin_s, end_s, width_s)):
        yield begin_s + (place + 0.5) * width_s, amount / width_s
