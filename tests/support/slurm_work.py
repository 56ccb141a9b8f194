"""workTF on a Slurm cluster of the tests' own: `--slurm` as a process, and what workers left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskfarm_cli.work.slurm.submit import KEEP_EVERY
from taskfarm_sdk import Run
from tests.programs import hasty_keep
from tests.support.processes import NET_S

WORK = (sys.executable, "-m", "taskfarm_cli.work.main")
# The same, but with --keep an array that has lived for a moment has not died at once.
HASTY_KEEP = (sys.executable, hasty_keep.__file__)
OFTEN_S = "0.3"  # how often --keep looks
Submit = Callable[..., "subprocess.CompletedProcess[str]"]
RunOf = Callable[[int], Run]
# A command that goes on until a file `go` is there.
UNTIL_TOLD = ("--shell", "--", "until test -e go; do sleep 0.1; done")


def submit_with(environment: Mapping[str, str], folder: Path) -> Submit:
    """Return a function that runs workTF --slurm to its end."""

    def submit(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*WORK, "--allow-loopback", "--slurm", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=NET_S,
            cwd=folder,
            env={**os.environ, **environment},
        )

    return submit


def read_output(folder: Path) -> str:
    """Return all that the workers wrote."""
    return "\n".join(path.read_text() for path in sorted(folder.glob("taskfarm-*-slurm/*.out")))


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal."""
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


class Kept:
    """A workTF that stays."""

    def __init__(self, process: subprocess.Popen[str], out: Path, err: Path) -> None:
        self.process = process
        self._out = out
        self._err = err

    @property
    def jobs(self) -> list[str]:
        """The ids that it has printed."""
        return self._out.read_text().split()

    @property
    def said(self) -> str:
        """What it has said."""
        return self._err.read_text()

    def end(self) -> int:
        """Wait until it ends; return what with."""
        try:
            return self.process.wait(NET_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end, but said: {self.said}") from None


@contextmanager
def keeping(
    *words: str, environment: Mapping[str, str] | None = None, program: Sequence[str] = WORK
) -> Generator[Kept]:
    """Run workTF --keep in the current folder.

    Args:
        words: its other arguments.
        environment: what is set beside this process's own environment.
        program: what runs, in the place of workTF.
    """
    out, err = Path("out"), Path("err")
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(
            [*program, "--allow-loopback", "--keep", "--slurm", *words],
            stdout=stdout,
            stderr=stderr,
            text=True,
            env={**os.environ, KEEP_EVERY: OFTEN_S, **(environment or {})},
        )
    try:
        yield Kept(process, out, err)
    finally:
        process.kill()
        process.wait()
