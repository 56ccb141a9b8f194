"""The runs that were created here, as lines of a fixed format and as blocks for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskfarm_cli.common.text import counted, cut, field, printable, shell_words
from taskfarm_cli.common.times import local, local_iso

if TYPE_CHECKING:
    from taskfarm_cli.common.run_files import RunNote

_NONE = "-"
_INDENT = "    "


def line_of_note(note: RunNote) -> str:
    """Return `NAME UUID URL CREATED TASKS ITEMS FINISHED FOLDER WHAT`.

    WHAT, the command or function, ends the line, and may contain blanks.
    """
    facts = (
        note.name or _NONE,
        note.run,
        note.url,
        note.time if note.created_s is None else local_iso(note.created_s),
        str(note.num_tasks),
        str(note.items),
        "finished" if note.finished else _NONE,
        note.folder,
    )
    return " ".join([*map(field, facts), _what(note)])


def block(note: RunNote, columns: int) -> list[str]:
    """Return the lines about a run, cut to a width; its UUID alone is never cut.

    Args:
        note: the run.
        columns: the width.
    """
    place = [f"at {printable(note.url)}", f"in {printable(note.folder)}"]
    together = f"{_INDENT}{' '.join(place)}"
    places = [together] if len(together) <= columns else [f"{_INDENT}{text}" for text in place]
    what = _what(note)
    lines = [_head(note), f"{_INDENT}{_size(note)}", *places]
    if what != _NONE:
        lines.append(f"{_INDENT}{what}")
    return [lines[0], *(cut(line, columns) for line in lines[1:])]


def _head(note: RunNote) -> str:
    when = printable(note.time) if note.created_s is None else local(note.created_s)
    return f"{printable(note.run)}  {when}"


def _size(note: RunNote) -> str:
    tasks = counted(note.num_tasks, "task")
    items = "" if note.items == note.num_tasks else f" of {counted(note.items, 'item')}"
    named = f"{note.name}  " if note.name is not None else ""
    return f"{named}{tasks}{items}{'  finished' if note.finished else ''}"


def _what(note: RunNote) -> str:
    """Return the command or function that computes an item, as one printable line."""
    if note.command is not None:
        return shell_words(note.command)
    return _NONE if note.function is None else printable(note.function)
