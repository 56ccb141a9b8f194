"""The table of `workTF --show DIR --csv FILE`: a row for each item, its input and its output."""

from __future__ import annotations

import csv
import secrets
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from taskfarm_cli.common.exit_status import UsageError
from taskfarm_cli.common.guard import complain
from taskfarm_cli.work.command_line.arguments import PROGRAM
from taskfarm_cli.work.commands.identity import read_identity
from taskfarm_cli.work.sources.origin import files_of, load_again

if TYPE_CHECKING:
    from taskfarm_cli.work.commands.identity import Identity
    from taskfarm_cli.work.commands.kept_items import Output, Record
    from taskfarm_cli.work.show.streams import Reader
    from taskfarm_cli.work.sources.inputs import Inputs

ITEM, OF_ATTEMPTS = "item", ("attempt", "exit", "stdout", "stderr")
INPUT = "input"
# Before the name of an input's column, where the table has one of that name.
PREFIX = "input_"

Write = Callable[[int, "Record | None"], object]


@contextmanager
def written(path: Path, folder: Path, reader: Reader) -> Generator[Write]:
    """Write a table; yields what writes the row of an item. Bytes of outputs stay as they are.

    Args:
        path: the file, which is replaced once the table is whole.
        folder: the folder that the items are from; its inputs' columns are in the table if they
            can be read again as they were.
        reader: reads the outputs.

    Raises:
        UsageError: the file is one that the inputs are from.
        OSError: the folder cannot be read, or the file cannot be written.
    """
    identity = read_identity(folder)
    _refuse_input(path, identity)
    inputs = _inputs_of(folder, identity)
    names = () if inputs is None else inputs.columns.names or (INPUT,)

    def write(item: int, record: Record | None) -> None:
        of_input = () if inputs is None else _values(inputs, item)
        attempts = ("",) * len(OF_ATTEMPTS) if record is None else _of_attempts(record, reader)
        writer.writerow((item, *of_input, *attempts))

    with _replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow((ITEM, *_headed(names), *OF_ATTEMPTS))
        yield write


def _refuse_input(path: Path, identity: Identity | None) -> None:
    """Refuse to write over what a run computes, which `--csv` names on its command line."""
    if identity is None or identity.inputs is None or not path.exists():
        return
    for file in files_of(identity.inputs):
        with suppress(OSError):  # it is gone
            if path.samefile(file):
                raise UsageError(
                    f"--csv {path}: the items have their inputs from this file, and with --show it "
                    "is the file to write: name another"
                )


@contextmanager
def _replacing(path: Path) -> Generator[TextIO]:
    """Open a file that takes its place once it is written."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        # A device, a pipe, or a name of one: nothing can take its place.
        with _opened(path, "w", path) as file:
            yield file
        return
    beside = path.with_name(f".taskfarm-{secrets.token_hex(4)}")
    try:
        with _opened(beside, "x", path) as file:
            yield file
        with suppress(FileNotFoundError):
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink()


def _opened(path: Path, mode: Literal["w", "x"], named: Path) -> TextIO:
    """Open a file; an error names the one that the user knows."""
    try:
        return path.open(mode, encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(named)) from error


def _inputs_of(folder: Path, identity: Identity | None) -> Inputs | None:
    if identity is None or identity.inputs is None:
        return None
    inputs = load_again(identity.inputs, identity.inputs_sha256)
    if inputs is not None and len(inputs) == identity.items:
        return inputs
    complain(
        PROGRAM,
        f"{folder}: the table has no columns of the inputs, which are gone or have changed since",
    )
    return None


def _headed(names: Sequence[str]) -> list[str]:
    """Return the names as they are, or with a prefix where the table has one of that name."""
    own = {ITEM, *OF_ATTEMPTS}
    headed: list[str] = []
    for name in names:
        shown = name
        while shown in own or (shown != name and shown in names):
            shown = PREFIX + shown
        headed.append(shown)
    return headed


def _values(inputs: Inputs, item: int) -> Sequence[str]:
    found = inputs.at(item)
    return tuple(found.values[name] for name in inputs.columns.names) or (found.text,)


def _of_attempts(record: Record, reader: Reader) -> tuple[object, ...]:
    def text(output: Output) -> str:
        whole = reader.whole(output).decode(errors="surrogateescape")
        return whole.removesuffix("\n").removesuffix("\r")

    attempt = "" if record.attempt is None else record.attempt
    return attempt, record.exit, text(record.stdout), text(record.stderr)
