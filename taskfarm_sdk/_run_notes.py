"""Notes about the runs that this user created: what each is for, wherever it was created.

One small file of JSON for each run, of mode 0600, in a folder of mode 0700 of the user's state
folder. Where home folders are shared, so are the notes. Earlier versions kept them beside the saved
logins, where they are still read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from taskfarm_sdk import _secrets
from taskfarm_sdk._items.chunks import Chunks
from taskfarm_sdk._logging import log
from taskfarm_sdk.errors import ConfigurationError
from taskfarm_sdk.hidden import Hidden

# Removing a few at a time would read all of them for each new run.
MOST_NOTES = 1000
KEPT_OF_TOO_MANY = 900

_TEXT, _COUNT = (str,), (int,)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "run": _TEXT,
    "url": _TEXT,
    "num_tasks": _COUNT,
    "items": _COUNT,
    "chunk": _COUNT,
    "command": (list, type(None)),
    "shell": (bool,),
    "inputs_sha256": (str, type(None)),
    "function": (str, type(None)),
    "folder": _TEXT,
    "results": (str, type(None)),
    "time": _TEXT,
    "finished": (bool,),
}


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _here() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # it was removed under this process
        return ""


@attrs.frozen(kw_only=True)
class RunNote:
    """What a run was created for.

    Attributes:
        run: the run's UUID.
        url: the API's URL, without a user.
        num_tasks: the number of the run's tasks.
        items: the number of its items.
        chunk: the number of items in a task; the last one may have fewer.
        command: the words of the command that computes an item; None where a function does.
        shell: whether a shell runs it.
        inputs_sha256: the digest of the items, or None where there is none.
        function: the qualified name of the function that computes an item; None where a command
            does.
        folder: the folder in which the run was created.
        results: the folder that keeps results or output, if there is one.
        time: when, as ISO 8601 in UTC.
        finished: whether the run was seen finished, with nothing failed.
    """

    run: str
    url: str = attrs.field(converter=_without_user)
    num_tasks: int
    items: int
    chunk: int
    command: tuple[str, ...] | None = None
    shell: bool = False
    inputs_sha256: str | None = None
    function: str | None = None
    folder: str = attrs.field(factory=_here)
    results: str | None = None
    time: str = attrs.field(factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    finished: bool = False

    @property
    def chunks(self) -> Chunks | None:
        """The items of each task; None if the numbers do not fit together."""
        try:
            return Chunks(self.items, self.num_tasks)
        except ConfigurationError:
            return None

    def to_json(self) -> str:
        """Return the content of a file that holds it."""
        return json.dumps(attrs.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> RunNote | None:
        """Return the note in a file, also of an earlier version; None if it holds none."""
        try:
            found = dict(json.loads(text))
            # Before there were chunks, each task was an item.
            facts: dict[str, Any] = {
                "items": found["num_tasks"],
                "chunk": 1,
                **{name: value for name, value in found.items() if name in _KINDS},
            }
            if not all(_fits(value, _KINDS[name]) for name, value in facts.items()):
                return None
            words = facts.get("command")
            facts["command"] = None if words is None else tuple(str(word) for word in words)
            return cls(**facts)
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def note_path(run: str) -> Path:
    """Return the file for a run's note."""
    return _folder() / f"{run}.json"


def write(note: RunNote) -> None:
    """Write a run's note, in one step.

    The work goes on without a note: an error is logged, once in a process.
    """
    try:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _secrets.write(note_path(note.run), Hidden(note.to_json()))
        _forget_oldest()
    except OSError as error:
        _say_not_noted(str(error.filename or ""), error.strerror or str(error))


def find(run: str) -> RunNote | None:
    """Return the note of a run, or None if there is none."""
    located = locate(run)
    return None if located is None else located[0]


def chunks_of(run: str, num_tasks: int) -> Chunks | None:
    """Return the items of each task of a run, as its note tells; None if none does.

    Args:
        run: the run's UUID.
        num_tasks: how many tasks it has: a note of another number tells nothing of it.
    """
    note = find(run)
    chunks = None if note is None else note.chunks
    return chunks if chunks is not None and chunks.tasks == num_tasks else None


def locate(run: str) -> tuple[RunNote, Path] | None:
    """Return the note of a run and its file, or None if there is none."""
    for folder in _folders():
        path = folder / f"{run}.json"
        note = read(path)
        if note is not None and note.run == run:
            return note, path
    return None


def read(path: Path) -> RunNote | None:
    """Return the note in a file, or None if the file is missing or holds none."""
    try:
        return RunNote.from_json(path.read_bytes())
    except OSError:
        return None


def all_notes() -> Iterator[RunNote]:
    """Yield all notes, in the order of the runs' UUIDs, those of an earlier version last."""
    for path in _files():
        note = read(path)
        if note is not None and note.run == path.stem:
            yield note


def note_finished(run: str) -> None:
    """Note that a run was seen finished with nothing failed, if it has a note."""
    note = find(run)
    if note is not None and not note.finished:
        write(attrs.evolve(note, finished=True))


def forget(run: str) -> None:
    """Remove the note of a run, which was deleted, if there is one."""
    for folder in _folders():
        with suppress(OSError):
            (folder / f"{run}.json").unlink()


def _folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("taskfarm", appauthor=False)) / "runs"


def _folders() -> Iterator[Path]:
    yield _folder()
    from taskfarm_sdk.logins import login_file

    with suppress(ConfigurationError):
        yield login_file().parent / "runs"


def _files() -> Iterator[Path]:
    for folder in _folders():
        with suppress(OSError):
            yield from sorted(folder.glob("*.json"))


def _forget_oldest() -> None:
    """Where there are too many notes, remove those of finished runs first, then the oldest."""
    paths = list(_folder().glob("*.json"))
    if len(paths) <= MOST_NOTES:
        return
    dated: list[tuple[bool, float, Path]] = []
    for path in paths:
        with suppress(OSError):  # another process may have removed it
            note = read(path)
            dated.append((note is not None and not note.finished, path.stat().st_mtime, path))
    for *_, path in sorted(dated)[: max(0, len(dated) - KEPT_OF_TOO_MANY)]:
        with suppress(OSError):
            path.unlink()


def _fits(value: object, kinds: tuple[type, ...]) -> bool:
    if kinds == _COUNT:
        return type(value) is int and value >= 1
    return isinstance(value, kinds)


@cache
def _say_not_noted(path: str, why: str) -> None:
    log.warning(
        "what runs are for cannot be noted in '%s' (%s), so `manageTF` shows their tasks, not "
        "their items, and other inputs are not recognised",
        path,
        why,
    )
