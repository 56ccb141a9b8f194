"""Items of workTF, from the folder of its `--results` or `--log`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.text import one_line
from taskfarm_cli.outcomes.attempt import MOST_MESSAGE
from taskfarm_cli.outcomes.item_facts import DONE, FAILED, ItemFact
from taskfarm_cli.work.commands.kept_items import (
    IndexFile,
    Record,
    index_files,
    item_folders,
    read_identity,
    record_in_folder,
)
from taskfarm_cli.work.show.kept import Kept
from taskfarm_cli.work.show.streams import Reader


class CommandItems:
    """The items of a run of workTF; see `ItemsFolder`.

    Args:
        folder: the folder of its `--results` or `--log`.

    Attributes:
        run_uuid: the run's UUID.
        num_items: how many items the run has.

    Raises:
        UsageError: it is none.
        OSError: it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        identity = read_identity(folder)
        if identity is None:
            raise UsageError(f"--results: {str(folder)!r} is no folder of workTF's")
        self.run_uuid = identity.run
        self.num_items = identity.items
        self._folder = folder
        self._kept = Kept(str(folder), (), identity.items)
        self._indexes: dict[Path, IndexFile] = {}

    def states(self) -> bytearray:
        """Return the state of each item."""
        self._read_on()
        return bytearray(
            0 if status is None else DONE if status == 0 else FAILED
            for status in self._kept.statuses()
        )

    def fact(self, number: int) -> ItemFact | None:
        """Return what became of an item, by the last reading."""
        record = self._kept.record(number)
        if record is None:
            return None
        with Reader() as reader:
            return _fact(record, reader)

    def facts(self) -> Iterator[ItemFact]:
        """Yield what became of each item that has a result."""
        self._read_on()
        with Reader() as reader:
            for number in self._kept.numbers():
                if (record := self._kept.record(number)) is not None:
                    yield _fact(record, reader)

    def _read_on(self) -> None:
        for path in index_files(self._folder):
            for record in self._indexes.setdefault(path, IndexFile(path)).records():
                self._kept.add(record)
        for number in item_folders(self._folder):
            # What succeeded is not computed again; a failed item may be.
            if self._kept.status(number) == 0:
                continue
            if (found := record_in_folder(self._folder, number)) is not None:
                self._kept.add(found)


def _fact(record: Record, reader: Reader) -> ItemFact:
    failed = record.exit != 0
    message = f"exit status {record.exit}" if failed else ""
    if failed and (last := _last_line(record, reader)):
        message = f"{message}: {last}"
    return ItemFact(
        record.item, "", record.attempt, math.nan, failed, message[:MOST_MESSAGE], record.exit
    )


def _last_line(record: Record, reader: Reader) -> str:
    try:
        return one_line(reader.last_line(record.stderr))
    except OSError:  # the output was removed: the exit status stays
        return ""
