"""Names and formats in the folder of `--results` or `--log`, and the reader of what was kept there.

The folder holds `taskfarm.json`: what it is for. `--results` keeps a folder for each item, named by
its number, with the files `stdout`, `stderr` and `exit`. `--log` keeps two files of each workTF:
`HOST-PID-RANDOM.log` with all output, and `HOST-PID-RANDOM.index` with a line of JSON for each
attempt. Folders of earlier releases lack `taskfarm.json`, and the random part and the item in the
names and lines of `--log`: there an item's number is its task's.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import attrs

IDENTITY = "taskfarm.json"
LOG, INDEX = ".log", ".index"
STDOUT, STDERR, EXIT = "stdout", "stderr", "exit"
# What is read at a time of an output.
BLOCK_BYTES = 1 << 20
# The exit status as a shell reports it after a signal.
STATUS_OF_SIGNALS = 128


@attrs.frozen
class Identity:
    """What a folder is for, as `taskfarm.json` says.

    Attributes:
        server: the API's URL.
        run: the run's UUID.
        items: how many items the run has.
        chunk: how many items each task has; the last may have fewer.
    """

    server: str
    run: str
    items: int
    chunk: int

    def to_json(self) -> str:
        """Return the content of the file."""
        return json.dumps(attrs.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Identity | None:
        """Return what a file says, or None if it is no such file."""
        try:
            facts = json.loads(text)
            server, run, items, chunk = (facts[field.name] for field in attrs.fields(cls))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        is_sound = isinstance(server, str) and isinstance(run, str)
        if not is_sound or type(items) is not int or type(chunk) is not int:
            return None
        return cls(server, run, items, chunk) if min(items, chunk) >= 1 else None


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
    """

    item: int
    attempt: int | None
    exit: int
    stdout: Output
    stderr: Output

    @property
    def rank(self) -> tuple[bool, int]:
        """The order among the records of an item, of which the greatest counts."""
        return self.exit == 0, self.attempt or 0


class IndexFile:
    """The index of one workTF; each call of `records` goes on where the last one ended.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = str(path.with_suffix(LOG))
        self._next = 0

    def records(self) -> Iterator[Record]:
        """Yield what was added since the last time.

        A line without an end is read once it has one. A damaged line is passed over, and one whose
        output is missing from the log, as after a power loss.

        Raises:
            OSError: the file cannot be read.
        """
        if _size(str(self._path)) == self._next:
            return
        with self._path.open("rb") as file:
            file.seek(self._next)
            log_bytes = -1
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._next += len(line)
                record = record_of(line, self._log)
                if record is None:
                    continue
                if log_bytes < _end_of(record):
                    log_bytes = _size(self._log)
                if log_bytes >= _end_of(record):
                    yield record


def log_name() -> str:
    """Return a new name for the log and the index of a workTF, without their endings."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def index_files(folder: Path) -> list[Path]:
    """Return the indexes in a folder, by name."""
    return sorted(folder.glob(f"*{INDEX}"))


def index_line(
    task: int, item: int, attempt: int, status: int, places: Sequence[tuple[int, int]]
) -> bytes:
    """Return the line of an attempt in an index.

    Args:
        task: the task's number.
        item: the item's.
        attempt: which attempt at the task it was, from 1.
        status: the command's exit status, negative for a signal.
        places: offset and length of stdout and of stderr in the log.
    """
    facts = {"task": task, "item": item, "attempt": attempt, "exit": status}
    return (json.dumps(facts | dict(zip((STDOUT, STDERR), places, strict=True))) + "\n").encode()


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
        status = facts["exit"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if len(numbers) != 6 or any(type(one) is not int or one < 0 for one in numbers):
        return None
    if type(status) is not int:
        return None
    _, attempt, *places = numbers
    out, err = Output(log, *places[:2]), Output(log, *places[2:])
    return Record(item, attempt, shown_status(status), out, err)


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


def read_identity(folder: Path) -> Identity | None:
    """Return what a folder is for, or None if it does not say it.

    Raises:
        OSError: its file cannot be read.
    """
    try:
        return Identity.from_json((folder / IDENTITY).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
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
