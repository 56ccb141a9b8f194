"""Notes about the runs that this user created: what each is for, wherever it was created.

One small file of JSON for each run, of mode 0600, in a folder of mode 0700 of the user's state
folder. Where home folders are shared, so are the notes. Earlier versions kept them beside the saved
logins, where they are still read.

A run may have a name, which its user chose when creating it. The name of the file begins with it,
so that shells complete names by listing the folder, and note and name come and go in one step.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
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
from taskfarm_sdk._machines import is_here, machine_of
from taskfarm_sdk._run_names import is_name
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
    "name": (str, type(None)),
    "host": (str, type(None)),
}
_BEFORE_UUID = "@"
# Of other years some moments have no local time.
_YEARS = range(1971, 9999)


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
        name: the run's name, or None.
        host: for a loopback URL, the name of its machine, because machines that share home folders
            each have their own localhost; otherwise, and in notes of earlier versions, None.
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
    name: str | None = None
    host: str | None = attrs.field(
        default=attrs.Factory(lambda self: machine_of(self.url), takes_self=True)
    )

    def is_of(self, url: str) -> bool:
        """Return whether the run was created for a URL, as this machine reaches it."""
        return self.url == url and self.is_of_here

    @property
    def is_of_here(self) -> bool:
        """Whether its URL reaches the same server from this machine."""
        return is_here(self.host)

    @property
    def file_name(self) -> str:
        """The name of its file: `UUID.json` or `NAME@UUID.json`."""
        return f"{self.run}.json" if self.name is None else _named_file(self.name, self.run)

    @property
    def created_s(self) -> float | None:
        """When the run was created, in seconds since 1970; None if `time` is no time."""
        try:
            found = datetime.fromisoformat(self.time)
        except ValueError:
            return None
        return found.timestamp() if found.tzinfo and found.year in _YEARS else None

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
                "host": None,
                **{name: value for name, value in found.items() if name in _KINDS},
            }
            if not all(_fits(value, _KINDS[name]) for name, value in facts.items()):
                return None
            name = facts.get("name")
            facts["name"] = name if name is not None and is_name(name) else None
            words = facts.get("command")
            facts["command"] = None if words is None else tuple(str(word) for word in words)
            return cls(**facts)
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def note_path(run: str, name: str | None = None) -> Path:
    """Return the file for the note of a run with this name, or without one."""
    return notes_folder() / (f"{run}.json" if name is None else _named_file(name, run))


def may_write() -> bool:
    """Return whether notes can be written; creates their folder."""
    folder = notes_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def write(note: RunNote) -> bool:
    """Write a run's note, in one step, and return whether that succeeded.

    The work goes on without a note: an error is logged, once in a process.
    """
    try:
        folder = notes_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _secrets.write(folder / note.file_name, Hidden(note.to_json()))
        _forget_oldest()
    except OSError as error:
        _say_not_noted(str(error.filename or ""), error.strerror or str(error))
        return False
    return True


def unname(notes: Iterable[RunNote]) -> None:
    """Take the names from runs that their servers do not know any more; all else stays noted.

    The work goes on where that fails: an error is logged, once in a process.
    """
    for note in notes:
        if write(attrs.evolve(note, name=None)):
            for path in _files_of(note.run):
                if path.name == note.file_name:
                    with suppress(OSError):
                        path.unlink()


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
    for path in _files_of(run):
        note = _trusted(path)
        if note is not None and note.run == run:
            return note, path
    return None


def named(beginning: str) -> list[RunNote]:
    """Return the notes of the runs whose name begins so, on all servers."""
    return [
        note
        for path in _files()
        if _BEFORE_UUID in path.name
        and path.name.startswith(beginning)
        and (note := _trusted(path)) is not None
    ]


def read(path: Path) -> RunNote | None:
    """Return the note in a file, or None if the file is missing or holds none."""
    try:
        return RunNote.from_json(path.read_bytes())
    except OSError:
        return None


def all_notes() -> Iterator[RunNote]:
    """Yield all notes, in the order of the runs' UUIDs, those of an earlier version last."""
    for path in _files():
        note = _trusted(path)
        if note is not None:
            yield note


def unreadable() -> str | None:
    """Return which folder of notes is there and cannot be read, and why; None if all can."""
    for folder in _folders():
        try:
            with os.scandir(folder):
                pass
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{folder} ({error.strerror or error})"
    return None


def note_finished(run: str) -> None:
    """Note that a run was seen finished with nothing failed, if it has a note."""
    _note(run, finished=True)


def note_unfinished(run: str) -> bool:
    """Note that a run was reset, if it has a note; return whether that succeeded."""
    return _note(run, finished=False)


def forget(run: str) -> str | None:
    """Remove the note of a run, which was deleted, if there is one.

    Returns:
        Which file is still there, and why; None if none is.
    """
    left: str | None = None
    for path in _files_of(run):
        # A file system without write access refuses also to remove what is not there.
        if not os.path.lexists(path):
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            left = f"{path} ({error.strerror or error})"
    return left


def _note(run: str, *, finished: bool) -> bool:
    note = find(run)
    if note is None or note.finished == finished:
        return True
    return write(attrs.evolve(note, finished=finished))


def _named_file(name: str, run: str) -> str:
    return f"{name}{_BEFORE_UUID}{run}.json"


def _trusted(path: Path) -> RunNote | None:
    """Return the note in a file of the folder; None if it is that of another run or name."""
    note = read(path)
    return note if note is not None and note.file_name == path.name else None


def notes_folder() -> Path:
    """Return the folder of the notes, whether it is there or not."""
    import platformdirs

    return Path(platformdirs.user_state_dir("taskfarm", appauthor=False)) / "runs"


def _folders() -> Iterator[Path]:
    yield notes_folder()
    from taskfarm_sdk.logins import login_file

    with suppress(ConfigurationError):
        yield login_file().parent / "runs"


def _files() -> Iterator[Path]:
    for folder in _folders():
        with suppress(OSError):
            yield from sorted(folder.glob("*.json"), key=_uuid_in)


def _uuid_in(path: Path) -> str:
    return path.name.rpartition(_BEFORE_UUID)[2]


def _files_of(run: str) -> Iterator[Path]:
    for folder in _folders():
        yield folder / f"{run}.json"
        # Most runs have no name, and their note is found without listing the folder.
        with suppress(OSError):
            names = [name for name in os.listdir(folder) if name.endswith(_named_file("", run))]  # noqa: PTH208 - a path for each file takes ten times as long
            yield from (folder / name for name in names)


def _forget_oldest() -> None:
    """Where there are too many notes, remove the oldest.

    Those of runs without a name go first, and of these those of finished runs.
    """
    paths = list(notes_folder().glob("*.json"))
    if len(paths) <= MOST_NOTES:
        return
    dated: list[tuple[bool, bool, float, Path]] = []
    for path in paths:
        with suppress(OSError):  # another process may have removed it
            note = read(path)
            is_named = note is not None and note.name is not None
            is_open = note is not None and not note.finished
            dated.append((is_named, is_open, path.stat().st_mtime, path))
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
