"""Show what the commands of items wrote, from a folder of `--results` or `--log`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.text import one_line
from taskfarm_cli.work.command_line.show_arguments import ShowOptions
from taskfarm_cli.work.commands.kept_items import Record
from taskfarm_cli.work.show import table
from taskfarm_cli.work.show.kept import Kept
from taskfarm_cli.work.show.streams import Reader, copy
from taskfarm_cli.work.show.summary import Summary


def show(options: ShowOptions) -> ExitStatus:
    """Show what is asked for.

    Raises:
        UsageError: there is no such item.
        CommandError: items failed or are missing; the rest was shown.
        OSError: the folder cannot be read, or the output not be written.
    """
    folder = Path(options.folder)
    kept = Kept.of(folder)
    summary = Summary(options.folder)
    with Reader() as reader:
        if options.failed:
            _each(kept, summary, lambda record: _list_failed(record, reader))
            return summary.end(has_listed=True)
        if options.csv is not None:
            with table.written(Path(options.csv), folder, reader) as write:
                _each(
                    kept,
                    summary,
                    lambda record: write(record.item, record),
                    missing=lambda item: write(item, None),
                )
            return summary.end()
        printer = _Printer(reader, tag=options.tag)
        if options.item is not None:
            return _one(options, kept, printer)
        _each(kept, summary, printer.show)
    return summary.end()


def _each(
    kept: Kept,
    summary: Summary,
    use: Callable[[Record], object],
    *,
    missing: Callable[[int], object] = lambda _: None,
) -> None:
    """Use the record of each item that has one, or its number, and count all."""
    for item in kept.numbers():
        record = kept.record(item)
        if record is None:
            summary.missing(item)
            missing(item)
            continue
        use(record)
        if record.exit == 0:
            summary.succeeded()
        else:
            summary.failed(item)


def _one(options: ShowOptions, kept: Kept, printer: _Printer) -> ExitStatus:
    """Show one item; its exit status counts."""
    item = options.item
    assert item is not None
    if kept.num_items is not None and item >= kept.num_items:
        raise UsageError(f"there is no item {item}: the run has items 0 to {kept.num_items - 1}")
    record = kept.record(item)
    if record is None:
        raise CommandError(
            f"{options.folder}: item {item} is not there, because no attempt at it has ended",
            ExitStatus.NOT_FINISHED,
        )
    printer.show(record)
    if record.exit == 0:
        return ExitStatus.OK
    raise CommandError(f"item {item} failed: exit status {record.exit}", ExitStatus.TASKS_FAILED)


class _Printer:
    """Prints what items wrote: stdout to stdout, stderr to stderr."""

    def __init__(self, reader: Reader, *, tag: bool) -> None:
        self._reader = reader
        self._tag = tag

    def show(self, record: Record) -> None:
        mark = b"%d\t" % record.item if self._tag else b""
        copy(self._reader.blocks(record.stdout), sys.stdout.buffer, mark)
        if record.stderr.length == 0:
            return
        # Where both are the same terminal or file, the order stays that of the items.
        sys.stdout.flush()
        copy(self._reader.blocks(record.stderr), sys.stderr.buffer, mark)
        sys.stderr.flush()


def _list_failed(record: Record, reader: Reader) -> None:
    if record.exit != 0:
        said = one_line(reader.last_line(record.stderr))
        print(record.item, record.exit, said, sep="\t")
