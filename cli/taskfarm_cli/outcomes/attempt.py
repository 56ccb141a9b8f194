"""Attempts at tasks, as lines of a journal tell them; no line makes a large one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple, cast

OUTCOMES = ("completed", "failed", "failed for good", "released", "taken over")
FAILURES = frozenset({"failed", "failed for good"})
# Clocks of machines differ by more than this only if they are wrong, and the server's time has
# whole seconds.
CLOCKS_AGREE_S = 5.0
# No machine's name is longer, by the rules of DNS; a worker's UUID has half as many characters.
MOST_HOST, MOST_WORKER = 253, 64
# A message holds a traceback; whoever wants all of a longer one reads the journal.
MOST_MESSAGE = 4000
# Nothing shows more of them.
MOST_ITEMS = 100
# Faster than json.loads, which guesses the encoding of each line.
_DECODE = json.JSONDecoder().decode
_LAST_S = 253402300799.0  # the end of the year 9999
# A number beyond it is no count, and can have thousands of digits.
_MOST_COUNT = 2**63


class Attempt(NamedTuple):
    """One attempt at a task, as its line in the journal tells.

    Texts are cut to `MOST_HOST`, `MOST_WORKER` and `MOST_MESSAGE` characters, so that what keeps
    attempts needs bounded memory for each.

    Attributes:
        run: the run's UUID.
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
        failed_items: the items that failed, where the task is a chunk of items; the first ones.
        is_shifted: whether the machine's clock was wrong, and its times are corrected.
    """

    run: str
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


def facts_of(line: bytes) -> dict[str, Any]:
    """Return the object of a line.

    Raises:
        ValueError: it is no JSON.
        TypeError: it is no object.
        RecursionError: it is nested without end.
    """
    facts = _DECODE(line.decode())
    if not isinstance(facts, dict):
        raise TypeError("no object")
    return cast("dict[str, Any]", facts)


def attempt_of(facts: dict[str, Any]) -> Attempt:
    """Return the attempt that a line's object tells.

    Raises:
        ValueError: a value cannot be one of a journal; so do the errors of Python for missing keys
            and other types.
    """
    begin_s, end_s, shift_s = _times(facts["start"], facts["end"], facts["server_end"])
    task, number, pid = facts["task"], facts["attempt"], facts["pid"]
    if not (_is_count(task) and _is_count(number) and _is_count(pid)):
        raise ValueError("a number is none")
    run, worker, host = facts["run"], facts["worker"], facts["host"]
    if not (isinstance(run, str) and isinstance(worker, str) and isinstance(host, str)):
        raise TypeError("a text is none")
    outcome, message, exit_status = facts["outcome"], facts["message"], facts["exit_status"]
    if outcome not in OUTCOMES:
        raise ValueError("no outcome")
    return Attempt(
        run,
        task,
        number,
        worker[:MOST_WORKER],
        host[:MOST_HOST],
        pid,
        _slurm(facts),
        begin_s,
        end_s,
        outcome,
        exit_status if _is_number(exit_status) else None,
        message[:MOST_MESSAGE] if isinstance(message, str) else "",
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
    return type(number) is int and 0 <= number < _MOST_COUNT


def _is_number(number: object) -> bool:
    return type(number) is int and -_MOST_COUNT < number < _MOST_COUNT


def _slurm(facts: dict[str, Any]) -> str:
    job, array = facts.get("slurm_job"), facts.get("slurm_array_job")
    if _is_number(array) and _is_number(facts.get("slurm_array_task")):
        return f"{array}_{facts['slurm_array_task']}"
    return str(job) if _is_number(job) else ""


def _items(numbers: object) -> tuple[int, ...]:
    # Journals of earlier releases have no such field.
    if not isinstance(numbers, list) or not numbers:
        return ()
    found = cast("list[object]", numbers)[:MOST_ITEMS]
    return tuple(number for number in found if isinstance(number, int) and _is_count(number))
