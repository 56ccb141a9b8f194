"""Notes about runs, beside the saved logins: what a run was created for, whatever the folder.

One small file of mode 0600 for each run. On a cluster, the nodes read them where they read the
login. The oldest are removed when there are many.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST_NOTES = 1000


def note_path(uuid: str) -> Path:
    """Return the file of a run's note."""
    return _folder() / f"{uuid}.json"


def write_note(uuid: str, text: str) -> None:
    """Write the note of a run, in one step.

    Raises:
        OSError: it cannot be written.
    """
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes it with mode 0600.
    handle, name = tempfile.mkstemp(dir=folder, prefix=".note-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(note_path(uuid))
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    _forget_oldest()


def forget_note(uuid: str) -> None:
    """Remove the note of a run that is finished or deleted, if there is one."""
    with suppress(OSError):
        note_path(uuid).unlink()


def all_notes() -> Iterator[Path]:
    """Return the files of all notes."""
    with suppress(OSError):
        yield from sorted(_folder().glob("*.json"))


def _folder() -> Path:
    from taskfarm_sdk.logins import login_file

    return login_file().parent / "runs"


def _forget_oldest() -> None:
    dated: list[tuple[float, Path]] = []
    for path in all_notes():
        with suppress(OSError):  # another workTF may have removed it
            dated.append((path.stat().st_mtime, path))
    for _, path in sorted(dated)[: max(0, len(dated) - MOST_NOTES)]:
        with suppress(OSError):
            path.unlink()
