"""Start the programs of tests/programs, and programs given as code, as users start theirs.

A program is told what it needs in one way: the JSON document in the variable TOLD, which it reads
with `tests.support.told`. One that must be told to go on later reads lines from stdin.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from taskfarm_sdk import Run
from taskfarm_sdk.testing import LocalServer
from tests.support.processes import NET_S
from tests.support.told import VARIABLE

ROOT = Path(__file__).parents[2]
PYTHON: tuple[str | Path, ...] = (sys.executable,)
MPIEXEC = Path(sys.executable).with_name("mpiexec")
MPI_FUTURES: tuple[str | Path, ...] = (sys.executable, "-m", "mpi4py.futures")
# Rank 0 runs the program.
MPI_JOB: tuple[str | Path, ...] = (MPIEXEC, "-n", "3", *MPI_FUTURES)
# How Popen tells of a process that a signal asked to end; of KeyboardInterrupt Python lets it die.
ENDED = {
    "SIGTERM": 143,
    "SIGUSR1": 138,
    "SIGINT": -2,
    "SIGHUP": 129,
    "SIGUSR2": 140,
    "SIGXCPU": 152,
}

Told = Mapping[str, object]


def credentials(server: LocalServer) -> dict[str, object]:
    """Return what a program is told to log in to a server: url, user, password."""
    return {"url": server.url, "user": server.user, "password": server.password}


def access(run: Run, token: str) -> dict[str, object]:
    """Return what a program is told to find a run: url, token, run."""
    return {"url": run._link.session.url, "token": token, "run": run.uuid}


def start(
    *words: str | Path,
    told: Told,
    by: Sequence[str | Path] = PYTHON,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int | IO[str] | None = None,
    new_session: bool = False,
) -> subprocess.Popen[str]:
    """Start a program, with the repository among what it can import.

    Args:
        words: a program's file and its arguments, or `-m` or `-c` and what follows.
        told: what it is told.
        by: the command that starts Python, such as mpiexec with its options and Python.
        env: more variables of its environment.
        cwd: the folder that it begins in.
        stdout: where its output goes; by default to the caller.
        stderr: where its errors go; by default where the tests' own go.
        new_session: have it in a session, and a process group, of its own.
    """
    return subprocess.Popen(
        [*by, *words],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        text=True,
        env={**os.environ, "PYTHONPATH": _path(), VARIABLE: json.dumps(told), **(env or {})},
        start_new_session=new_session,
    )


@contextmanager
def running(
    *words: str | Path,
    told: Told,
    by: Sequence[str | Path] = PYTHON,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stderr: int | IO[str] | None = None,
    new_session: bool = False,
) -> Generator[subprocess.Popen[str]]:
    """Start a program for the time of a block, and kill it if it still runs then; see `start`."""
    with start(
        *words, told=told, by=by, env=env, cwd=cwd, stderr=stderr, new_session=new_session
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(
    *words: str | Path,
    told: Told,
    by: Sequence[str | Path] = PYTHON,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float | None = NET_S,
) -> subprocess.CompletedProcess[str]:
    """Start a program and return how it ended, with what it printed; see `start`."""
    with running(*words, told=told, by=by, env=env, cwd=cwd, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=timeout_s)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_silently(*words: str | Path, told: Told, timeout_s: float | None = NET_S) -> list[str]:
    """Run a program that ends with 0 and says nothing to stderr; return the lines it printed."""
    done = run(*words, told=told, timeout_s=timeout_s)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def read_line(stream: IO[str] | None) -> str:
    """Return the next line that a program prints, or "" once it has ended."""
    assert stream is not None
    return stream.readline().rstrip("\n")


def write_line(process: subprocess.Popen[str], line: str = "") -> None:
    """Tell a program to go on."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _path() -> str:
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
