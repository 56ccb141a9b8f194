"""Names and formats in the folder of `--results` or `--log`, and the reader of what was kept there.

The folder holds `taskfarm.json`, which says what it is for (`identity`). `--results` keeps a folder
for each item, named by its number, with the files `stdout`, `stderr` and `exit`. `--log` keeps two
files of each workTF: `HOST-PID-RANDOM.log` with all output, and `HOST-PID-RANDOM.index` with a line
of JSON for each attempt. Folders of earlier releases lack `taskfarm.json`, and the random part, the
item and the time in the names and lines of `--log`: there an item's number is its task's.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

LOG, INDEX = ".log", ".index"
STDOUT, STDERR, EXIT = "stdout", "stderr", "exit"
# What is read at a time of an output.
BLOCK_BYTES = 1 << 20
# The exit status as a shell reports it after a signal.
STATUS_OF_SIGNALS = 128
# No attempt ends later, in seconds since the epoch; a number beyond it is none of workTF's.
LATEST_S = 1e11


class Output(NamedTuple):
    """One stream of an attempt: a stretch of a file.

    Attributes:
        path: the file.
        offset: where it begins there.
        length: how many bytes it has; None for all up to the file's end.
    """

    path: str
    offset: int = 0
    length: int | None = None

    def blocks(self) -> Iterator[bytes]:
        """Yield the content, a part at a time.

        Raises:
            OSError: the file cannot be read.
        """
        with open(self.path, "rb") as file:  # noqa: PTH123 - a million paths need no more than text
            file.seek(self.offset)
            left = self.length
            while content := file.read(BLOCK_BYTES if left is None else min(left, BLOCK_BYTES)):
                left = None if left is None else left - len(content)
                yield content


class Record(NamedTuple):
    """An attempt at an item that has ended.

    Attributes:
        item: the item's number.
        attempt: which attempt at its task it was, from 1; None where only the last one is kept.
        exit: the command's exit status as a shell reports it, 128 and more after a signal.
        stdout: what it wrote there.
        stderr: the same.
        ended_at: when it ended, in seconds since the epoch; 0 where that is not kept.
    """

    item: int
    attempt: int | None
    exit: int
    stdout: Output
    stderr: Output
    ended_at: float = 0.0

    @property
    def rank(self) -> tuple[bool, float, int]:
        """The order among the records of an item, of which the greatest counts.

        Attempts alone do not tell the last one: after a reset they are counted from 1 again.
        """
        return self.exit == 0, self.ended_at, self.attempt or 0


class _Late(NamedTuple):
    """Lines of an index that may be read only in part so far.

    Attributes:
        start: where they begin in the index.
        end: where they end.
        log_bytes: how large the log was, which lacked what they tell of; None if bytes of the lines
            themselves were missing.
    """

    start: int
    end: int
    log_bytes: int | None


class IndexFile:
    """The index of one workTF; each call of `records` goes on where the last one ended.

    On a network file system another machine may see a file's new size before its new bytes, which
    are zeros until then, and an index before its log. Such lines are read again; a line without
    zeros that is no record is damaged for good.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = str(path.with_suffix(LOG))
        self._next = 0
        self._late: list[_Late] = []

    @property
    def is_cut(self) -> bool:
        """Whether what was read may be gone, because the file was cut or removed."""
        return _size(str(self._path)) < self._next

    def records(self) -> Iterator[Record]:
        """Yield what was added since the last time, and what was late then.

        A line without an end is read once it has one.

        Raises:
            OSError: the file cannot be read; the next call begins anew.
        """
        due = [late for late in self._late if self._may_be_here(late)]
        if not due and _size(str(self._path)) == self._next:
            return
        self._late = [late for late in self._late if late not in due]
        try:
            with self._path.open("rb") as file:
                for late in due:
                    yield from self._read(file, late.start, late.end)
                yield from self._read(file, self._next)
        except OSError:
            self._next, self._late = 0, []
            raise

    def _may_be_here(self, late: _Late) -> bool:
        return late.log_bytes is None or late.log_bytes != _size(self._log)

    def _read(self, file: BinaryIO, start: int, end: int | None = None) -> Iterator[Record]:
        """Yield the records of lines up to an end; without one, of all that were never read."""
        file.seek(start)
        log_bytes = -1
        for line in file:
            if start == end or not line.endswith(b"\n"):
                return
            begin, start = start, start + len(line)
            if end is None:
                self._next = start
            record = record_of(line, self._log)
            if record is None:
                if b"\0" in line:
                    self._note_late(_Late(begin, start, None))
                continue
            if log_bytes < _end_of(record):
                log_bytes = _size(self._log)
            if log_bytes >= _end_of(record):
                yield record
            else:
                self._note_late(_Late(begin, start, log_bytes))

    def _note_late(self, late: _Late) -> None:
        """Add lines, joined with the last if they touch: they may be many."""
        if self._late:
            last = self._late[-1]
            if (last.end, last.log_bytes) == (late.start, late.log_bytes):
                late = self._late.pop()._replace(end=late.end)
        self._late.append(late)


