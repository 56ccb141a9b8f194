"""The files that describe a run: `taskfarm-UUID.json` beside the work, and the note about the run.

Both hold the same. The note is in the user's state folder, so it is found from any folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from taskfarm_sdk import _finished_runs, _run_notes
from taskfarm_sdk._name_claims import claimed
from taskfarm_sdk._run_names import check_name, is_name
from taskfarm_sdk._run_notes import (
    RunNote,
    may_write,
    named,
    notes_folder,
    unname,
    unreadable,
)

if TYPE_CHECKING:
    from taskfarm_sdk import Run
    from taskfarm_sdk._items.chunks import Chunks

__all__ = [
    "RunItems",
    "RunNote",
    "beside",
    "check_name",
    "claimed",
    "deciding_folder",
    "finish",
    "forget",
    "history",
    "is_name",
    "is_named",
    "items_of",
    "known",
    "may_write",
    "named",
    "noted_items",
    "notes_folder",
    "notes_of",
    "of_this_folder",
    "reopen",
    "unname",
    "unreadable",
    "write",
    "write_note",
]

PREFIX, SUFFIX = "taskfarm-", ".json"


class RunItems(NamedTuple):
    """What is known about the items of a run.

    Attributes:
        chunks: the items of each task.
        kept_in: the folder of their results or output, if it is known.
    """

    chunks: Chunks
    kept_in: str | None


def beside(run: str, folder: str = "") -> Path:
    """Return the file of a run in a folder; without one, in the current folder."""
    return Path(folder, f"{PREFIX}{run}{SUFFIX}")


def write(note: RunNote) -> None:
    """Write both files of a new run.

    Raises:
        OSError: the one in the current folder cannot be written; a missing note is only logged.
    """
    _run_notes.write(note)
    path = beside(note.run)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(note.to_json(), encoding="utf-8")
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def write_note(note: RunNote) -> bool:
    """Write only the note of a new run, and return whether that succeeded."""
    return _run_notes.write(note)


def is_named(run: str, name: str) -> bool:
    """Return whether a run has this name."""
    return any(note.run == run and note.name == name for note in named(name))


def history() -> list[RunNote]:
    """Return the notes of all runs that were created here, the newest last."""
    notes: dict[str, RunNote] = {}
    for one in _run_notes.all_notes():
        notes.setdefault(one.run, one)
    return sorted(notes.values(), key=lambda one: (one.created_s or 0.0, one.run))


def notes_of(url: str) -> dict[str, RunNote]:
    """Return the notes of the runs of a server that were created here, by their UUIDs."""
    return {one.run: one for one in history() if one.url == url}


def known(run: str) -> Iterator[tuple[RunNote, Path]]:
    """Yield what the files of a run hold, and where: the current folder's, then the note."""
    path = beside(run)
    note = _run_notes.read(path)
    if note is not None and note.run == run:
        yield note, path
    located = _run_notes.locate(run)
    if located is not None:
        yield located


def items_of(run: Run) -> RunItems | None:
    """Return what the files of a run tell about its items; None if they tell nothing."""
    return noted_items(run.uuid, run.num_tasks)


def noted_items(run: str, num_tasks: int) -> RunItems | None:
    """Return the same of the run with a UUID and a number of tasks."""
    for note, _ in known(run):
        chunks = note.chunks
        if chunks is not None and chunks.tasks == num_tasks:
            return RunItems(chunks, note.results)
    return None


def deciding_folder(run: Run) -> str | None:
    """Return the folder that decides which items of a run are open; None if none is known.

    The results of a function do so, and the output of commands in chunks of several.
    """
    for note, _ in known(run.uuid):
        if note.num_tasks == run.num_tasks and (note.function is not None or note.chunk > 1):
            return note.results
    return None


def of_this_folder() -> Iterator[RunNote]:
    """Yield what is known about each run that was created in the current folder."""
    here = str(Path.cwd())
    seen: set[str] = set()
    for path in sorted(Path().glob(f"{PREFIX}*{SUFFIX}")):
        note = _run_notes.read(path)
        if note is not None:
            seen.add(note.run)
            yield note
    for note in _run_notes.all_notes():
        if note.folder == here and note.run not in seen:
            seen.add(note.run)
            yield note


def finish(run: str) -> None:
    """Remove the file beside the work of a run that is finished with nothing failed; note that."""
    _remove_beside(run)
    _run_notes.note_finished(run)


def reopen(run: str) -> str | None:
    """Note that a run was reset: it is no longer known to be finished.

    Returns:
        A sentence about what could not be noted; None if all could.
    """
    left = _finished_runs.forget(run)
    if left is not None:
        return (
            f"run {run} is still noted as finished in {left}: until it is read again, `manageTF "
            "--list --unfinished` may leave it out here"
        )
    if not _run_notes.note_unfinished(run):
        return f"run {run} is still noted as finished, because its note cannot be written"
    return None


def forget(run: str) -> str | None:
    """Remove all files of a run that was deleted.

    Returns:
        A sentence about what is still there; None if nothing is.
    """
    _remove_beside(run)
    left = _run_notes.forget(run)
    # A run that the server does not have is in no list, whatever is noted of it.
    _finished_runs.forget(run)
    return None if left is None else f"what is noted about run {run} could not be removed: {left}"


def _remove_beside(run: str) -> None:
    note = _run_notes.find(run)
    for folder in {"", "" if note is None else note.folder}:
        path = beside(run, folder)
        there = _run_notes.read(path)
        if there is not None and there.run == run:
            with suppress(OSError):
                path.unlink()
