"""A home folder with notes of runs, files with odd names, and commands that must not run."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfarm_sdk import _run_notes
from taskfarm_sdk._run_notes import RunNote

# Each of these, if a shell expands or runs it, makes a file BAD.
HOSTILE = (
    "$(touch BAD)",
    "`touch BAD`",
    ";touch BAD;",
    "x\ntouch BAD\n",
    "'$(touch BAD)'",
    "a[$(touch BAD)]",
    "-e touch BAD",
    "<(touch BAD)",
    "{x,$(touch BAD)}",
)


class Home:
    """Where a user types.

    Attributes:
        folder: the folder.
        environment: the variables of the shell.
        runs: the UUIDs of the runs with notes, the newest first.
        words: the same, that of a run with a name behind its name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "HOME": str(folder),
            "PWD": str(folder),
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        self.runs: list[str] = []
        self.words: list[str] = []

    def note(self, run: str, name: str | None = None) -> None:
        """Write a run's note, as the SDK does; it is newer than those before."""
        _run_notes.write(
            RunNote(run=run, url="http://farm.invalid/", num_tasks=1, items=1, chunk=1, name=name)
        )
        stamp = 1_000_000_000 + len(self.runs)
        os.utime(_run_notes.note_path(run, name), (stamp, stamp))
        self.runs.insert(0, run)
        self.words[:0] = [run] if name is None else [name, run]

    def was_attacked(self) -> bool:
        """Return whether a name was run, or a command of the SDK."""
        return any(self.folder.rglob("BAD"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """The user's home folder, in which the shell is started; nothing of it was run at the end."""
    folder = tmp_path / "home"
    (folder / "bin").mkdir(parents=True)
    for name in ("manageTF", "workTF", "serveTF", "viewTF"):
        program = folder / "bin" / name
        program.write_text(f"#!/bin/sh\ntouch '{folder}/BAD'\n")
        program.chmod(0o755)
    monkeypatch.chdir(folder)
    found = Home(folder)
    for _ in range(3):
        found.note(uuid.uuid4().hex)
    yield found
    assert not found.was_attacked()