def log_name() -> str:
    """Return a new name for the log and the index of a workTF, without their endings."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def index_files(folder: Path) -> list[Path]:
    """Return the indexes in a folder, by name."""
    return sorted(folder.glob(f"*{INDEX}"))


def index_line(
    task: int,
    item: int,
    attempt: int,
    status: int,
    places: Sequence[tuple[int, int]],
    *,
    ended_at: float,
) -> bytes:
    """Return the line of an attempt in an index.

    Args:
        task: the task's number.
        item: the item's.
        attempt: which attempt at the task it was, from 1.
        status: the command's exit status, negative for a signal.
        places: offset and length of stdout and of stderr in the log.
        ended_at: when it ended, in seconds since the epoch.
    """
    facts: dict[str, object] = {"task": task, "item": item, "attempt": attempt, "exit": status}
    facts |= zip((STDOUT, STDERR), places, strict=True)
    facts["ended_at"] = round(ended_at, 3)
    return (json.dumps(facts) + "\n").encode()


def record_of(line: bytes, log: str) -> Record | None:
    """Return the record that a line of an index holds, or None if it holds none.

    Args:
        line: the line.
        log: the path of the log beside it.
    """
    try:
        facts = json.loads(line)
        item = facts.get("item", facts["task"])
        numbers = (item, facts["attempt"], *facts[STDOUT], *facts[STDERR])
        status, ended_at = facts["exit"], facts.get("ended_at", 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if len(numbers) != 6 or any(type(one) is not int or one < 0 for one in numbers):
        return None
    if type(status) is not int or type(ended_at) not in (int, float):
        return None
    if not 0 <= ended_at <= LATEST_S:
        return None
    _, attempt, *places = numbers
    out, err = Output(log, *places[:2]), Output(log, *places[2:])
    return Record(item, attempt, shown_status(status), out, err, ended_at)


def shown_status(status: int) -> int:
    """Return an exit status as a shell reports it.

    Args:
        status: negative for a signal.
    """
    return status if status >= 0 else STATUS_OF_SIGNALS - status


def item_folders(folder: Path) -> Iterator[int]:
    """Yield the numbers of the items that have a folder of their own, in any order."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_number(entry.name) and entry.is_dir():
                yield int(entry.name)


def exit_of(folder: str, item: int) -> int | None:
    """Return the exit status that an item's folder shows, or None while there is none.

    Args:
        folder: the folder of `--results`.
        item: the item's number.

    Raises:
        OSError: it is there, and cannot be read.
    """
    try:
        with open(f"{folder}/{item}/{EXIT}", "rb") as file:  # noqa: PTH123 - one for each item
            return int(file.read())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def records(folder: str | Path) -> Iterator[Record]:
    """Yield the attempts that a folder of `--results` or `--log` holds, in any order.

    An item may have several, in `--log`; `Record.rank` says which one counts. Attempts under way
    are not among them, nor such as a crash has cut.

    Raises:
        OSError: the folder or a file cannot be read.
    """
    place = Path(folder)
    for index in index_files(place):
        yield from IndexFile(index).records()
    for item in item_folders(place):
        record = record_in_folder(place, item)
        if record is not None:
            yield record


def record_in_folder(folder: Path, item: int) -> Record | None:
    """Return the record of an item that has a folder of its own; None while it has not ended.

    Args:
        folder: the folder of `--results`.
        item: the item's number.

    Raises:
        OSError: it is there, and cannot be read.
    """
    status = exit_of(str(folder), item)
    if status is None:
        return None
    own = f"{folder}/{item}"
    return Record(item, None, status, Output(f"{own}/{STDOUT}"), Output(f"{own}/{STDERR}"))


def holds_output(folder: Path) -> bool:
    """Return whether a folder holds output of any run."""
    if not folder.is_dir():
        return False
    return bool(index_files(folder)) or any(True for _ in item_folders(folder))


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and (name == "0" or not name.startswith("0"))


def _end_of(record: Record) -> int:
    return max(one.offset + (one.length or 0) for one in (record.stdout, record.stderr))


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1
