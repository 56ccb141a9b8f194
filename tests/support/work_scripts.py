"""Starts `work_script.py`, for tests that end it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from taskfarm_sdk import Run
from tests.programs import work_script
from tests.support.processes import PROC, wait_until

ROOT = Path(__file__).parents[2]
# How Popen tells of a process that Python lets die of KeyboardInterrupt.
ENDED = {"SIGTERM": 143, "SIGUSR1": 138, "SIGINT": -2}


class Script:
    """A script that works on a run."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self._folder = folder

    def has_begun(self, tasks: int) -> list[int]:
        """Wait for so many tasks; return the processes that compute them."""
        wait_until(lambda: len(self._begun()) >= tasks, 40)
        notes = [json.loads(note.read_text()) for note in self._begun()]
        return [pid for note in notes for pid in note]

    def _begun(self) -> list[Path]:
        return list(self._folder.glob("begun-?"))


@contextmanager
def script(
    run: Run,
    token: str,
    folder: Path,
    *,
    by: Sequence[str | Path] = (sys.executable,),
    **more: object,
) -> Iterator[Script]:
    """Start it, by Python or by a command that starts Python; `work_script` says what is more."""
    told = {"url": run._link.session.url, "token": token, "run": run.uuid, "folder": str(folder)}
    with subprocess.Popen(
        [*by, work_script.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({**told, **more}) + "\n")
        process.stdin.flush()
        try:
            yield Script(process, folder)
        finally:
            process.kill()


def alive(pids: list[int]) -> list[int]:
    """Return those of some processes that live."""

    def state(pid: int) -> str:
        try:
            return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return "X"

    return [pid for pid in pids if state(pid) not in "ZX"]
