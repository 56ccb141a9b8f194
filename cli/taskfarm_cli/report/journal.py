"""Read the journal of a run: the attempts in the files of a folder, one line at a time."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

OUTCOMES = ("completed", "failed", "failed for good", "released", "taken over")
FAILURES = frozenset({"failed", "failed for good"})
# No line of a journal is longer; a longer one is damaged, and is not kept in memory.
LONGEST_BYTES = 1 << 20
# Clocks of machines differ by more than this only if they are wrong, and the server's time has
# whole seconds.
CLOCKS_AGREE_S = 5.0
# Faster than json.loads, which guesses the encoding of each line.
_DECODE = json.JSONDecoder().decode
_LAST_S = 253402300799.0  # the end of the year 9999


class Attempt(NamedTuple):
    """One attempt at a task, as its line in the journal tells.

    Attributes:
        task: the task's number.
        number: which attempt it was, 1 for the first that counts.
        worker: the worker's UUID.
        host: its machine.
        pid: its process.
        slurm: the Slurm job, `123` or `123_4`, or an empty text.
        begin_s: when it began, as seconds since 1970 by the server's clock.
        end_s: when it ended, by the same clock.
        outcome: one of `OUTCOMES`.
        exit_status: a command's exit status, if one failed the attempt.
        message: why it failed; empty if it did not.
        failed_items: the items that failed, where the task is a chunk of items.
        is_shifted: whether the machine's clock was wrong, and its times are corrected.
    """

    task: int
    number: int
    worker: str
    host: str
    pid: int
    slurm: str
    begin_s: float
    end_s: float
    outcome: str
    exit_status: int | None
    message: str
    failed_items: tuple[int, ...]
    is_shifted: bool


class JournalReader:
    """Reads the attempts at the tasks of one run from a folder.

    Lines that are damaged or torn, and lines of other runs, are passed over and counted.

    Args:
        folder: the folder.
        run_uuid: the run's UUID.
        num_tasks: the number of its tasks.
    """

    def __init__(self, folder: Path, run_uuid: str, num_tasks: int) -> None:
        self._folder = folder
        self._run = run_uuid
        self._num_tasks = num_tasks
        self.read = 0
        self.damaged = 0
        self.of_other_runs = 0
        self.unreadable_files = 0

    def attempts(self) -> Iterator[Attempt]:
        """Yield the attempts, file by file.

        Raises:
            OSError: the folder cannot be read.
        """
        for path in sorted(self._folder.iterdir()):
            if path.suffix == ".jsonl":
                yield from self._of_file(path)

    def _of_file(self, path: Path) -> Iterator[Attempt]:
        try:
            # A pipe of that name would never end.
            if not stat.S_ISREG(path.stat().st_mode):
                return
            with path.open("rb") as file:
                while line := file.readline(LONGEST_BYTES):
                    if len(line) == LONGEST_BYTES and not line.endswith(b"\n"):
                        self.damaged += 1
                        _skip_line(file.readline)
                    elif not line.isspace() and (found := self._attempt(line)) is not None:
                        yield found
        except OSError:
            self.unreadable_files += 1

    def _attempt(self, line: bytes) -> Attempt | None:
        try:
            facts = _DECODE(line.decode())
            if facts["run"] != self._run:
                # A line that holds no run's name was damaged.
                self.of_other_runs += isinstance(facts["run"], str)
                self.damaged += not isinstance(facts["run"], str)
                return None
            found = attempt_of(facts)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            self.damaged += 1
            return None
        if found.task >= self._num_tasks:
            self.damaged += 1
            return None
        self.read += 1
        return found


def attempt_of(facts: dict[str, Any]) -> Attempt:
    """Return the attempt that a line's object tells.

    Raises:
        ValueError: a value cannot be one of a journal; so do the errors of Python for missing keys
            and other types.
    """
    begin_s, end_s, shift_s = _times(facts["start"], facts["end"], facts["server_end"])
    numbers = facts["task"], facts["attempt"], facts["pid"]
    if not all(map(_is_count, numbers)):
        raise ValueError("a number is none")
    worker, host, message = facts["worker"], facts["host"], facts["message"]
    if not (isinstance(worker, str) and isinstance(host, str)) or facts["outcome"] not in OUTCOMES:
        raise ValueError("a text is none")
    exit_status = facts["exit_status"]
    return Attempt(
        facts["task"],
        facts["attempt"],
        worker,
        host,
        facts["pid"],
        _slurm(facts),
        begin_s,
        end_s,
        facts["outcome"],
        exit_status if type(exit_status) is int else None,
        message if isinstance(message, str) else "",
        _items(facts.get("failed_items")),
        shift_s != 0,
    )


def _times(start: str, end: str, server_end: str | None) -> tuple[float, float, float]:
    begin_s, end_s = _seconds(start), _seconds(end)
    if server_end is None:
        return begin_s, end_s, 0.0
    shift_s = _seconds(server_end) - end_s
    if abs(shift_s) <= CLOCKS_AGREE_S:
        return begin_s, end_s, 0.0
    return begin_s + shift_s, end_s + shift_s, shift_s


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time zone is missing")
    seconds = moment.timestamp()
    if not 0 <= seconds <= _LAST_S:
        raise ValueError("no time of a run")
    return seconds


def _is_count(number: object) -> bool:
    return type(number) is int and number >= 0


def _slurm(facts: dict[str, Any]) -> str:
    job, array = facts.get("slurm_job"), facts.get("slurm_array_job")
    if type(array) is int and type(facts.get("slurm_array_task")) is int:
        return f"{array}_{facts['slurm_array_task']}"
    return str(job) if type(job) is int else ""


def _items(numbers: object) -> tuple[int, ...]:
    # Journals of earlier releases have no such field.
    if not isinstance(numbers, list) or not numbers:
        return ()
    found = cast("list[object]", numbers)
    return tuple(number for number in found if isinstance(number, int) and _is_count(number))


def _skip_line(readline: Any) -> None:
    while (more := readline(LONGEST_BYTES)) and not more.endswith(b"\n"):
        pass
