"""Write journals as workers do, with the lines that a test needs."""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RUN = "7ce1105e5f2b471a829dc9aef6bcfdb0"
START_S = 1_780_000_000.0
# Has a browser write from right to left, and needs six characters where it is escaped.
_TURNED = "\u202e"


def iso(time_s: float) -> str:
    """Return a time as journals hold it."""
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC).isoformat()


def facts(
    task: int = 0, *, begins_s: float = 0.0, took_s: float = 1.0, **other: Any
) -> dict[str, Any]:
    """Return the object of a line.

    Args:
        task: the task's number.
        begins_s: when the attempt began, in seconds after `START_S`.
        took_s: how long it took.
        other: other values of the line.
    """
    begin_s = START_S + begins_s
    return {
        "task": task,
        "attempt": 1,
        "worker": "a" * 32,
        "run": RUN,
        "start": iso(begin_s),
        "end": iso(begin_s + took_s),
        "server_end": None,
        "outcome": "completed",
        "exit_status": None,
        "message": None,
        "host": "node1",
        "pid": 100,
        "slurm_job": None,
        "slurm_array_job": None,
        "slurm_array_task": None,
        "slurm_restarts": None,
        **other,
    }


def failure(task: int, message: str, *, final: bool = False, **other: Any) -> dict[str, Any]:
    """Return the object of a failed attempt's line."""
    outcome = "failed for good" if final else "failed"
    return facts(task, outcome=outcome, message=message, **other)


def write(folder: Path, *lines: dict[str, Any] | bytes, name: str = "node1-100.jsonl") -> Path:
    """Write a file of a journal, and return the journal's folder."""
    folder.mkdir(exist_ok=True)
    parts = [one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in lines]
    (folder / name).write_bytes(b"".join(parts))
    return folder


def hostile_lines(count: int) -> Iterator[bytes]:
    """Yield lines of tasks 0 to `count`, each with a host and a message of its own.

    The first ones have texts of thousands of characters, and one has a message of 1 MB. A quarter
    of the attempts fail, and half of these for good.
    """
    words = itertools.product("abcdefghijklmnopqrst", repeat=5)
    outcomes = itertools.cycle(("completed",) * 6 + ("failed", "failed for good"))
    for number, word, outcome in zip(range(count), words, outcomes, strict=False):
        length = 1_000_000 if number == 7 else 5_000 if number < 2_000 else 1
        told = facts(
            number,
            begins_s=number / 10,
            took_s=1 + number % 100,
            outcome=outcome,
            host=f"node{number}{_TURNED * min(length, 5_000)}",
            worker=f"{number % 5_000:032x}",
            message=f"no {''.join(word)} here{'<' * length}",
        )
        yield json.dumps(told).encode() + b"\n"
