"""The record that counts of each item in a folder of `--results` or `--log`."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from taskfarm_cli.work.commands.kept_items import (
    STDERR,
    STDOUT,
    Output,
    Record,
    read_identity,
    records,
)

# What the arrays hold; a number beyond it is no record of workTF's.
_MOST = 2**31 - 1
_NOTHING, _OWN_FOLDER = -1, -2


class Kept:
    """The records that count, in 44 bytes each, whatever the number of items and attempts.

    Args:
        folder: the folder that they are from.
        found: the records, in any order.
        items: the number of the run's items; None if it is not known.
    """

    def __init__(self, folder: str, found: Iterable[Record], items: int | None) -> None:
        self._folder = folder
        self._items = items
        self._rows: dict[int, int] = {}
        self._logs: list[str] = []
        self._file = array("i", [_NOTHING]) * (items or 0)
        self._attempt = array("i", [0]) * (items or 0)
        self._exit = array("i", [0]) * (items or 0)
        self._places = array("q", [0]) * (4 * (items or 0))
        self._numbers: dict[str, int] = {}
        for record in found:
            self.add(record)

    @classmethod
    def of(cls, folder: Path) -> Kept:
        """Read a folder.

        Raises:
            OSError: it cannot be read.
        """
        identity = read_identity(folder)
        items = None if identity is None else identity.items
        return cls(str(folder), records(folder), items)

    @property
    def num_items(self) -> int | None:
        """The number of the run's items; None if it is not known."""
        return self._items

    def numbers(self) -> Sequence[int]:
        """Return the numbers of all items, or, if these are not known, of those with a record."""
        return sorted(self._rows) if self._items is None else range(self._items)

    def record(self, item: int) -> Record | None:
        """Return the record that counts of an item; None if it has none."""
        row = self._rows.get(item) if self._items is None else item
        if row is None or not 0 <= row < len(self._file) or self._file[row] == _NOTHING:
            return None
        if self._file[row] == _OWN_FOLDER:
            own = f"{self._folder}/{item}"
            out, err = Output(f"{own}/{STDOUT}"), Output(f"{own}/{STDERR}")
            return Record(item, None, self._exit[row], out, err)
        log = self._logs[self._file[row]]
        places = self._places[4 * row : 4 * row + 4]
        out, err = Output(log, *places[:2]), Output(log, *places[2:])
        return Record(item, self._attempt[row], self._exit[row], out, err)

    def counts(self) -> tuple[int, int]:
        """Return how many items succeeded, and how many failed."""
        known = len(self._file) - self._file.count(_NOTHING)
        done = sum(
            1
            for file, status in zip(self._file, self._exit, strict=True)
            if file != _NOTHING and status == 0
        )
        return done, known - done

    def status(self, item: int) -> int | None:
        """Return the exit status that counts of an item; None if it has no record."""
        row = self._rows.get(item) if self._items is None else item
        if row is None or not 0 <= row < len(self._file) or self._file[row] == _NOTHING:
            return None
        return self._exit[row]

    def statuses(self) -> Iterator[int | None]:
        """Yield the exit status that counts of each item, in the order of `numbers`."""
        if self._items is None:
            yield from map(self.status, self.numbers())
            return
        for file, status in zip(self._file, self._exit, strict=True):
            yield None if file == _NOTHING else status

    def add(self, record: Record) -> None:
        """Take note of a record; of each item the best counts, and of equal ones the last."""
        numbers = self._numbers
        item, attempt = record.item, record.attempt
        if not (-_MOST <= record.exit <= _MOST and (attempt or 0) <= _MOST):
            return
        row = self._row(item)
        if row is None or self._has_better(row, record):
            return
        self._exit[row] = record.exit
        self._attempt[row] = attempt or 0
        if attempt is None:
            self._file[row] = _OWN_FOLDER
            return
        if record.stdout.path not in numbers:
            numbers[record.stdout.path] = len(self._logs)
            self._logs.append(record.stdout.path)
        self._file[row] = numbers[record.stdout.path]
        for place, output in enumerate((record.stdout, record.stderr)):
            self._places[4 * row + 2 * place] = output.offset
            self._places[4 * row + 2 * place + 1] = output.length or 0

    def _row(self, item: int) -> int | None:
        if self._items is not None:
            return item if item < self._items else None
        row = self._rows.setdefault(item, len(self._rows))
        if row == len(self._file):
            self._file.append(_NOTHING)
            self._attempt.append(0)
            self._exit.append(0)
            self._places.extend((0, 0, 0, 0))
        return row

    def _has_better(self, row: int, record: Record) -> bool:
        if self._file[row] == _NOTHING:
            return False
        # As `Record.rank` orders them; among equal ones the last counts.
        return (self._exit[row] == 0, self._attempt[row]) > record.rank
