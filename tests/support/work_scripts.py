"""Starts `work_script.py`, for tests that end it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from taskfarm_sdk import Run
from tests.programs import work_script
from tests.support import programs
from tests.support.processes import NET_S, wait_until


class Script:
    """A script that works on a run."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self._folder = folder

    def wait_until_begun(self, tasks: int) -> list[int]:
        """Return the processes that compute, once so many tasks were begun."""
        wait_until(lambda: len(self._begun()) >= tasks)
        notes = [json.loads(note.read_text()) for note in self._begun()]
        return [pid for note in notes for pid in note]

    def wait_until_asked(self, tasks: int) -> None:
        """Return once so many tasks have seen that they are to stop."""
        wait_until(lambda: len(list(self._folder.glob("asked-?"))) >= tasks)

    def read_lines(self) -> list[str]:
        """Return all that it prints, once it has ended."""
        out, _ = self.process.communicate(timeout=NET_S)
        return out.splitlines()

    def wait(self) -> int:
        """Return what it ended with, once it has."""
        return self.process.wait(NET_S)

    def _begun(self) -> list[Path]:
        return list(self._folder.glob("begun-?"))


@contextmanager
def script(
    run: Run,
    token: str,
    folder: Path,
    *,
    by: Sequence[str | Path] = programs.PYTHON,
    **more: object,
) -> Iterator[Script]:
    """Start it, by Python or by a command that starts Python; `work_script.Told` says what more."""
    told = {**programs.access(run, token), "folder": str(folder), **more}
    with programs.running(work_script.__file__, told=told, by=by, new_session=True) as process:
        yield Script(process, folder)
